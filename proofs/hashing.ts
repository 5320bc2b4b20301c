import { hash } from 'node:crypto';

/** Bytes of a hash; all hashes are SHA-256. */
export const HASH_BYTES = 32;
const LEAF_PREFIX = 0;
const NODE_PREFIX = 1;

// An audit makes millions of hashes. This way each takes a third of the time of createHash, or of
// asking hash for a Buffer (0.7 against 2.4 and 1.6 us with Node 20).
const digestOf = (bytes: Uint8Array): Buffer => Buffer.from(textOf(bytes), 'latin1');
/** The same as 32 characters, which cost half: enough for what is only compared or hashed again. */
const textOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'binary');

/** SHA-256 of the concatenated parts. */
export const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  digestOf(parts.length === 1 ? parts[0]! : Buffer.concat(parts));

// Reused for each hash, which is computed before the buffer can be written again.
const leaf = Buffer.alloc(1 + HASH_BYTES, LEAF_PREFIX);
const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/**
 * The hash of a leaf (RFC 6962, section 2.1): leaves and nodes differ, so neither passes for the
 * other.
 */
export function leafHash(digest: Uint8Array): Buffer {
  leaf.set(sized(digest), 1);
  return digestOf(leaf);
}
/** The hash of an inner node (RFC 6962, section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(sized(left), 1);
  node.set(sized(right), 1 + HASH_BYTES);
  return digestOf(node);
}

/** `leafHash` as 32 latin1 characters, which costs half. */
export function leafText(digest: Uint8Array): string {
  leaf.set(sized(digest), 1);
  return textOf(leaf);
}
/** `nodeHash` of and as such texts. */
export function nodeText(left: string, right: string): string {
  node.write(left, 1, 'latin1');
  node.write(right, 1 + HASH_BYTES, 'latin1');
  return textOf(node);
}

/**
 * Root of the Merkle tree over the SHA-256 digests of these contents, as immudb's embedded/htree
 * builds it (RFC 6962, section 2.1): a node without a sibling moves up unchanged.
 * @returns zeros when there are no contents.
 */
export function treeRoot(contents: readonly Uint8Array[]): Buffer {
  let level = contents.map((bytes) => {
    leaf.write(textOf(bytes), 1, 'latin1');
    return textOf(leaf);
  });
  while (level.length > 1) {
    const above: string[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const right = level[at + 1];
      above.push(right === undefined ? level[at]! : nodeText(level[at]!, right));
    }
    level = above;
  }
  return Buffer.from(level[0] ?? NO_HASH.toString('latin1'), 'latin1');
}

/** Whether the bytes have this SHA-256. */
export const hasHash = (bytes: Uint8Array, expected: Buffer): boolean =>
  textOf(bytes) === expected.toString('latin1');

const NO_HASH = Buffer.alloc(HASH_BYTES);
/** What has another size is no hash of this log; as zeros it proves nothing. */
const sized = (digest: Uint8Array): Uint8Array => (digest.length === HASH_BYTES ? digest : NO_HASH);

/** Whether two hashes are equal. Not in constant time: nothing here is secret. */
export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  Buffer.compare(one, other) === 0;

/** Unsigned big-endian integer of 2 bytes, as immudb writes numbers before it hashes them. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
/** Unsigned big-endian integer of 4 bytes. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
/** Unsigned big-endian integer of 8 bytes; `value` is a safe integer. */
export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
