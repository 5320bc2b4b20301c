import { createHash } from 'node:crypto';
import { z } from 'zod';
import { COMMAND_ID_PATTERN, type StreamId } from '../../domain/ids.ts';
import { nameBy } from '../access/principal.ts';

/**
 * The content of a batch, by its key. The first commits of a batch record it, so that its key can
 * never be used for other content, on whatever host and however much later.
 */
export const batchContent = z.strictObject({
  /** The Idempotency-Key of the whole batch. */
  key: z.string().regex(COMMAND_ID_PATTERN),
  /** SHA-256 (base64url) of what its items say, in their order, the bad ones too. */
  hash: z.string().length(43),
});
export type BatchContent = z.infer<typeof batchContent>;

/** SHA-256 (base64url) of what the items say, each with its length. */
export function batchHash(items: readonly string[]): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${item.length}:${item}`);
  return hash.digest('base64url');
}

/** Keys of batches are names of no stream: they are the bank's, not an account's. */
const BATCH_KEYS = 'batch' as StreamId;

const NUMBER_BYTES = 6;

/**
 * The name that the journal keeps of a batch, with 48 bits of the hash in place of a version: two
 * different contents under one key of one client agree in them by chance once in 10^14.
 */
export const agreementOf = ({ key, hash }: BatchContent, by: string | undefined) => ({
  stream: BATCH_KEYS,
  name: nameBy(by, key),
  version: 1 + Buffer.from(hash, 'base64url').readUIntBE(0, NUMBER_BYTES),
});
