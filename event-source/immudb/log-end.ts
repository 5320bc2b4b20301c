import { STREAM_KINDS } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Alarms } from '../alarms.ts';
import { ADDED_ENTRIES_MAX, streamOfKey, type LogEntry } from '../log/event-log.ts';
import {
  GENESIS_TX,
  genesisRequest,
  transactionsFrom,
  type Tx,
  eventsOf,
  logKeysOf,
} from './wire.ts';
import { PreconditionFailed, type ImmudbClient } from './client.ts';
import type { Lookups } from './reads.ts';

/** Key of the first entry of a log. */
export const GENESIS_KEY = 'meta/genesis';
const GENESIS_VALUE = '{"format":"core-bank-log/1"}';
const CATCH_UP_TXS = 16;

/**
 * Makes sure that transaction 1 is the genesis marker, because preconditions count from there. It
 * writes the marker into an empty database.
 * @returns rejects when the database begins with something else.
 */
export async function requireGenesis(client: ImmudbClient, database: string): Promise<void> {
  const { txId } = await client.call('CurrentState', {});
  if (txId === 0) {
    await client.call('Set', genesisRequest(GENESIS_KEY, GENESIS_VALUE)).catch((error: unknown) => {
      // Another process that starts at the same time wrote it.
      if (!(error instanceof PreconditionFailed)) throw error;
    });
  }
  const { txs } = await client.call('TxScan', transactionsFrom(GENESIS_TX, 1));
  const entries = txs[0]?.entries ?? [];
  const [key, value] = [entries[0]?.key.toString('utf8', 1), entries[0]?.value.toString('utf8', 1)];
  if (entries.length === 1 && key === GENESIS_KEY && value === GENESIS_VALUE) return;
  throw new Error(
    `The immudb database "${database}" was not begun by this bank: its transaction 1 is not ` +
      `${GENESIS_KEY} = ${GENESIS_VALUE}. Name an empty database in IMMUDB_DATABASE.`,
  );
}

export type Tail = ReturnType<typeof immudbTail>;

/**
 * Knows the end of the log. This process is the only writer, so a transaction that it did not write
 * is checked entry by entry: either it is an append whose answer was lost, or it comes from
 * somewhere else.
 */
export function immudbTail(
  client: ImmudbClient,
  lookups: Lookups,
  alarms: Alarms,
  forgetEnd: (id: StreamId) => void,
) {
  let lastTx = GENESIS_TX;
  let head = 0;
  let after = 0;
  let added: LogEntry[] = [];

  const onForeign = (key: string, what: string): void => alarms.raise('tampered', key, what);
  const moveTo = (tx: number, entries: readonly LogEntry[]): void => {
    lastTx = tx;
    head = entries.at(-1)?.position ?? head;
    added.push(...entries);
    const surplus = added.length - ADDED_ENTRIES_MAX;
    if (surplus > 0) after = added.splice(0, surplus).at(-1)!.position;
  };
  const catchUp = async (): Promise<void> => {
    for (;;) {
      const { txs } = await client.call('TxScan', transactionsFrom(lastTx + 1, CATCH_UP_TXS));
      for (const tx of txs) {
        for (const key of await keysChanged(tx, lookups)) {
          onForeign(key, `was changed in transaction ${tx.header.id}`);
        }
        for (const id of streamsOf(tx)) forgetEnd(id);
        moveTo(tx.header.id, eventsOf(tx, onForeign));
      }
      if (txs.length < CATCH_UP_TXS) return;
    }
  };

  return {
    head: (): number => head,
    transaction: (): number => lastTx,
    catchUp,
    /** Finds the last entry when the log is opened; what is before it is not looked at. */
    async findEnd(): Promise<void> {
      const { txId } = await client.call('CurrentState', {});
      lastTx = txId;
      let tx = txId;
      for (; tx > GENESIS_TX && head === 0; tx -= CATCH_UP_TXS) {
        const { txs } = await client.call('TxScan', transactionsFrom(tx, CATCH_UP_TXS, true));
        head = txs
          .flatMap((read) => eventsOf(read, onForeign))
          .reduce((last, { position }) => Math.max(last, position), 0);
      }
      after = head;
    },
    /** Moves the end after an own write. */
    async advance(tx: number, entries: readonly LogEntry[]): Promise<void> {
      if (tx === lastTx + 1) moveTo(tx, entries);
      else await catchUp();
    },
    /** What the log gained since this was asked last. */
    take(): { after: number; added: LogEntry[] } {
      const taken = { after, added };
      after = head;
      added = [];
      return taken;
    },
  };
}

/** Keys of the log that the transaction did not write for the first time, or not permanently. */
async function keysChanged(tx: Tx, lookups: Lookups): Promise<string[]> {
  const keys = logKeysOf(tx);
  const found = await lookups.getAllNow(keys);
  return keys.filter((key) => {
    const entry = found.get(key);
    return entry?.revision !== 1 || entry.metadata !== null;
  });
}

const streamsOf = (tx: Tx): StreamId[] =>
  logKeysOf(tx)
    .filter((key) => STREAM_KINDS.some((kind) => key.startsWith(`${kind}/`)))
    .map(streamOfKey);
