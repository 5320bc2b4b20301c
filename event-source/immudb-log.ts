import { setTimeout as delay } from 'node:timers/promises';
import type { LoggedEvent } from '../contracts/events.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Alarms } from './alarms.ts';
import { candidateOf, outcomesOf, planAppend, type Candidate } from './append-plan.ts';
import { boundedMap } from './bounded-map.ts';
import {
  APPEND_EVENTS_MAX, LogUnavailable, positionOf,
  type AppendResult, type EventLog, type Outcome,
} from './event-log.ts';
import { appendRequest } from './immudb-calls.ts';
import { immudbClient, PreconditionFailed, type ImmudbOptions } from './immudb-client.ts';
import { findErased, HOPE, readKnowledge, seemsNew } from './immudb-knowledge.ts';
import { immudbLookups, type Heads } from './immudb-lookups.ts';
import { immudbPages } from './immudb-pages.ts';
import { immudbTail, requireGenesis } from './immudb-tail.ts';

const HEADS_MAX = 100_000;
const ROUNDS_MAX = 6;
const RETRY_MS_MIN = 50;

/**
 * The log in immudb. Opening it writes the genesis marker into an empty database and refuses
 * one that holds something else.
 */
export async function openImmudbLog(options: ImmudbOptions, alarms: Alarms): Promise<EventLog> {
  const client = immudbClient(options);
  const heads: Heads = boundedMap<AccountId, number>(HEADS_MAX);
  const lookups = immudbLookups(client, alarms, heads);
  const tail = immudbTail(client, lookups, alarms, (id) => heads.delete(id));
  try {
    await requireGenesis(client, options.database);
    await tail.findEnd();
  } catch (error) {
    await client.close();
    throw error;
  }

  const write = async (candidates: readonly Candidate[]): Promise<Outcome[]> => {
    let erased = new Set<string>();
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      try {
        let known = HOPE;
        if (round > 0 || !seemsNew(candidates, heads)) {
          if (round > 1) erased = await findErased(candidates, client, lookups, alarms);
          await tail.catchUp();
          known = await readKnowledge(candidates, lookups, alarms, erased);
        }
        const plan = planAppend(candidates, known);
        if (plan.writes.length === 0) return outcomesOf(plan, []);
        const { id } = await client.call('Set', appendRequest(plan.writes));
        const positions = plan.writes.map((_write, index) => positionOf(id, index));
        await tail.advance(id, plan.writes.map((event, index) => ({
          position: positions[index]!,
          json: Buffer.from(event.json),
        })));
        for (const { accountId, version } of plan.writes) heads.set(accountId, version);
        return outcomesOf(plan, positions);
      } catch (error) {
        for (const { accountId } of candidates) heads.delete(accountId);
        if (error instanceof PreconditionFailed) continue;
        // Whether it was written is unknown: the next round reads the keys before it writes.
        if (!(error instanceof LogUnavailable)) throw error;
        await delay(RETRY_MS_MIN * 2 ** round);
      }
    }
    throw new LogUnavailable(`an append of ${candidates.length} events did not succeed`);
  };

  // Appends and looks at foreign writes follow one another: both move the known end of the log.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const next = turn.then(run);
    turn = next.catch(() => {});
    return next;
  };

  const pages = immudbPages(client, alarms);
  return {
    append(events: readonly LoggedEvent[]): Promise<AppendResult> {
      if (events.length > APPEND_EVENTS_MAX) throw new Error(`${events.length} events at once`);
      const candidates = events.map(candidateOf);
      return inTurn(async () => {
        const outcomes = await write(candidates);
        return { outcomes, ...tail.take() };
      });
    },
    head: tail.head,
    readAfter: async (position, limit) => (position >= tail.head() ? [] : pages(position, limit)),
    readStream: lookups.readStream,
    heads: lookups.heads,
    findCommands: lookups.findCommands,
    async check() {
      const { txId } = await client.call('CurrentState', {});
      if (txId > tail.transaction()) await inTurn(tail.catchUp);
    },
    async close() {
      await turn;
      await client.close();
    },
  };
}
