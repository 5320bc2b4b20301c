import { canonicalJson } from '../contracts/canonical-json.ts';
import { eventDigest } from '../contracts/digest.ts';
import type { HistoryProofDocument, InclusionDocument } from '../contracts/log/receipts.ts';
import { HASH_BYTES, leafHash, nodeHash } from './hashing.ts';
import { EMPTY_LOG, entriesRoot, entryDigest, headerHash, innerHash } from './log-transaction.ts';
import { valueHash, type EntryMetadata, type HashedEntry } from './log-transaction.ts';
import type { LogState, TxHeader } from './log-transaction.ts';
import { writeHeader } from './proof-documents.ts';

export interface SmallEntry {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly metadata?: EntryMetadata;
}
export const hashedEntry = (entry: SmallEntry): HashedEntry => ({
  key: entry.key,
  hValue: valueHash(entry.value),
  metadata: entry.metadata ?? null,
});

/** What a dishonest server does to its log before it is signed. */
export interface Forgery {
  /** Transactions that the Merkle tree has in the place of those of the chain, by their number. */
  readonly inTree?: ReadonlyMap<number, readonly SmallEntry[]>;
  /** The order in which the tree has the transactions. */
  readonly leaves?: (leaves: readonly Buffer[]) => readonly Buffer[];
  /** Something else in a header. */
  readonly header?: (header: TxHeader) => TxHeader;
}

/** The same events of one stream, oldest first, each naming the one before it. */
export function chained<Event extends object>(events: readonly Event[]): Event[] {
  let prev: string | undefined;
  return events.map((event) => {
    const next = prev === undefined ? event : { ...event, prev };
    prev = eventDigest(canonicalJson(next));
    return next;
  });
}

const root = (leaves: readonly Buffer[]): Buffer => {
  if (leaves.length === 0) return Buffer.alloc(HASH_BYTES);
  if (leaves.length === 1) return leaves[0]!;
  const split = splitOf(leaves.length);
  return nodeHash(root(leaves.slice(0, split)), root(leaves.slice(split)));
};
/** The largest power of two below a count: RFC 9162, 2.1.1. */
const splitOf = (count: number): number => 2 ** Math.floor(Math.log2(count - 1));

/** RFC 9162, 2.1.3.1: written again from there, so that the checks meet proofs of another hand. */
const path = (at: number, leaves: readonly Buffer[]): Buffer[] => {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return at < split ? [...path(at, left), root(right)] : [...path(at - split, right), root(left)];
};
/** RFC 9162, 2.1.4.1; immudb also sends the old root when that is a node of the new tree. */
const consistency = (old: number, leaves: readonly Buffer[]): Buffer[] => {
  const sub = (count: number, part: readonly Buffer[], isWhole: boolean): Buffer[] => {
    if (count === part.length) return isWhole ? [] : [root(part)];
    const split = splitOf(part.length);
    const [left, right] = [part.slice(0, split), part.slice(split)];
    if (count <= split) return [...sub(count, left, isWhole), root(right)];
    return [...sub(count - split, right, false), root(left)];
  };
  if (old === leaves.length) return [];
  const proof = sub(old, leaves, true);
  return Number.isInteger(Math.log2(old)) ? [root(leaves.slice(0, old)), ...proof] : proof;
};

const texts = (terms: readonly Buffer[]): string[] => terms.map((term) => term.toString('base64'));

/** A log in memory that proves itself as immudb does; its tree may lag some transactions behind. */
export function logOf(
  transactions: readonly (readonly SmallEntry[])[],
  lag = 1,
  { inTree, leaves: arranged = (all) => all, header: changed = (same) => same }: Forgery = {},
) {
  const headers: TxHeader[] = [];
  /** As the tree has them: others only in a forged log. */
  const treeHeaders: TxHeader[] = [];
  const digests: Buffer[][] = [];
  const leaves: Buffer[] = [];
  let before: LogState = EMPTY_LOG;
  for (const [at, entries] of transactions.entries()) {
    const id = at + 1;
    const blTxId = Math.max(0, Math.floor((id - 1) / lag) * lag);
    const headerOf = (hashed: readonly HashedEntry[]): TxHeader =>
      changed({
        id,
        prevAlh: before.txHash,
        ts: 1_700_000_000 + id,
        nentries: hashed.length,
        eH: entriesRoot(hashed),
        blTxId,
        blRoot: root(arranged(leaves).slice(0, blTxId)),
        version: 1,
      });
    const header = headerOf(entries.map(hashedEntry));
    const shown = (inTree?.get(id) ?? entries).map(hashedEntry);
    const treeHeader = headerOf(shown);
    before = { txId: id, txHash: headerHash(header) };
    headers.push(header);
    treeHeaders.push(treeHeader);
    digests.push(shown.map(entryDigest));
    leaves.push(leafHash(headerHash(treeHeader)));
  }
  const header = (tx: number): TxHeader => headers[tx - 1]!;
  const treeHeader = (tx: number): TxHeader => treeHeaders[tx - 1]!;
  const hash = (tx: number): Buffer => (tx === 0 ? EMPTY_LOG.txHash : headerHash(header(tx)));
  const inner = (from: number, to: number): Buffer[] =>
    headers.slice(from, to).map((one) => innerHash(one));

  return {
    header,
    treeHeader,
    state: (txId: number): LogState => ({ txId, txHash: hash(txId) }),
    inclusion(tx: number, index: number): InclusionDocument {
      const own = digests[tx - 1]!;
      return { leaf: index, width: own.length, terms: texts(path(index, own.map(leafHash))) };
    },
    history(source: number, target: number): HistoryProofDocument {
      const [from, to] = [treeHeader(source), header(target)];
      const tree = arranged(leaves).slice(0, to.blTxId);
      const isInTree = source < to.blTxId;
      const start = isInTree ? to.blTxId : source;
      const end = isInTree ? source : to.blTxId;
      const between = end - from.blTxId - 1;
      const first = from.blTxId + 1;
      const advance = {
        linear: texts([hash(first), ...inner(first, end)]),
        inclusions: Array.from({ length: Math.max(0, between) }, (_, at) =>
          texts(path(from.blTxId + at, tree)),
        ),
      };
      return {
        source: writeHeader(from),
        target: writeHeader(to),
        inclusion: isInTree ? texts(path(source - 1, tree)) : [],
        consistency: from.blTxId === 0 ? [] : texts(consistency(from.blTxId, tree)),
        lastLeaf: (to.blTxId === 0 ? hash(0) : headerHash(treeHeader(to.blTxId))).toString(
          'base64',
        ),
        lastInclusion: to.blTxId === 0 ? [] : texts(path(to.blTxId - 1, tree)),
        linear: texts([hash(start), ...inner(start, target)]),
        ...(between > 0 ? { advance } : {}),
      };
    },
  };
}
