import type { Alarms } from '../alarms.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { transactionOf } from '../../proofs/log-entry.ts';
import { cutPage, type LogEntry } from '../log/event-log.ts';
import { transactionsFrom, GENESIS_TX, type Tx, eventsOf } from './wire.ts';
import { AnswerTooLarge, type ImmudbClient } from './client.ts';

const READERS_MAX = 8;
const SCAN_TXS_FIRST = 16;
const SCAN_TXS_MAX = 1_000;

interface Ahead {
  /** Entries that were read already. */
  readonly entries: LogEntry[];
  readonly nextTx: number;
}

/**
 * Reads the log in log order. A transaction does not end where a page ends, so what was read
 * beyond a page waits for the reader that comes back for the next one.
 */
export function immudbPages(client: ImmudbClient, alarms: Alarms) {
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
