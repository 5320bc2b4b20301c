import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actorHost, actorHostsWanted, ACTOR_HOSTS_MAX, withActorHosts } from './actor-hosts.ts';
import { appPrograms } from './apps.ts';
import { allPorts } from '../supervisor/bank.ts';
import { appEnvironment, readDaprYaml } from './dapr-yaml.ts';
import { BASE_PORTS, INSTANCE_MAX, resolveInstance } from '../instance.ts';
import { prepareMesh } from '../mesh/identities.ts';
import { loadSecrets } from '../secrets.ts';

const ROOT = process.cwd();
const dataDir = mkdtempSync(join(tmpdir(), 'actor-hosts-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

prepareMesh(dataDir);

const APPS = readDaprYaml(ROOT, 0);
const [FIRST] = withActorHosts(APPS, 1);
/** Ports that fetch refuses, as far as a bank could come to them (fetch standard, 2.9). */
const REFUSED_BY_FETCH = [4045, 4190, 5060, 5061, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697];

describe('several actor hosts', () => {
  test('given one, the apps are those of dapr.yaml', () => {
    expect(withActorHosts(APPS, 1)).toEqual(APPS);
  });

  test('given eight in every instance, no port is used twice or refused by fetch', () => {
    const ports: number[] = [];
    for (let number = 0; number <= INSTANCE_MAX; number += 1) {
      if (number === 3) continue;
      const apps = withActorHosts(readDaprYaml(ROOT, number), ACTOR_HOSTS_MAX);
      const instance = resolveInstance({ instance: number });
      const metrics = apps.map((app) => app.metricsPort);
      ports.push(...allPorts(instance, apps).keys(), ...metrics);
    }
    const perInstance = Object.keys(BASE_PORTS).length + 5 * (APPS.length + ACTOR_HOSTS_MAX - 1);
    expect(new Set(ports).size).toBe(INSTANCE_MAX * perInstance);
    expect(ports.filter((port) => REFUSED_BY_FETCH.includes(port))).toEqual([]);
  });

  test('given the second, it has its own names and ports and the same app id', () => {
    const second = actorHost(FIRST!, 2);
    expect(appEnvironment(second)).toMatchObject({
      APP_ID: 'bank-account-actor',
      ACTOR_HOST_NAME: 'host2',
      APP_PORT: '3012',
      DAPR_HTTP_PORT: '3512',
    });
    expect(appEnvironment(FIRST!)).toMatchObject({ ACTOR_HOST_NAME: 'host1' });
    const instance = resolveInstance({ instance: 0, dataDir });
    const secrets = loadSecrets(dataDir);
    const programs = [FIRST!, second].map((app) => appPrograms(instance, secrets, [app], 'daprd'));
    const names = programs.map((pair) => pair.map(({ name }) => name));
    expect(names).toEqual([
      ['bank-account-actor-daprd', 'bank-account-actor'],
      ['bank-account-actor-2-daprd', 'bank-account-actor-2'],
    ]);
    // One app id, so one pair of tokens.
    const tokens = programs.flat().map(({ env }) => env['DAPR_API_TOKEN']);
    expect(new Set(tokens).size).toBe(1);
  });

  test.each([0, 9, 1.5, Number.NaN])('given %s hosts, the limits are named', (hosts) => {
    expect(() => actorHostsWanted(hosts)).toThrow('a whole number from 1 to 8');
  });
});
