import { nodeHash, sameHash } from './hashing.ts';

/**
 * Proofs in the append-only Merkle tree whose n-th leaf is transaction n, and in the tree of a
 * transaction's entries: both have the shape of RFC 9162, 2.1. The checks follow the description
 * in PROOFS.md (steps 2 to 6) and are stricter than immudb's: the number of terms must be exactly
 * what the place in the tree asks for.
 */
type Terms = readonly Uint8Array[];

const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

/**
 * Whether leaf number `index` (from 0) is in the tree of `size` leaves with this root (RFC 9162,
 * section 2.1.3.2).
 */
export function isIncluded(
  terms: Terms,
  index: number,
  size: number,
  leaf: Uint8Array,
  root: Uint8Array,
): boolean {
  if (index < 0 || index >= size) return false;
  let [at, last] = [index, size - 1];
  let hash = leaf;
  let used = 0;
  while (last > 0) {
    const alone = at === last && !isOdd(at);
    if (!alone) {
      const term = terms[used];
      if (term === undefined) return false;
      used += 1;
      hash = isOdd(at) ? nodeHash(term, hash) : nodeHash(hash, term);
    }
    [at, last] = [half(at), half(last)];
  }
  return used === terms.length && sameHash(hash, root);
}

/**
 * Whether the tree of `size` leaves with `root` continues the one of `oldSize` leaves with
 * `oldRoot` (RFC 9162, section 2.1.4.2).
 */
export function isConsistent(
  terms: Terms,
  oldSize: number,
  size: number,
  oldRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  if (oldSize < 1 || oldSize > size) return false;
  // Needs no proof; immudb sends terms all the same.
  if (oldSize === size) return sameHash(oldRoot, root);
  let [at, last] = [oldSize - 1, size - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  const first = terms[0];
  if (first === undefined) return false;
  let [oldHash, hash]: Uint8Array[] = [first, first] as [Uint8Array, Uint8Array];
  let used = 1;
  for (; last > 0; [at, last] = [half(at), half(last)]) {
    if (at === last && !isOdd(at)) continue;
    const term = terms[used];
    if (term === undefined) return false;
    used += 1;
    if (isOdd(at)) {
      oldHash = nodeHash(term, oldHash!);
      hash = nodeHash(term, hash!);
    } else hash = nodeHash(hash!, term);
  }
  return used === terms.length && sameHash(oldHash!, oldRoot) && sameHash(hash!, root);
}
