import { STREAM_KINDS } from '../../contracts/log/bank-events.ts';
import { encodeSignatures, SIGNATURES_KEY } from '../../contracts/log/event-signatures.ts';
import type { DualProof } from '../../proofs/dual-proof.ts';
import type { TxHeader } from '../../proofs/log-transaction.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Candidate } from '../log/append-plan.ts';
import {
  encodeEvent,
  eventKey,
  positionOf,
  type EntryInclusion,
} from '../../proofs/entry-proof.ts';
import { TamperError, type LogEntry, type SignatureOf } from '../log/event-log.ts';

/** What immudb keeps of a key that was deleted, expires, or is in no index. */
export interface KeyMetadata {
  readonly deleted: boolean;
  readonly expiration: { readonly expiresAt: number } | null;
  readonly nonIndexable?: boolean;
}
/** An entry as immudb reads it by its key. */
export interface Entry {
  readonly tx: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly metadata: KeyMetadata | null;
  readonly expired: boolean;
  readonly revision: number;
}
/** An entry as its transaction has it. */
export interface TxEntry {
  /** Raw: a zero byte stands before the key and before the value. */
  readonly key: Buffer;
  readonly value: Buffer;
  /** SHA-256 of the value, as the database claims it. */
  readonly hValue: Buffer;
  readonly metadata: KeyMetadata | null;
}
/** A transaction with its entries. */
export interface Tx {
  readonly header: TxHeader;
  readonly entries: readonly TxEntry[];
}
/** A state of the database; the signature is null when the server has no key. */
interface ImmutableState {
  readonly db: string;
  readonly txId: number;
  readonly txHash: Buffer;
  readonly signature: Signature | null;
}
/** The server sends its key too, which proves nothing: the bank's key is known beforehand. */
interface Signature {
  readonly signature: Buffer;
}
/** A transaction with the proof that it and another one belong to one history. */
interface VerifiableTx {
  readonly tx: Tx;
  readonly dualProof: DualProof;
  /** Of the later one of the two. */
  readonly signature: Signature | null;
}
/** An entry with the proof that its transaction has it. */
export interface VerifiableEntry {
  readonly entry: Entry;
  readonly verifiableTx: VerifiableTx;
  readonly inclusionProof: EntryInclusion;
}

export type Precondition =
  | { readonly keyMustExist: { readonly key: Buffer } }
  | { readonly keyNotModifiedAfterTX: { readonly key: Buffer; readonly txID: number } };

/** Writes entries in one transaction, if the preconditions are met. */
export interface SetRequest {
  readonly KVs: readonly WrittenEntry[];
  readonly preconditions: readonly Precondition[];
}
interface WrittenEntry {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Of what is in no index, so that it is only ever read with its transaction. */
  readonly metadata?: { readonly nonIndexable: true };
}
/** Reads keys with a prefix, in the order of the keys. */
export interface ScanRequest {
  readonly prefix: Buffer;
  readonly desc: boolean;
  readonly limit: number;
  /** How new the snapshot of the index must be; immudb makes one of now when it is missing. */
  readonly sinceTx: number;
}
/** Reads the values of keys. */
export interface GetAllRequest {
  readonly keys: readonly Buffer[];
  readonly sinceTx: number;
}
/** Reads transactions in log order. */
export interface TxScanRequest {
  readonly initialTx: number;
  readonly limit: number;
  readonly desc: boolean;
  readonly entriesSpec: EntriesSpec<'RAW_VALUE' | 'ONLY_DIGEST'>;
  /** How new the snapshot of the index must be that immudb opens for the read. */
  readonly sinceTx: number;
}
interface EntriesSpec<Action extends string> {
  readonly kvEntriesSpec: { readonly action: Action };
}
/** Reads a transaction with a proof. */
export interface VerifiableTxRequest {
  readonly tx: number;
  readonly proveSinceTx: number;
  readonly entriesSpec: EntriesSpec<'EXCLUDE'>;
  readonly keepReferencesUnresolved: true;
}
/** Reads an entry with a proof. */
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

/** Largest page of Scan, TxScan and History; a larger limit is an error, 0 cuts silently. */
export const IMMUDB_PAGE_MAX = 2_500;
/** Nothing but the genesis marker may have been written in or before this transaction. */
export const GENESIS_TX = 1;

/**
 * The index of an event in the transaction is its place in the batch. No key may ever have been
 * written, not even if it is deleted or expired now; each stream goes on where it ended. The last
 * entry says who signed the events, if anybody did.
 */
export function appendRequest(
  writes: readonly Candidate[],
  signatureOf: SignatureOf = () => undefined,
): SetRequest {
  const KVs: WrittenEntry[] = [];
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
  const signatures = new Set(writes.flatMap(({ event }) => signatureOf(event) ?? []));
  if (signatures.size > 0) {
    const digests = writes.map(({ digest }) => digest);
    const value = Buffer.from(encodeSignatures([...signatures], digests));
    KVs.push({ key: Buffer.from(SIGNATURES_KEY), value, metadata: { nonIndexable: true } });
  }
  return { KVs, preconditions };
}

// KeyMustNotExist would be satisfied by a deleted or expired key; this one is not, and it
// refuses a live key as well.
const neverWritten = (key: string): Precondition => ({
  keyNotModifiedAfterTX: { key: Buffer.from(key), txID: GENESIS_TX },
});

/** Writes the first entry of an empty database. */
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
export const lastOfStream = (id: StreamId): ScanRequest => ({
  prefix: Buffer.from(`${id}/`),
  desc: true,
  limit: 1,
  sinceTx: ANY_SNAPSHOT,
});

/** Those of the keys that are there, as of some snapshot. */
export const valuesOf = (keys: readonly string[]): GetAllRequest => ({
  keys: keys.map((key) => Buffer.from(key)),
  sinceTx: ANY_SNAPSHOT,
});

/** Reads transactions from one on. */
export const transactionsFrom = (
  initialTx: number,
  limit: number,
  desc = false,
): TxScanRequest => ({
  initialTx,
  limit: Math.min(limit, IMMUDB_PAGE_MAX),
  desc,
  entriesSpec: { kvEntriesSpec: { action: 'RAW_VALUE' } },
  sinceTx: ANY_SNAPSHOT,
});

/** The same without values, for the hashes. */
export const digestsFrom = (initialTx: number, limit: number): TxScanRequest => ({
  ...transactionsFrom(initialTx, limit),
  entriesSpec: { kvEntriesSpec: { action: 'ONLY_DIGEST' } },
});

/** Proves that both transactions belong to one history, which ends with the later one. */
export const proofBetween = (one: number, other: number): VerifiableTxRequest => ({
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
): VerifiableGetRequest => ({
  keyRequest: { key: Buffer.from(key), ...(indexedTo === undefined ? {} : { sinceTx: indexedTo }) },
  proveSinceTx: since,
});

const EVENT_OPEN = '{"index":';
const EVENT_BODY = ',"event":';
const INDEX_DIGITS_MAX = 5;

interface DecodedEvent {
  readonly index: number;
  readonly json: Buffer;
}

/** Cuts the event out of the stored bytes without parsing it; undefined when it is not one. */
export function decodeEvent(value: Buffer): DecodedEvent | undefined {
  const start = EVENT_OPEN.length;
  const opening = value.toString('latin1', 0, start + INDEX_DIGITS_MAX + EVENT_BODY.length);
  const body = opening.indexOf(EVENT_BODY, start);
  const digits = opening.slice(start, body);
  if (!opening.startsWith(EVENT_OPEN) || body === -1 || !/^[0-9]{1,5}$/.test(digits))
    return undefined;
  const json = value.subarray(body + EVENT_BODY.length, -1);
  // Braces around the event, and one more that closes what stands around it.
  if (value.at(-1) !== 0x7d || json.at(-1) !== 0x7d || json[0] !== 0x7b) return undefined;
  return { index: Number(digits), json };
}

/** An entry of the log that was read by its key. It throws when it is not as it was written. */
export function entryOf(entry: Entry): LogEntry {
  requireIntact(entry);
  const decoded = decodeEvent(entry.value);
  if (decoded === undefined) throw new TamperError(entry.key.toString(), 'is not an event');
  return { position: positionOf(entry.tx, decoded.index), json: decoded.json };
}

function requireIntact(entry: Entry): void {
  const key = entry.key.toString();
  if (entry.revision !== 1) throw new TamperError(key, `has revision ${entry.revision}`);
  if (entry.expired || entry.metadata !== null) throw new TamperError(key, 'has metadata');
}

const rawKey = (entry: TxEntry): string => entry.key.toString('latin1', 1);

const LOG_KEYS = [...STREAM_KINDS, 'meta'];

/** The keys of a transaction that belong to the log: events and the genesis marker. */
export const logKeysOf = (tx: Tx): string[] =>
  tx.entries.map(rawKey).filter((key) => LOG_KEYS.some((kind) => key.startsWith(`${kind}/`)));

/** How names of streams begin, behind the zero byte: tells their keys from others. */
const EVENT_LETTERS = new Set<number | undefined>(STREAM_KINDS.map((kind) => kind.charCodeAt(0)));

/** Pages carry events as they are, so one that is no JSON would spoil its page for all readers. */
function isJson(text: Buffer): boolean {
  try {
    JSON.parse(text.toString());
    return true;
  } catch {
    return false;
  }
}

/**
 * The events of a transaction in log order. What stands under an event's key but is not what an
 * append writes is no entry of the log: it is reported and left out.
 */
export function eventsOf(tx: Tx, onForeign: (key: string, what: string) => void): LogEntry[] {
  const events: LogEntry[] = [];
  tx.entries.forEach((entry, index) => {
    if (!EVENT_LETTERS.has(entry.key[1])) return;
    const decoded = entry.metadata === null ? decodeEvent(entry.value.subarray(1)) : undefined;
    if (decoded?.index === index && isJson(decoded.json)) {
      events.push({ position: positionOf(tx.header.id, index), json: decoded.json });
    } else onForeign(rawKey(entry), `was written over in transaction ${tx.header.id}`);
  });
  return events;
}
