import type { BankEvent } from '../contracts/bank-events.ts';
import type { StreamId } from '../domain/ids.ts';
import type { Alarms } from './alarms.ts';
import { candidateOf } from './append-plan.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import { APPEND_EVENTS_MAX, type AppendResult, type EventLog } from './event-log.ts';
import { immudbClient, type ImmudbOptions } from './immudb-client.ts';
import { immudbLookups, type Heads } from './immudb-lookups.ts';
import { immudbPages } from './immudb-pages.ts';
import { immudbTail, requireGenesis } from './immudb-tail.ts';
import { immudbWriter } from './immudb-writer.ts';

const HEADS_MAX = 100_000;

/**
 * The log in immudb. Opening it writes the genesis marker into an empty database and refuses
 * one that holds something else.
 */
export async function openImmudbLog(options: ImmudbOptions, alarms: Alarms): Promise<EventLog> {
  const client = immudbClient(options);
  const heads: Heads = boundedMap<StreamId, number>(HEADS_MAX);
  const lookups = immudbLookups(client, alarms, heads);
  const tail = immudbTail(client, lookups, alarms, (id) => heads.delete(id));
  try {
    await requireGenesis(client, options.database);
    await tail.findEnd();
  } catch (error) {
    await client.close();
    throw error;
  }

  const write = immudbWriter(client, lookups, tail, heads, alarms);

  // Appends and looks at foreign writes follow one another: both move the known end of the log.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const next = turn.then(run);
    turn = next.catch(() => {});
    return next;
  };

  const pages = immudbPages(client, alarms);
  return {
    append(events: readonly BankEvent[]): Promise<AppendResult> {
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
    readVersions: lookups.readVersions,
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
