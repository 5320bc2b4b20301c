import type { AuditSource } from './walk.ts';
import type { AuditedTx } from './entries.ts';
import { TamperError } from '../log/event-log.ts';
import { digestsFrom, IMMUDB_PAGE_MAX, transactionsFrom } from '../immudb/wire.ts';
import { AnswerTooLarge, type Ask } from '../immudb/client.ts';

/** A page of about this size keeps memory small and other readers of the log unhurt. */
const PAGE_BYTES = 2 * 1024 * 1024;
const PAGE_TXS_FIRST = 16;
const GROWTH_MAX = 4;

/** Reads the log of immudb transaction by transaction, for the audit. */
export function immudbAuditSource(ask: Ask): AuditSource<AuditedTx> {
  let count = PAGE_TXS_FIRST;

  const digestsOf = async (from: number): Promise<AuditedTx[]> => {
    const { txs } = await ask('TxScan', digestsFrom(from, 1));
    return txs.map((tx) => ({ ...tx, valuesLost: true as const }));
  };
  const read = async (from: number, wanted: number): Promise<readonly AuditedTx[]> => {
    try {
      const { txs } = await ask('TxScan', transactionsFrom(from, wanted));
      return txs;
    } catch (error) {
      const isCorrupt = error instanceof TamperError;
      if (!isCorrupt && !(error instanceof AnswerTooLarge)) throw error;
      if (wanted > 1) return read(from, Math.ceil(wanted / 2));
      if (isCorrupt) return digestsOf(from);
      throw error;
    }
  };
  return {
    async read(from) {
      const txs = await read(from, count);
      const bytes = txs.reduce((sum, { entries }) => sum + bytesOf(entries), 1);
      const fitting = Math.floor((PAGE_BYTES * txs.length) / bytes);
      count = Math.max(1, Math.min(fitting, count * GROWTH_MAX, IMMUDB_PAGE_MAX));
      return txs;
    },
    async state() {
      const { txId, txHash, signature } = await ask('CurrentState', {});
      return { txId, txHash, signature: signature?.signature ?? Buffer.alloc(0) };
    },
  };
}

const ENTRY_BYTES = 100;
const bytesOf = (entries: AuditedTx['entries']): number =>
  entries.reduce((sum, { key, value }) => sum + key.length + value.length + ENTRY_BYTES, 0);
