import { setImmediate as nextRound, setTimeout as delay } from 'node:timers/promises';
import type { StreamId } from '../../domain/ids.ts';
import type { Alarms } from '../alarms.ts';
import {
  entryOfWrite,
  outcomesOf,
  planAppend,
  type AppendPlan,
  type Candidate,
  type Refused,
} from '../log/append-plan.ts';
import { eventKey, LogUnavailable, positionOf, type Outcome } from '../log/event-log.ts';
import { appendRequest } from './wire.ts';
import { PreconditionFailed, type ImmudbClient } from './client.ts';
import { findErased, readKnowledge, type Recent } from './knowledge.ts';
import type { Heads, Lookups } from './reads.ts';
import type { Tail } from './log-end.ts';
import type { ImmudbTrust } from './trust.ts';

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
  heads: Heads,
  recent: Recent,
  alarms: Alarms,
  trust: Pick<ImmudbTrust, 'rootOf' | 'wrote'>,
) {
  const parts = { lookups, heads, recent, alarms };
  const nothing: ReadonlySet<string> = new Set();
  /**
   * Plans on what the log has now. That is read key by key, and a fork is for ever: it is told only
   * when no transaction came meanwhile. A write whose answer was lost may be done just then, and
   * one leg of a transfer would be seen in the log without the other.
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
      // A fork is told only when the log itself was asked. What came early waits: asking about it
      // would make immudb flush its index each time, and two actor hosts overtake each other often.
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
  const write = async ({ writes, steps }: AppendPlan): Promise<Outcome[]> => {
    if (writes.length === 0) return outcomesOf({ writes, steps }, []);
    const request = appendRequest(writes);
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
      heads.set(stream, { version, digest });
      recent.set(eventKey(stream, version), digest);
    }
    return outcomesOf(
      { writes, steps },
      entries.map(({ position }) => position),
    );
  };

  return async (candidates: readonly Candidate[], refused?: Refused): Promise<Outcome[]> => {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      try {
        return await write(await plan(candidates, refused, round));
      } catch (error) {
        for (const { stream } of candidates) heads.delete(stream);
        if (error instanceof PreconditionFailed) continue;
        // Whether it was written is unknown: the next round reads the keys before it writes.
        if (!(error instanceof LogUnavailable)) throw error;
        await delay(RETRY_MS_MIN * 2 ** round);
      }
    }
    throw new LogUnavailable(`an append of ${candidates.length} events did not succeed`);
  };
}
