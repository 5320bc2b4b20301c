import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR_HOST_APP } from './actor-hosts.ts';
import type { DaprApp } from './dapr-yaml.ts';
import { answersOk, LOOPBACK } from './ports.ts';
import { Refusal } from './progress.ts';

const ANSWER_MS_MAX = 2_000;
const READY_POLL_MS = 100;
const LOG_APP = 'event-source';

/** What of its health a person wants to see at a glance, by the name under which it stands. */
const TOLD_OF_LOG = ['quarantined', 'alarms'];
const TOLD_OF_HOST = ['unsettled', 'outbox', 'waiting'];

/** What to tell of a program, by its name; undefined for one that has nothing to tell. */
export const toldOf = (name: string): readonly string[] | undefined => {
  if (name === LOG_APP) return TOLD_OF_LOG;
  const isHost = name.startsWith(ACTOR_HOST_APP) && !name.endsWith('-daprd');
  return isHost ? TOLD_OF_HOST : undefined;
};

/** Numbers in there, with the path to each; a list under a wanted name counts as its length. */
const numbersIn = (value: unknown, path: readonly string[]): [readonly string[], number][] => {
  if (typeof value === 'number') return [[path, value]];
  if (Array.isArray(value)) return [[path, value.length]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, [...path, name]));
};

const words = (path: readonly string[], wanted: readonly string[]): string | undefined => {
  const at = path.findLastIndex((name) => wanted.includes(name));
  if (at < 0) return undefined;
  // The number of alarms is told, not how many of them health shows.
  const rest = path.slice(at).filter((name) => name !== 'count');
  return rest.includes('first') ? undefined : rest.join(' ');
};

/**
 * One sentence of what /health/ready answered. Apps tell more or less of themselves from release
 * to release, so whatever is not there is left out.
 */
export const healthWords = (body: unknown, wanted: readonly string[]): string => {
  const { status, checks } = (body ?? {}) as { status?: unknown; checks?: unknown };
  const told = numbersIn(checks, []).flatMap(([path, number]) => {
    const name = words(path, wanted);
    return name === undefined ? [] : [`${name} ${number}`];
  });
  const reasons = Object.values((checks ?? {}) as Record<string, { reason?: unknown } | null>)
    .map((check) => check?.reason)
    .filter((reason) => typeof reason === 'string');
  return [typeof status === 'string' ? status : 'unknown', ...told, ...reasons].join(', ');
};

/** Asks an app for its health, needs no token; undefined when it does not answer in time. */
export const askHealth = async (port: number): Promise<unknown> => {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(`http://${LOOPBACK}:${port}/health/ready`, { signal });
    return (await response.json()) as unknown;
  } catch {
    return undefined;
  }
};

/** The name of the app, and what it says of itself. */
const whyNotReady = async ({ name, appPort }: DaprApp): Promise<string> => {
  const health = await askHealth(appPort);
  return health === undefined ? name : `${name}: ${healthWords(health, [])}`;
};

/** Resolves when every app answers /health/ready; throws a sentence that names who does not. */
export const waitReady = async (apps: readonly DaprApp[], limitMs: number): Promise<void> => {
  const deadline = Date.now() + limitMs;
  let waiting = [...apps];
  while (waiting.length > 0) {
    const ready = await Promise.all(waiting.map((app) => answersOk(app.appPort, '/health/ready')));
    waiting = waiting.filter((_, index) => !ready[index]);
    if (waiting.length === 0) return;
    if (Date.now() > deadline) {
      const names = (await Promise.all(waiting.map(whyNotReady))).join('; ');
      throw new Refusal(`Not ready within ${limitMs / 1_000} s: ${names} ("npm run logs" tells).`);
    }
    await sleep(READY_POLL_MS);
  }
};
