import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { serial } from '../../platform/serial.ts';
import { transactionOf } from '../../proofs/entry-proof.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import type { Alarms } from '../alarms.ts';
import { candidateOf } from '../log/append-plan.ts';
import {
  cutPage,
  type LogEntry,
  JOINT_EVENTS_MAX,
  TamperError,
  type AppendResult,
  type EventLog,
  type Refused,
  type SignatureOf,
} from '../log/event-log.ts';
import {
  AnswerTooLarge,
  type ImmudbClient,
  immudbClient,
  type Ask,
  type ImmudbOptions,
} from './client.ts';
import { immudbTail, requireGenesis } from './log-end.ts';
import { immudbLookups, type StreamEnd, type StreamEnds } from './reads.ts';
import type { TrustStore } from './trust-file.ts';
import { immudbTrust, type ImmudbTrust } from './trust.ts';
import { transactionsFrom, GENESIS_TX, type Tx, eventsOf } from './wire.ts';
import { immudbWriter } from './writer.ts';

const READERS_MAX = 8;
const SCAN_TXS_FIRST = 16;
const SCAN_TXS_MAX = 1_000;

interface Ahead {
  /** Entries that were read already. */
  readonly entries: LogEntry[];
  readonly nextTx: number;
}

/**
 * Reads the log in log order. Transactions do not end where pages end, so what was read beyond a
 * page is kept for the reader that asks for the next one.
 */
function immudbPages(client: ImmudbClient, alarms: Alarms) {
  const readers = boundedMap<number, Ahead>(READERS_MAX);
  // How many events a transaction had lately, to ask for about one page of them.
  let eventsPerTx = 1;
  let scanTxsMax = SCAN_TXS_FIRST;

  const scan = async (from: number, wantedTxs: number): Promise<readonly Tx[]> => {
    const count = Math.max(1, Math.min(scanTxsMax, wantedTxs));
    try {
      const { txs } = await client.call('TxScan', transactionsFrom(from, count));
      scanTxsMax = Math.min(SCAN_TXS_MAX, scanTxsMax * 2);
      return txs;
    } catch (error) {
      if (!(error instanceof AnswerTooLarge) || count === 1) throw error;
      scanTxsMax = Math.ceil(count / 2);
      return scan(from, wantedTxs);
    }
  };
  const onForeign = (key: string, what: string): void => alarms.raise('tampered', key, what);

  const txAfter = (position: number): number => Math.max(GENESIS_TX + 1, transactionOf(position));

  const after = async (position: number, limit: number): Promise<LogEntry[]> => {
    const ahead = readers.get(position);
    const entries = ahead?.entries.slice() ?? [];
    let nextTx = ahead?.nextTx ?? txAfter(position);
    while (entries.length < limit) {
      const txs = await scan(nextTx, Math.ceil((limit - entries.length) / eventsPerTx));
      if (txs.length === 0) break;
      const events = txs.flatMap((tx) => eventsOf(tx, onForeign));
      eventsPerTx = Math.max(1, (eventsPerTx + events.length / txs.length) / 2);
      nextTx = txs.at(-1)!.header.id + 1;
      for (const event of events) if (event.position > position) entries.push(event);
    }
    const page = cutPage(entries, limit);
    const end = page.at(-1)?.position ?? position;
    readers.set(end, { entries: entries.slice(page.length), nextTx });
    return page;
  };
  /** Reads no transaction after that of `until`, and leaves what followers have ahead alone. */
  const between = async (position: number, until: number, limit: number): Promise<LogEntry[]> => {
    const entries: LogEntry[] = [];
    const lastTx = transactionOf(until);
    for (let nextTx = txAfter(position); entries.length < limit && nextTx <= lastTx;) {
      const txs = await scan(nextTx, lastTx - nextTx + 1);
      if (txs.length === 0) break;
      nextTx = txs.at(-1)!.header.id + 1;
      const events = txs.flatMap((tx) => eventsOf(tx, onForeign));
      entries.push(...events.filter((one) => one.position > position && one.position <= until));
    }
    return cutPage(entries, limit);
  };
  return { after, between };
}

/** About 40 MB; a stream that is not among them costs a read of its last event. */
const ENDS_MAX = 200_000;
/** Events written lately that are known by their digest; about 10 MB. */
const RECENT_MAX = 50_000;
/** How often the log's state is proven alongside normal work. */
const PROOF_MS = 1_000;

/** How to reach the log, and what is trusted of it. */
export interface ImmudbLogOptions extends ImmudbOptions {
  /** The bank's public key, PEM. */
  readonly publicKey: string;
  readonly trust: TrustStore;
}

/** The log in immudb, and what is proven of it. */
export interface ImmudbLog extends EventLog {
  readonly trust: ImmudbTrust;
  readonly ask: Ask;
}

/**
 * Opens the log in immudb. It writes the genesis marker into an empty database.
 * @returns rejects when the database has something else, or does not continue what was trusted of
 *   it.
 */
export async function openImmudbLog(options: ImmudbLogOptions, alarms: Alarms): Promise<ImmudbLog> {
  const { database, trust: store } = options;
  const publicKey = readPublicKey(options.publicKey);
  const trust = immudbTrust({ database, publicKey, store }, alarms);
  const client = immudbClient(options, trust.verify);
  const ends: StreamEnds = boundedMap<StreamId, StreamEnd>(ENDS_MAX);
  const recent = boundedMap<string, string>(RECENT_MAX);
  const lookups = immudbLookups(client, alarms, ends, recent);
  const tail = immudbTail(client, lookups, alarms, (id) => ends.delete(id));
  try {
    await requireGenesis(client, database);
    await trust.verify(client.call);
    await tail.findEnd();
  } catch (error) {
    await client.close();
    throw error;
  }

  const write = immudbWriter(client, lookups, tail, ends, recent, alarms, trust);

  // Appends and looks at foreign writes follow one another: both move the known end of the log.
  const inTurn = serial();

  // A fault makes every later call verify the server again, and fail as long as it lasts.
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
    append(
      events: readonly BankEvent[],
      refused?: Refused,
      signatureOf?: SignatureOf,
    ): Promise<AppendResult> {
      if (events.length > JOINT_EVENTS_MAX) throw new Error(`${events.length} events at once`);
      const candidates = events.map(candidateOf);
      return inTurn(async () => {
        const outcomes = await write(candidates, refused, signatureOf);
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
    latestVersions: lookups.latestVersions,
    digests: lookups.digests,
    find: lookups.find,
    async check() {
      const { txId } = await client.call('CurrentState', {});
      if (txId > tail.transaction()) await inTurn(tail.catchUp);
    },
    async close() {
      clearInterval(beat);
      await inTurn(() => Promise.resolve());
      await client.close();
    },
  };
}
