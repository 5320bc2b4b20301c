import { ACTOR_HOSTS_MAX, withActorHosts } from '../programs/actor-hosts.ts';
import { allPorts } from './bank.ts';
import { readDaprYaml } from '../programs/dapr-yaml.ts';
import { INSTANCE_MAX, resolveInstance } from '../instance.ts';
import { isFree } from '../ports.ts';
import { Refusal } from '../progress.ts';

const FIRST = 10;
const COUNT = INSTANCE_MAX - FIRST + 1;

/**
 * The number of an instance for tests and measurements whose ports nobody uses now. Where it
 * begins to look depends on the process, so two that start at once rarely meet.
 */
export async function freeInstance(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const number = FIRST + ((process.pid + tries) % COUNT);
    const instance = resolveInstance({ instance: number });
    const apps = withActorHosts(readDaprYaml(instance.root, number), ACTOR_HOSTS_MAX);
    const ports = [...allPorts(instance, apps).keys()];
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return number;
  }
  throw new Refusal(`The ports of all instances from ${FIRST} to ${INSTANCE_MAX} are taken.`);
}
