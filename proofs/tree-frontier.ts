import { HASH_BYTES, leafText, nodeText } from './hashing.ts';

/**
 * What a walk of the log keeps of the append-only Merkle tree over its transactions (RFC 9162, 2.1;
 * immudb's embedded/ahtree): the roots of its full subtrees, the largest first. The roots of all
 * later trees follow from them.
 */
export interface TreeFrontier {
  /** Number of transactions in the tree. */
  readonly size: number;
  /** As latin1 texts, because an audit makes ten of them for each transaction. */
  readonly peaks: readonly string[];
}

/** The tree before the first transaction. */
export const EMPTY_TREE: TreeFrontier = { size: 0, peaks: [] };

/** The tree with one more transaction, by its accumulated linear hash. */
export function withLeaf({ size, peaks }: TreeFrontier, txHash: Uint8Array): TreeFrontier {
  let node = leafText(txHash);
  let kept = peaks.length;
  // As in a binary counter: each full subtree of the same size becomes one with the new one.
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
    kept -= 1;
    node = nodeText(peaks[kept]!, node);
  }
  return { size: size + 1, peaks: [...peaks.slice(0, kept), node] };
}

const NO_ROOT = '\0'.repeat(HASH_BYTES);

/** The root; zeros while the tree is empty. */
export const rootOf = ({ peaks }: TreeFrontier): Buffer => Buffer.from(rootText(peaks), 'latin1');

const rootText = (peaks: readonly string[]): string =>
  peaks.length === 0 ? NO_ROOT : peaks.reduceRight((right, left) => nodeText(left, right));
