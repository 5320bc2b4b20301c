import type { StreamId } from '../../domain/ids.ts';
import type { Candidate } from '../log/append-plan.ts';
import { eventKey } from '../log/event-log.ts';
import type * as messages from './wire.ts';
import type { Precondition, SetRequest } from './wire.ts';
import { encodeEvent } from './values.ts';

export type * from './wire.ts';

/** Largest page of Scan, TxScan and History; a larger limit is an error, 0 cuts silently. */
export const IMMUDB_PAGE_MAX = 2_500;
/** Nothing but the genesis marker may have been written in or before this transaction. */
export const GENESIS_TX = 1;

/**
 * The index of an event in the transaction is its place in the batch. No key may ever have been
 * written, not even if it is deleted or expired now; each stream goes on where it ended.
 */
export function appendRequest(writes: readonly Candidate[]): SetRequest {
  const KVs: { key: Buffer; value: Buffer }[] = [];
  const preconditions: Precondition[] = [];
  const inBatch = new Set<string>();
  writes.forEach(({ stream, version, json }, index) => {
    const key = eventKey(stream, version);
    const before = eventKey(stream, version - 1);
    KVs.push({ key: Buffer.from(key), value: encodeEvent(index, json) });
    preconditions.push(neverWritten(key));
    if (version > 1 && !inBatch.has(before)) {
      preconditions.push({ keyMustExist: { key: Buffer.from(before) } });
    }
    inBatch.add(key);
  });
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

/**
 * Any snapshot of the index will do. Without `sinceTx` immudb makes one of the newest state, and
 * writes all of the index that has changed to its disk for it.
 */
const ANY_SNAPSHOT = GENESIS_TX;

/** The last entry of a stream, as of some snapshot. */
export const lastOfStream = (id: StreamId): messages.ScanRequest => ({
  prefix: Buffer.from(`${id}/`),
  desc: true,
  limit: 1,
  sinceTx: ANY_SNAPSHOT,
});

/** Those of the keys that are there, as of some snapshot. */
export const valuesOf = (keys: readonly string[]): messages.GetAllRequest => ({
  keys: keys.map((key) => Buffer.from(key)),
  sinceTx: ANY_SNAPSHOT,
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
  sinceTx: ANY_SNAPSHOT,
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
