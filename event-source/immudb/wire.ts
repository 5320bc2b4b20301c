import type { DualProof } from '../../proofs/dual-proof.ts';
import type { EntryInclusion } from '../../proofs/entry-proof.ts';
import type { TxHeader } from '../../proofs/log-transaction.ts';

/** Requests and answers of immudb as the client carries them. */
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
export interface ScanRequest {
  readonly prefix: Buffer;
  readonly desc: boolean;
  readonly limit: number;
  /** How new the snapshot of the index must be; immudb makes one of now when it is missing. */
  readonly sinceTx: number;
}
export interface GetAllRequest {
  readonly keys: readonly Buffer[];
  readonly sinceTx: number;
}
export interface TxScanRequest {
  readonly initialTx: number;
  readonly limit: number;
  readonly desc: boolean;
  readonly entriesSpec: EntriesSpec<'RAW_VALUE' | 'ONLY_DIGEST'>;
  /** How new the snapshot of the index must be that immudb opens beside. */
  readonly sinceTx: number;
}
interface EntriesSpec<Action extends string> {
  readonly kvEntriesSpec: { readonly action: Action };
}
export interface VerifiableTxRequest {
  readonly tx: number;
  readonly proveSinceTx: number;
  readonly entriesSpec: EntriesSpec<'EXCLUDE'>;
  readonly keepReferencesUnresolved: true;
}
export interface VerifiableGetRequest {
  readonly keyRequest: { readonly key: Buffer; readonly sinceTx?: number };
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
  /** Looks at the index as it is now, without a snapshot. */
  Get: [{ readonly key: Buffer }, Entry];
  GetAll: [GetAllRequest, Entries];
  Scan: [ScanRequest, Entries];
  TxScan: [TxScanRequest, { readonly txs: readonly Tx[] }];
  VerifiableTxById: [VerifiableTxRequest, VerifiableTx];
  VerifiableGet: [VerifiableGetRequest, VerifiableEntry];
  History: [{ readonly key: Buffer; readonly limit: number }, Entries];
}
export type Call = keyof ImmudbCalls;
