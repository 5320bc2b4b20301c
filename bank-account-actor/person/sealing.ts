import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical-json.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The key of one person (base64url). Who has lost it can read nothing of theirs any more. */
export const newKey = (): string => randomBytes(KEY_BYTES).toString('base64url');

// One key for each use (HKDF, RFC 5869): what is said of one tells nothing of the other.
const keyFor = (key: string, use: 'seal' | 'hash'): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64url'), '', `person ${use}`, KEY_BYTES));

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D) and a random nonce, of which a person needs far
 * fewer than 2^32. `place` is what it belongs to: moved to another event it cannot be opened.
 */
export function seal(key: string, place: string, data: object): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyFor(key, 'seal'), nonce);
  cipher.setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(data), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** The way back; throws when key, place or content are not those of the sealing. */
export function unseal(key: string, place: string, sealed: string): unknown {
  const bytes = Buffer.from(sealed, 'base64url');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', keyFor(key, 'seal'), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const content = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  return JSON.parse(Buffer.concat([content, decipher.final()]).toString('utf8'));
}

/** Where data is sealed: its stream, version and type. */
export const placeOf = (event: { readonly id: string; readonly type: string }): string =>
  `${event.id} ${event.type}`;

/**
 * Tells a retry from a reused command id. A plain hash of a name and an address could be
 * guessed, and it stays in the log for ever, so it takes the key as well.
 */
export const keyedHash = (key: string, body: object): string =>
  createHmac('sha256', keyFor(key, 'hash')).update(canonicalJson(body)).digest('base64url');
