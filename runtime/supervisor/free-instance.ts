import { ACTOR_HOSTS_MAX, withActorHosts } from '../programs/actor-hosts.ts';
import { allPorts } from './bank.ts';
import { readDaprYaml } from '../programs/dapr-yaml.ts';
import { INSTANCE_MAX, resolveInstance } from '../instance.ts';
import { isFree } from '../ports.ts';
import { CannotRun } from '../progress.ts';

const FIRST = 10;
const COUNT = INSTANCE_MAX - FIRST + 1;
const HALF = COUNT / 2;

/**
 * The number of an instance for tests and measurements whose ports nobody uses now. Where it
 * begins to look depends on the process, so two that start at once rarely meet, least of all two
 * workers of one run of jest.
 */
export async function freeInstance(): Promise<number> {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 0);
  const first = (worker % 2) * HALF + (process.pid % HALF);
  for (let tries = 0; tries < COUNT; tries += 1) {
    const number = FIRST + ((first + tries) % COUNT);
    const instance = resolveInstance({ instance: number });
    const apps = withActorHosts(readDaprYaml(instance.root, number), ACTOR_HOSTS_MAX);
    const ports = [...allPorts(instance, apps).keys()];
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return number;
  }
  throw new CannotRun(`The ports of all instances from ${FIRST} to ${INSTANCE_MAX} are taken.`);
}
