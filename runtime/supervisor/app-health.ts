import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR_HOST_APP } from '../programs/actor-hosts.ts';
import type { DaprApp } from '../programs/dapr-yaml.ts';
import { LOOPBACK } from '../ports.ts';
import { CannotRun } from '../progress.ts';

const ANSWER_MS_MAX = 2_000;
const READY_POLL_MS = 100;
/** A fault that needs a person is believed when it is still there after this. */
const BELIEVED_AFTER_MS = 3_000;
const LOG_APP = 'event-source';

/** What of its health a person wants to see at a glance, by the name under which it stands. */
const SHOWN_OF_LOG = ['quarantined', 'alarms'];
const SHOWN_OF_HOST = ['unsettled', 'outbox', 'waiting'];

/** The members of a program's health to show, by its name; undefined for one without any. */
export const shownHealthOf = (name: string): readonly string[] | undefined => {
  if (name === LOG_APP) return SHOWN_OF_LOG;
  const isHost = name.startsWith(ACTOR_HOST_APP) && !name.endsWith('-daprd');
  return isHost ? SHOWN_OF_HOST : undefined;
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
  // The number of alarms is shown, not how many of them health shows.
  const rest = path.slice(at).filter((name) => name !== 'count');
  return rest.includes('first') ? undefined : rest.join(' ');
};

/**
 * One sentence about the answer of /health/ready. Releases differ in what apps tell, so missing
 * members are left out.
 */
export const healthWords = (body: unknown, wanted: readonly string[]): string => {
  const { status, checks } = (body ?? {}) as { status?: unknown; checks?: unknown };
  const shown = numbersIn(checks, []).flatMap(([path, number]) => {
    const name = words(path, wanted);
    return name === undefined ? [] : [`${name} ${number}`];
  });
  const reasons = Object.values((checks ?? {}) as Record<string, { reason?: unknown } | null>)
    .map((check) => check?.reason)
    .filter((reason) => typeof reason === 'string');
  return [typeof status === 'string' ? status : 'unknown', ...shown, ...reasons].join(', ');
};

type Checks = Readonly<Record<string, { reason?: unknown; needsPerson?: unknown } | null>>;

/** What in that answer does not repair itself; undefined when there is no such thing. */
export const neededPersonFor = (body: unknown): string | undefined => {
  const { checks } = (body ?? {}) as { checks?: Checks };
  const found = Object.values(checks ?? {}).find((check) => check?.needsPerson === true);
  return typeof found?.reason === 'string' ? found.reason : undefined;
};

/** Whether the app says that it is ready. */
export const saysReady = (body: unknown): boolean =>
  (body as { status?: unknown } | undefined)?.status === 'ready';

/**
 * Asks an app for its health; undefined when it does not answer in time. What its checks found it
 * tells only to who shows its token.
 */
export const askHealth = async (port: number, appToken: string): Promise<unknown> => {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const headers = { 'dapr-api-token': appToken };
    const response = await fetch(`http://${LOOPBACK}:${port}/health/ready`, { signal, headers });
    return (await response.json()) as unknown;
  } catch {
    return undefined;
  }
};

/** The name of the app, and what it said of itself. */
const whyNotReady = ({ name }: DaprApp, health: unknown): string =>
  health === undefined ? name : `${name}: ${healthWords(health, [])}`;

/** The warning about a program that a person has to look at. */
export const notToBeTrusted = (name: string, why: string): string =>
  `NOT TO BE TRUSTED: ${name}: ${why} (docs/audit.md: what to do)`;

/** A sentence of an app that has said for a while that it needs a person; else undefined. */
const patience = () => {
  const since = new Map<string, number>();
  return ({ name }: DaprApp, health: unknown): string | undefined => {
    const why = neededPersonFor(health);
    const first = since.get(name) ?? Date.now();
    if (why === undefined) since.delete(name);
    else since.set(name, first);
    const isBelieved = Date.now() - first >= BELIEVED_AFTER_MS;
    return why !== undefined && isBelieved ? notToBeTrusted(name, why) : undefined;
  };
};

/**
 * Resolves when every app is ready or needs a person, with a sentence for each of the latter.
 * @returns rejects with an error that names the others when the limit (milliseconds) is over.
 */
export const waitReady = async (
  apps: readonly DaprApp[],
  limitMs: number,
  tokenOf: (app: DaprApp) => string,
): Promise<string[]> => {
  const deadline = Date.now() + limitMs;
  const needsPerson = patience();
  const sentences: string[] = [];
  let waiting = [...apps];
  while (waiting.length > 0) {
    const asked = await Promise.all(
      waiting.map(async (app) => {
        return { app, health: await askHealth(app.appPort, tokenOf(app)) };
      }),
    );
    const left = asked.filter(({ app, health }) => {
      if (saysReady(health)) return false;
      const sentence = needsPerson(app, health);
      if (sentence !== undefined) sentences.push(sentence);
      return sentence === undefined;
    });
    waiting = left.map(({ app }) => app);
    if (waiting.length === 0) break;
    if (Date.now() > deadline) {
      const names = left.map(({ app, health }) => whyNotReady(app, health)).join('; ');
      throw new CannotRun(
        `Not ready within ${limitMs / 1_000} s: ${names} ("npm run logs" tells).`,
      );
    }
    await sleep(READY_POLL_MS);
  }
  return sentences;
};
