import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDaprYaml } from './programs/dapr-yaml.ts';
import { appEnvironmentWithSecrets, sidecarEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { resolveInstance } from './instance.ts';
import { prepareMesh } from './mesh/identities.ts';
import { loadSecrets } from './secrets.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'environment-'));
const instance = resolveInstance({ instance: 0, dataDir });
const secrets = loadSecrets(dataDir);
prepareMesh(dataDir);
const apps = readDaprYaml(instance.root, 0);
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const SECRETS = [
  'JOURNAL_URL',
  'NATS_URL',
  'BANK_EVENTS_URL',
  'MONGODB_URL',
  'IMMUDB_PASSWORD',
  'AUDIT_SIGNING_KEY',
  'HOST_SIGNING_KEY',
  'LOG_FEED_SIGNING_KEY',
  'COMMAND_KEY',
  'PERSONS_KEY',
];
const secretsIn = (environment: Environment): string[] =>
  SECRETS.filter((name) => environment[name] !== undefined);

describe('secrets', () => {
  test('given a first start, only their owner may read them, and a second start finds them', () => {
    for (const file of ['secrets.json', 'immudb-signing-key.pem']) {
      expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
    }
    expect(loadSecrets(dataDir)).toEqual(secrets);
    expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length);
  });
});

describe('what a program is given', () => {
  test.each([
    ['core-bank-api', ['COMMAND_KEY'], ['NATS_URL']],
    ['queries-bank-api', ['MONGODB_URL', 'PERSONS_KEY'], []],
    [
      'bank-account-actor',
      ['JOURNAL_URL', 'HOST_SIGNING_KEY', 'COMMAND_KEY', 'PERSONS_KEY'],
      ['NATS_URL'],
    ],
    [
      'event-source',
      ['BANK_EVENTS_URL', 'IMMUDB_PASSWORD', 'AUDIT_SIGNING_KEY', 'LOG_FEED_SIGNING_KEY'],
      ['NATS_URL'],
    ],
    ['projection-balances', ['MONGODB_URL'], ['NATS_URL']],
    ['projection-history', ['MONGODB_URL'], ['NATS_URL']],
  ])('%s gets %j and its sidecar %j, and no other password', (id, ofApp, ofSidecar) => {
    const app = apps.find((one) => one.appID === id);
    if (app === undefined) throw new Error(`dapr.yaml has no ${id}`);
    expect(secretsIn(appEnvironmentWithSecrets(instance, secrets, app))).toEqual(ofApp);
    expect(secretsIn(sidecarEnvironment(instance, secrets, app))).toEqual(ofSidecar);
  });

  test('given names for this machine in ALLOWED_HOSTS, both APIs are given them', () => {
    process.env['ALLOWED_HOSTS'] = 'bank.example';
    const told = apps.map((app) => appEnvironmentWithSecrets(instance, secrets, app));
    delete process.env['ALLOWED_HOSTS'];
    expect(told.map((one) => one['ALLOWED_HOSTS'])).toEqual(apps.map(() => 'bank.example'));
  });

  test('given two apps, their tokens differ, and an app shares them with its sidecar only', () => {
    const tokens = apps.map((app) => sidecarEnvironment(instance, secrets, app)['DAPR_API_TOKEN']);
    expect(new Set(tokens).size).toBe(apps.length);
    for (const app of apps) {
      const own = appEnvironmentWithSecrets(instance, secrets, app);
      const sidecar = sidecarEnvironment(instance, secrets, app);
      for (const name of ['DAPR_API_TOKEN', 'APP_API_TOKEN']) {
        expect(own[name]).toBe(sidecar[name]);
      }
    }
  });
});
