import type { StreamId } from '../../domain/ids.ts';
import type { BoundedMap } from '../../platform/bounded-map.ts';
import type { Alarms } from '../alarms.ts';
import type { Candidate, Knowledge } from '../log/append-plan.ts';
import { eventKey, streamOfKey } from '../log/event-log.ts';
import { isKeyMissing, type ImmudbClient } from './client.ts';
import { digestOf, type Heads, type Lookups } from './reads.ts';

export interface KnowledgeParts {
  readonly lookups: Lookups;
  readonly heads: Heads;
  readonly recent: Recent;
  readonly alarms: Alarms;
}

/**
 * Digests of what was written lately, by key. A repetition of it, of which there are many after a
 * pause, costs no question then.
 */
export type Recent = BoundedMap<string, string>;

/**
 * What the log holds around these events. Of streams whose end is known nothing is read; of
 * others the event before each is read, and what follows is hoped to be new, because the
 * preconditions of the write tell. Of streams in doubt the events themselves are read as well.
 */
export async function readKnowledge(
  candidates: readonly Candidate[],
  inDoubt: (stream: StreamId) => boolean,
  erased: ReadonlySet<string>,
  { lookups, heads, recent, alarms }: KnowledgeParts,
): Promise<Knowledge> {
  const inBatch = new Set(candidates.map(({ stream, version }) => eventKey(stream, version)));
  const doubted = new Set(candidates.map(({ stream }) => stream).filter(inDoubt));
  const wanted = new Set<string>();
  for (const { stream, version } of candidates) {
    const head = doubted.has(stream) ? undefined : heads.get(stream);
    const isOld = head !== undefined && version < head.version;
    const key = eventKey(stream, version);
    if (doubted.has(stream) || (isOld && recent.get(key) === undefined)) wanted.add(key);
    const before = eventKey(stream, version - 1);
    const isRead = doubted.has(stream) || (head === undefined && !inBatch.has(before));
    if (version > 1 && isRead) wanted.add(before);
  }
  // A snapshot may be older than what somebody did to the log; doubt asks for what is there now.
  const isDoubted = (key: string): boolean => doubted.has(streamOfKey(key));
  const [sure, unsure] = [
    await lookups.getAll([...wanted].filter((key) => !isDoubted(key))),
    await lookups.getAllNow([...wanted].filter(isDoubted)),
  ];
  const found = new Map([...sure, ...unsure]);
  const ends = [...doubted];
  const versions = await lookups.heads(ends);
  const told = new Map(ends.map((stream, index) => [stream, versions[index]!]));
  return {
    digest(stream, version) {
      const key = eventKey(stream, version);
      const entry = found.get(key);
      if (entry !== undefined) return digestOf(entry, alarms);
      // Nothing can be written over what was erased, nor is it there any more.
      if (erased.has(key)) return 'erased';
      if (doubted.has(stream)) return undefined;
      const head = heads.get(stream);
      return head?.version === version ? head.digest : recent.get(key);
    },
    head: (stream) => told.get(stream) ?? heads.get(stream)?.version ?? 0,
  };
}

/** The keys among these that were deleted or have expired: somebody erased them. */
export async function findErased(
  candidates: readonly Candidate[],
  client: Pick<ImmudbClient, 'call'>,
  lookups: Pick<Lookups, 'getAllNow'>,
  alarms: Alarms,
): Promise<Set<string>> {
  const keys = new Set(
    candidates.flatMap(({ stream, version }) => [
      eventKey(stream, version),
      ...(version > 1 ? [eventKey(stream, version - 1)] : []),
    ]),
  );
  const found = await lookups.getAllNow([...keys]);
  const erased = new Set<string>();
  for (const key of [...keys].filter((wanted) => !found.has(wanted))) {
    if (!(await wasEverWritten(client, key))) continue;
    // A write that came through since it was looked up, for example one whose answer was lost.
    if ((await lookups.getAllNow([key])).has(key)) continue;
    erased.add(key);
    alarms.raise('tampered', key, 'was written once and is gone');
  }
  return erased;
}

/** Whether the key was ever written, even if it was deleted or has expired. */
export async function wasEverWritten(
  client: Pick<ImmudbClient, 'call'>,
  key: string,
): Promise<boolean> {
  try {
    const { entries } = await client.call('History', { key: Buffer.from(key), limit: 1 });
    return entries.length > 0;
  } catch (error) {
    if (isKeyMissing(error)) return false;
    throw error;
  }
}
