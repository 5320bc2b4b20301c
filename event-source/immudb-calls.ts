import type { StreamId } from '../domain/ids.ts';
import type { DualProof } from '../proofs/dual-proof.ts';
import type { EntryInclusion } from '../proofs/entry-proof.ts';
import type { TxHeader } from '../proofs/log-transaction.ts';
import type { Write } from './append-plan.ts';
import { commandKey, eventKey } from './event-log.ts';
import { encodeCommand, encodeEvent } from './immudb-values.ts';

/** Largest page of Scan, TxScan and History; a larger limit is an error, 0 cuts silently. */
export const IMMUDB_PAGE_MAX = 2_500;
/** Nothing but the genesis marker may have been written in or before this transaction. */
export const GENESIS_TX = 1;

export interface KeyMetadata {
  readonly deleted: boolean;
  readonly expiration: { readonly expiresAt: number } | null;
  readonly nonIndexable?: boolean;
}
export interface Entry {
  readonly tx: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly metadata: KeyMetadata | null;
  readonly expired: boolean;
  readonly revision: number;
}
export interface TxEntry {
  /** Raw: a zero byte stands before the key and before the value. */
  readonly key: Buffer;
  readonly value: Buffer;
  /** SHA-256 of the value, as the database claims it. */
  readonly hValue: Buffer;
  readonly metadata: KeyMetadata | null;
}
export interface Tx {
  readonly header: TxHeader;
  readonly entries: readonly TxEntry[];
}
/** A state of the database; the signature is null when the server has no key. */
export interface ImmutableState {
  readonly db: string;
  readonly txId: number;
  readonly txHash: Buffer;
  readonly signature: Signature | null;
}
/** The server names its key as well, which proves nothing: the bank's key is known before. */
export interface Signature {
  readonly signature: Buffer;
}
/** A transaction with the proof that it and an other one belong to one history. */
export interface VerifiableTx {
  readonly tx: Tx;
  readonly dualProof: DualProof;
  /** Of the later one of the two. */
  readonly signature: Signature | null;
}
export interface VerifiableEntry {
  readonly entry: Entry;
  readonly verifiableTx: VerifiableTx;
  readonly inclusionProof: EntryInclusion;
}

export type Precondition =
  | { readonly keyMustExist: { readonly key: Buffer } }
  | { readonly keyNotModifiedAfterTX: { readonly key: Buffer; readonly txID: number } };

export interface SetRequest {
  readonly KVs: readonly { readonly key: Buffer; readonly value: Buffer }[];
  readonly preconditions: readonly Precondition[];
}
interface ScanRequest {
  readonly prefix: Buffer;
  readonly seekKey?: Buffer;
  readonly inclusiveSeek?: boolean;
  readonly desc: boolean;
  readonly limit: number;
}
interface TxScanRequest {
  readonly initialTx: number;
  readonly limit: number;
  readonly desc: boolean;
  readonly entriesSpec: EntriesSpec<'RAW_VALUE' | 'ONLY_DIGEST'>;
}
interface EntriesSpec<Action extends string> {
  readonly kvEntriesSpec: { readonly action: Action };
}
interface VerifiableTxRequest {
  readonly tx: number;
  readonly proveSinceTx: number;
  readonly entriesSpec: EntriesSpec<'EXCLUDE'>;
}
interface VerifiableGetRequest {
  readonly keyRequest: { readonly key: Buffer };
  readonly proveSinceTx: number;
}
interface Session {
  readonly username: Buffer;
  readonly password: Buffer;
  readonly databaseName: string;
}
interface Entries {
  readonly entries: readonly Entry[];
}
type Nothing = Record<string, never>;

/** Request and answer of each call that the log makes. */
export interface ImmudbCalls {
  OpenSession: [Session, { readonly sessionID: string }];
  CloseSession: [Nothing, object];
  KeepAlive: [Nothing, object];
  CurrentState: [Nothing, ImmutableState];
  Set: [SetRequest, TxHeader];
  GetAll: [{ readonly keys: readonly Buffer[] }, Entries];
  Scan: [ScanRequest, Entries];
  TxScan: [TxScanRequest, { readonly txs: readonly Tx[] }];
  VerifiableTxById: [VerifiableTxRequest, VerifiableTx];
  VerifiableGet: [VerifiableGetRequest, VerifiableEntry];
  History: [{ readonly key: Buffer; readonly limit: number }, Entries];
}
export type Call = keyof ImmudbCalls;

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

export const lastOfStream = (id: StreamId): ScanRequest => ({
  prefix: Buffer.from(`${id}/`),
  desc: true,
  limit: 1,
});

export const streamFrom = (id: StreamId, version: number, limit: number): ScanRequest => ({
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
): TxScanRequest => ({
  initialTx,
  limit: Math.min(limit, IMMUDB_PAGE_MAX),
  desc,
  entriesSpec: { kvEntriesSpec: { action: 'RAW_VALUE' } },
});

/** Proves that both transactions belong to one history, which ends with the later one. */
export const proofBetween = (one: number, other: number): VerifiableTxRequest => ({
  tx: other,
  proveSinceTx: one,
  entriesSpec: { kvEntriesSpec: { action: 'EXCLUDE' } },
});

/** The last value of a key, with the proof that it is in the history that `since` belongs to. */
export const provenEntry = (key: string, since: number): VerifiableGetRequest => ({
  keyRequest: { key: Buffer.from(key) },
  proveSinceTx: since,
});
