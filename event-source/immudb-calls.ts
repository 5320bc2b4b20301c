import type { StreamId } from '../domain/ids.ts';
import type { Write } from './append-plan.ts';
import { commandKey, eventKey } from './event-log.ts';
import type * as messages from './immudb-messages.ts';
import type { Precondition, SetRequest } from './immudb-messages.ts';
import { encodeCommand, encodeEvent } from './immudb-values.ts';

export type * from './immudb-messages.ts';

/** Largest page of Scan, TxScan and History; a larger limit is an error, 0 cuts silently. */
export const IMMUDB_PAGE_MAX = 2_500;
/** Nothing but the genesis marker may have been written in or before this transaction. */
export const GENESIS_TX = 1;

/**
 * Events first, so that their index in the transaction is their place in the batch, then the
 * keys of the commands that begin here. No key may ever have been written, not even if it is
 * deleted or expired now; each stream goes on where it ended.
 */
export function appendRequest(writes: readonly Write[]): SetRequest {
  const KVs: { key: Buffer; value: Buffer }[] = [];
  const preconditions: Precondition[] = [];
  const inBatch = new Set<string>();
  const add = (key: string, value: Buffer): void => {
    KVs.push({ key: Buffer.from(key), value });
    preconditions.push(neverWritten(key));
  };
  writes.forEach(({ stream, version, json }, index) => {
    const key = eventKey(stream, version);
    const before = eventKey(stream, version - 1);
    add(key, encodeEvent(index, json));
    if (version > 1 && !inBatch.has(before)) {
      preconditions.push({ keyMustExist: { key: Buffer.from(before) } });
    }
    inBatch.add(key);
  });
  for (const { stream, commandId, settles, version, opensCommand } of writes) {
    if (opensCommand) add(commandKey(stream, commandId), encodeCommand(version));
    if (settles !== undefined) add(commandKey(stream, settles), encodeCommand(version));
  }
  return { KVs, preconditions };
}

// KeyMustNotExist would be satisfied by a deleted or expired key; this one is not, and it
// refuses a live key as well.
const neverWritten = (key: string): Precondition => ({
  keyNotModifiedAfterTX: { key: Buffer.from(key), txID: GENESIS_TX },
});

export const genesisRequest = (key: string, value: string): SetRequest => ({
  KVs: [{ key: Buffer.from(key), value: Buffer.from(value) }],
  preconditions: [neverWritten(key)],
});

export const lastOfStream = (id: StreamId): messages.ScanRequest => ({
  prefix: Buffer.from(`${id}/`),
  desc: true,
  limit: 1,
});

export const streamFrom = (id: StreamId, version: number, limit: number): messages.ScanRequest => ({
  prefix: Buffer.from(`${id}/`),
  seekKey: Buffer.from(eventKey(id, version)),
  inclusiveSeek: true,
  desc: false,
  limit: Math.min(limit, IMMUDB_PAGE_MAX),
});

export const transactionsFrom = (
  initialTx: number,
  limit: number,
  desc = false,
): messages.TxScanRequest => ({
  initialTx,
  limit: Math.min(limit, IMMUDB_PAGE_MAX),
  desc,
  entriesSpec: { kvEntriesSpec: { action: 'RAW_VALUE' } },
  sinceTx: GENESIS_TX,
});

/** The same without values, for the hashes. */
export const digestsFrom = (initialTx: number, limit: number): messages.TxScanRequest => ({
  ...transactionsFrom(initialTx, limit),
  entriesSpec: { kvEntriesSpec: { action: 'ONLY_DIGEST' } },
});

/** Proves that both transactions belong to one history, which ends with the later one. */
export const proofBetween = (one: number, other: number): messages.VerifiableTxRequest => ({
  tx: other,
  proveSinceTx: one,
  entriesSpec: { kvEntriesSpec: { action: 'EXCLUDE' } },
  keepReferencesUnresolved: true,
});

/**
 * The last value of a key, with the proof that it is in the history that `since` belongs to. The
 * key is looked up in the index as it is when it has reached `indexedTo`, or else the newest write.
 */
export const provenEntry = (
  key: string,
  since: number,
  indexedTo?: number,
): messages.VerifiableGetRequest => ({
  keyRequest: { key: Buffer.from(key), ...(indexedTo === undefined ? {} : { sinceTx: indexedTo }) },
  proveSinceTx: since,
});
