import { HASH_BYTES, sameHash, sha256, treeRoot, u16, u32, u64 } from './hashing.ts';
import { faulty, type ProofFault } from './proof-fault.ts';
import { EMPTY_TREE, rootOf, withLeaf, type TreeFrontier } from './tree-frontier.ts';

/**
 * How immudb hashes a transaction: its entries into a Merkle tree (eH), that and the rest of the
 * header into the accumulated linear hash (alh), which goes into the next transaction. Derived
 * from docs/security/PROOFS.md and the sources of immudb 1.4.1 (Apache-2.0):
 * embedded/store/{tx,kv_metadata,verification}.go and embedded/htree. See docs/decisions/0009.
 */
const HEADER_VERSION = 1;
/** What the hash of a header has room for. */
const ENTRIES_MAX = 2 ** 32 - 1;

/** Header of a transaction as immudb has it. */
export interface TxHeader {
  /** Number of the transaction, from 1. */
  readonly id: number;
  readonly prevAlh: Uint8Array;
  /** Clock of the database, in seconds. */
  readonly ts: number;
  readonly nentries: number;
  readonly eH: Uint8Array;
  /** Size of the Merkle tree over earlier transactions, and its root. */
  readonly blTxId: number;
  readonly blRoot: Uint8Array;
  readonly version: number;
  /** Of a transaction that truncated old values, which this bank never does. */
  readonly metadata?: { readonly truncatedTxID: number; readonly extra: Uint8Array } | null;
}

/** What immudb keeps of an entry that was deleted or may expire; the bank writes none. */
export interface EntryMetadata {
  readonly deleted: boolean;
  readonly expiration: { readonly expiresAt?: number } | null;
  readonly nonIndexable?: boolean;
}

/** An entry as immudb hashes it: a zero byte precedes the key, and the value. */
export interface HashedEntry {
  readonly key: Uint8Array;
  readonly hValue: Uint8Array;
  readonly metadata: EntryMetadata | null;
}

/** The log up to and including a transaction, as one hash. */
export interface LogState {
  readonly txId: number;
  /** Its accumulated linear hash. */
  readonly txHash: Buffer;
}

/** A state that was reached by following the log from its first transaction. */
export interface WalkedState extends LogState {
  /** Over all transactions so far; undefined after one that could not be followed. */
  readonly tree: TreeFrontier | undefined;
}

/** The state before the first transaction. */
export const EMPTY_LOG: WalkedState = { txId: 0, txHash: sha256(), tree: EMPTY_TREE };

/** The hash of a value as immudb stores it, with the zero byte in front. */
export const valueHash = (raw: Uint8Array): Buffer => sha256(raw);

/** The digest of an entry, from which a leaf of its transaction's tree is made. */
export const entryDigest = (entry: HashedEntry): Buffer => sha256(entryBytes(entry));

function entryBytes({ key, hValue, metadata }: HashedEntry): Buffer {
  const described = metadata === null ? NOTHING : metadataBytes(metadata);
  const bytes = Buffer.allocUnsafe(4 + described.length + key.length + hValue.length);
  let at = bytes.writeUInt16BE(described.length, 0);
  bytes.set(described, at);
  at = bytes.writeUInt16BE(key.length, at + described.length);
  bytes.set(key, at);
  bytes.set(hValue, at + key.length);
  return bytes;
}

const NOTHING = Buffer.alloc(0);
const DELETED = 0;
const EXPIRES_AT = 1;
const NON_INDEXABLE = 2;

function metadataBytes({ deleted, expiration, nonIndexable }: EntryMetadata): Buffer {
  const parts: Uint8Array[] = [];
  if (deleted) parts.push(Buffer.of(DELETED));
  if (expiration !== null) parts.push(Buffer.of(EXPIRES_AT), u64(expiration.expiresAt ?? 0));
  if (nonIndexable === true) parts.push(Buffer.of(NON_INDEXABLE));
  return Buffer.concat(parts);
}

/** Root of the Merkle tree over all entries of a transaction (eH). */
export const entriesRoot = (entries: readonly HashedEntry[]): Buffer =>
  treeRoot(entries.map(entryBytes));

/** The hash of everything in the header but the number and the chain. */
export const innerHash = (header: TxHeader): Buffer =>
  sha256(
    u64(header.ts),
    u16(header.version),
    u16(0),
    u32(header.nentries),
    header.eH,
    u64(header.blTxId),
    header.blRoot,
  );

/** One step of the chain of accumulated linear hashes. */
export const nextHash = (txId: number, before: Uint8Array, inner: Uint8Array): Buffer =>
  sha256(u64(txId), before, inner);

/** The accumulated linear hash (alh) of a transaction. */
export const headerHash = (header: TxHeader): Buffer =>
  nextHash(header.id, header.prevAlh, innerHash(header));

/**
 * Why this bank's log cannot have such a header, so that its hash would mean nothing; otherwise
 * undefined.
 */
export function headerFault(header: TxHeader): ProofFault | undefined {
  const { id, version, metadata, nentries, blTxId } = header;
  const wrong = (what: string): ProofFault =>
    faulty('transaction-differs', `The header of transaction ${id} ${what}.`);
  if (!Number.isSafeInteger(id) || id < 1) return wrong('has no valid number');
  if (version !== HEADER_VERSION) return wrong(`has version ${version}, not ${HEADER_VERSION}`);
  if (metadata && (metadata.truncatedTxID !== 0 || metadata.extra.length > 0)) {
    return wrong('has metadata: somebody cut values off the log');
  }
  if (nentries < 1) return wrong('has no entries');
  if (nentries > ENTRIES_MAX) return wrong(`claims ${nentries} entries`);
  if (blTxId >= id) return wrong(`claims a tree of ${blTxId} transactions`);
  const hashes = [header.prevAlh, header.eH, header.blRoot];
  if (hashes.some(({ length }) => length !== HASH_BYTES)) return wrong('has a hash of wrong size');
  return undefined;
}

/** A transaction with its entries. */
export interface LoggedTransaction {
  readonly header: TxHeader;
  readonly entries: readonly HashedEntry[];
}

/**
 * Takes the next transaction of the log: its entries must make up its header, and its header must
 * continue the chain and contain the tree of all transactions before it. Values are not checked: a
 * caller that has them compares their `valueHash` with the entry's.
 * @returns the state after it, or what is wrong.
 */
export function followTransaction(
  before: WalkedState,
  { header, entries }: LoggedTransaction,
): WalkedState | ProofFault {
  const { id } = header;
  const bad = headerFault(header);
  if (bad !== undefined) return bad;
  if (id <= before.txId) {
    return faulty('forked', `Transaction ${id} comes after transaction ${before.txId}.`);
  }
  if (id !== before.txId + 1) {
    return faulty('missing', `Transaction ${id} follows ${before.txId}: some are missing.`);
  }
  if (!sameHash(header.prevAlh, before.txHash)) {
    return faulty('forked', `Transaction ${id} does not continue transaction ${before.txId}.`);
  }
  if (entries.length !== header.nentries) {
    const counts = `${entries.length} of ${header.nentries} entries`;
    return faulty('missing', `Transaction ${id} comes with ${counts}.`);
  }
  if (!sameHash(entriesRoot(entries), header.eH)) {
    return faulty(
      'entry-differs',
      `The entries of transaction ${id} are not those it was made of.`,
    );
  }
  return treeFault(before.tree, header) ?? stateAfter(before.tree, header);
}

/**
 * The state after a transaction whatever is wrong with it, for checking the following ones all the
 * same. Their trees are no longer compared when this one's place in the tree is uncertain.
 */
export function goOn({ txId, tree }: WalkedState, header: TxHeader): WalkedState {
  const isSure = header.id === txId + 1 && treeFault(tree, header) === undefined;
  return stateAfter(isSure ? tree : undefined, header);
}

function stateAfter(tree: TreeFrontier | undefined, header: TxHeader): WalkedState {
  const txHash = headerHash(header);
  return { txId: header.id, txHash, tree: tree && withLeaf(tree, txHash) };
}

/**
 * The header of a transaction has the root of a tree, and proofs of single entries are made in it.
 * Only who has walked the chain can tell whether it is the tree of the chain; else one signature
 * could stand for two histories. immudb 1.11 never lags behind: the tree has all before.
 */
function treeFault(
  tree: TreeFrontier | undefined,
  { id, blTxId, blRoot }: TxHeader,
): ProofFault | undefined {
  if (tree === undefined) return undefined;
  if (blTxId !== tree.size) {
    const sizes = `of ${blTxId} transactions, not of the ${tree.size} before it`;
    return faulty('two-histories', `The Merkle tree in transaction ${id} is ${sizes}.`);
  }
  if (sameHash(blRoot, rootOf(tree))) return undefined;
  const detail =
    `The Merkle tree in transaction ${id} has other transactions than the chain before it: ` +
    'one signature stands for two histories.';
  return faulty('two-histories', detail);
}
