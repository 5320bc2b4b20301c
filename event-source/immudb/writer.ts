import type { StreamId } from '../../domain/ids.ts';
import type { BoundedMap } from '../../platform/bounded-map.ts';
import type { Alarms } from '../alarms.ts';
import {
  type Candidate,
  type Knowledge,
  entryOfWrite,
  outcomesOf,
  planAppend,
  type AppendPlan,
} from '../log/append-plan.ts';
import { eventKey, positionOf } from '../../proofs/entry-proof.ts';
import {
  streamOfKey,
  LogUnavailable,
  type Outcome,
  type Refused,
  type SignatureOf,
} from '../log/event-log.ts';
import { isKeyMissing, type ImmudbClient, PreconditionFailed } from './client.ts';
import type { Tail } from './log-end.ts';
import { digestOf, type StreamEnds, type Lookups } from './reads.ts';
import type { ImmudbTrust } from './trust.ts';
import { appendRequest } from './wire.ts';
import { setImmediate as nextRound, setTimeout as delay } from 'node:timers/promises';

interface KnowledgeParts {
  readonly lookups: Lookups;
  readonly ends: StreamEnds;
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
 * others the event before each is read, and what the last snapshot does not have is hoped to be
 * new, because the preconditions of the write tell; what it has is looked at, for it may have been
 * erased since. Of streams in doubt the events themselves are read as well.
 */
async function readKnowledge(
  candidates: readonly Candidate[],
  inDoubt: (stream: StreamId) => boolean,
  erased: ReadonlySet<string>,
  { lookups, ends, recent, alarms }: KnowledgeParts,
): Promise<Knowledge> {
  const inBatch = new Set(candidates.map(({ stream, version }) => eventKey(stream, version)));
  const doubted = new Set(candidates.map(({ stream }) => stream).filter(inDoubt));
  const wanted = new Set<string>();
  const hoped = new Set<string>();
  for (const { stream, version } of candidates) {
    const end = doubted.has(stream) ? undefined : ends.get(stream);
    const isOld = end !== undefined && version < end.version;
    const key = eventKey(stream, version);
    if (doubted.has(stream) || (isOld && recent.get(key) === undefined)) wanted.add(key);
    else if (end === undefined) hoped.add(key);
    const before = eventKey(stream, version - 1);
    const isRead = doubted.has(stream) || (end === undefined && !inBatch.has(before));
    if (version > 1 && isRead) wanted.add(before);
  }
  // A snapshot may be older than what somebody did to the log; doubt asks for what is there now.
  const isDoubted = (key: string): boolean => doubted.has(streamOfKey(key));
  const sure = await lookups.getAll(
    [...wanted].filter((key) => !isDoubted(key)),
    hoped,
  );
  const unsure = [...wanted].filter(isDoubted);
  const there = [...hoped].filter((key) => sure.has(key));
  const now = await lookups.getAllNow([...unsure, ...there]);
  for (const key of there) if (!now.has(key)) sure.delete(key);
  const found = new Map([...sure, ...now]);
  const doubtedStreams = [...doubted];
  const versions = await lookups.latestVersions(doubtedStreams);
  const latest = new Map(doubtedStreams.map((stream, index) => [stream, versions[index]!]));
  return {
    digest(stream, version) {
      const key = eventKey(stream, version);
      const entry = found.get(key);
      if (entry !== undefined) return digestOf(entry, alarms);
      // Nothing can be written over what was erased, nor is it there any more.
      if (erased.has(key)) return 'erased';
      if (doubted.has(stream)) return undefined;
      const end = ends.get(stream);
      return end?.version === version ? end.digest : recent.get(key);
    },
    latestVersion: (stream) => latest.get(stream) ?? ends.get(stream)?.version ?? 0,
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

const ROUNDS_MAX = 6;
const RETRY_MS_MIN = 50;

/**
 * Writes a batch in one transaction. The first round hopes that all of it is new; when the
 * database says no, or its answer is lost, the next one reads what is there and plans again.
 */
export function immudbWriter(
  client: ImmudbClient,
  lookups: Lookups,
  tail: Tail,
  ends: StreamEnds,
  recent: Recent,
  alarms: Alarms,
  trust: Pick<ImmudbTrust, 'rootOf' | 'wrote'>,
) {
  const parts = { lookups, ends, recent, alarms };
  const nothing: ReadonlySet<string> = new Set();
  /**
   * Plans on what the log has now. That is read key by key, and a fork is permanent: it is reported
   * only when no transaction came meanwhile. A write whose answer was lost may be done just then,
   * and one leg of a transfer would be seen in the log without the other.
   */
  const planNow = async (
    candidates: readonly Candidate[],
    refused: Refused | undefined,
    inDoubt: (stream: StreamId) => boolean,
    erased: ReadonlySet<string>,
  ): Promise<AppendPlan> => {
    await tail.catchUp();
    const before = tail.transaction();
    const known = await readKnowledge(candidates, inDoubt, erased, parts);
    const planned = planAppend(candidates, known, refused);
    if (planned.steps.every(({ outcome }) => outcome !== 'fork')) return planned;
    await tail.catchUp();
    if (tail.transaction() === before) return planned;
    throw new PreconditionFailed('the log moved on while it was read');
  };
  const plan = async (
    candidates: readonly Candidate[],
    refused: Refused | undefined,
    round: number,
  ): Promise<AppendPlan> => {
    if (round === 0) {
      const hope = await readKnowledge(candidates, () => false, nothing, parts);
      const hoped = planAppend(candidates, hope, refused);
      // A fork is reported only when the log itself was asked. What came early waits: asking about
      // it would make immudb flush its index each time, and two actor hosts overtake each other
      // often.
      const doubted = new Set(
        candidates
          .filter((_, index) => hoped.steps[index]!.outcome === 'fork')
          .map(({ stream }) => stream),
      );
      return doubted.size === 0
        ? hoped
        : planNow(candidates, refused, (id) => doubted.has(id), nothing);
    }
    // A write that is refused although the keys are absent meets what was erased.
    const erased = round > 1 ? await findErased(candidates, client, lookups, alarms) : nothing;
    return planNow(candidates, refused, () => true, erased);
  };
  const write = async (
    { writes, steps }: AppendPlan,
    signatureOf: SignatureOf | undefined,
  ): Promise<Outcome[]> => {
    if (writes.length === 0) return outcomesOf({ writes, steps }, []);
    const request = appendRequest(writes, signatureOf);
    const written = client.call('Set', request);
    // Hashed while the database writes, not before the request has left and not after the answer.
    const [header, root] = await Promise.all([
      written,
      nextRound().then(() => trust.rootOf(request)),
    ]);
    trust.wrote(header, request, root);
    const { id } = header;
    const entries = writes.map((one, index) => entryOfWrite(one, positionOf(id, index)));
    await tail.advance(id, entries);
    for (const { stream, version, digest } of writes) {
      ends.set(stream, { version, digest });
      recent.set(eventKey(stream, version), digest);
    }
    return outcomesOf(
      { writes, steps },
      entries.map(({ position }) => position),
    );
  };

  return async (
    candidates: readonly Candidate[],
    refused?: Refused,
    signatureOf?: SignatureOf,
  ): Promise<Outcome[]> => {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      try {
        return await write(await plan(candidates, refused, round), signatureOf);
      } catch (error) {
        for (const { stream } of candidates) ends.delete(stream);
        if (error instanceof PreconditionFailed) continue;
        // Whether it was written is unknown: the next round reads the keys before it writes.
        if (!(error instanceof LogUnavailable)) throw error;
        await delay(RETRY_MS_MIN * 2 ** round);
      }
    }
    throw new LogUnavailable(`an append of ${candidates.length} events did not succeed`);
  };
}
