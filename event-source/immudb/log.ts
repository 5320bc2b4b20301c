import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Alarms } from '../alarms.ts';
import { candidateOf, type Refused } from '../log/append-plan.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import {
  JOINT_EVENTS_MAX,
  TamperError,
  type AppendResult,
  type EventLog,
} from '../log/event-log.ts';
import { immudbClient, type Ask, type ImmudbOptions } from './client.ts';
import { immudbLookups, type Head, type Heads } from './reads.ts';
import { immudbPages } from './pages.ts';
import { immudbTail, requireGenesis } from './log-end.ts';
import { immudbTrust, type ImmudbTrust } from './trust.ts';
import { immudbWriter } from './writer.ts';
import type { TrustStore } from './trust-file.ts';

/** About 40 MB; a stream that is not among them costs a read of its last event. */
const HEADS_MAX = 200_000;
/** Events written lately that are known by their digest; about 10 MB. */
const RECENT_MAX = 50_000;
/** How often the log's state is proven beside normal work. */
const PROOF_MS = 1_000;

export interface ImmudbLogOptions extends ImmudbOptions {
  /** The bank's key, PEM. */
  readonly publicKey: string;
  readonly trust: TrustStore;
}

/** The log, and what of it is proven. */
export interface ImmudbLog extends EventLog {
  readonly trust: ImmudbTrust;
  readonly ask: Ask;
}

/**
 * The log in immudb. Opening it writes the genesis marker into an empty database and refuses
 * one that holds something else, or that does not continue what was trusted of it.
 */
export async function openImmudbLog(options: ImmudbLogOptions, alarms: Alarms): Promise<ImmudbLog> {
  const { database, trust: store } = options;
  const publicKey = readPublicKey(options.publicKey);
  const trust = immudbTrust({ database, publicKey, store }, alarms);
  const client = immudbClient(options, trust.verify);
  const heads: Heads = boundedMap<StreamId, Head>(HEADS_MAX);
  const recent = boundedMap<string, string>(RECENT_MAX);
  const lookups = immudbLookups(client, alarms, heads, recent);
  const tail = immudbTail(client, lookups, alarms, (id) => heads.delete(id));
  try {
    await requireGenesis(client, database);
    await trust.verify(client.call);
    await tail.findEnd();
  } catch (error) {
    await client.close();
    throw error;
  }

  const write = immudbWriter(client, lookups, tail, heads, recent, alarms, trust);

  // Appends and looks at foreign writes follow one another: both move the known end of the log.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const next = turn.then(run);
    turn = next.catch(() => {});
    return next;
  };

  // A fault makes every later call look at the server anew, and be refused as long as it lasts.
  const prove = (): Promise<void> =>
    trust.verify(client.call).catch((error: unknown) => {
      if (error instanceof TamperError) client.leave();
    });
  const beat = setInterval(() => void prove(), PROOF_MS);
  beat.unref();

  const pages = immudbPages(client, alarms);
  return {
    trust,
    ask: client.call,
    append(events: readonly BankEvent[], refused?: Refused): Promise<AppendResult> {
      if (events.length > JOINT_EVENTS_MAX) throw new Error(`${events.length} events at once`);
      const candidates = events.map(candidateOf);
      return inTurn(async () => {
        const outcomes = await write(candidates, refused);
        return { outcomes, ...tail.take() };
      });
    },
    head: tail.head,
    async readAfter(position, limit, until) {
      if (position >= tail.head()) return [];
      return until === undefined
        ? pages.after(position, limit)
        : pages.between(position, until, limit);
    },
    readStream: lookups.readStream,
    readVersions: lookups.readVersions,
    heads: lookups.heads,
    digests: lookups.digests,
    find: lookups.find,
    async check() {
      const { txId } = await client.call('CurrentState', {});
      if (txId > tail.transaction()) await inTurn(tail.catchUp);
    },
    async close() {
      clearInterval(beat);
      await turn;
      await client.close();
    },
  };
}
