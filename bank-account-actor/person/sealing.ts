import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical-json.ts';

const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** The key of one person (base64url). Who has lost it can read nothing of theirs any more. */
export const newKey = (): string => randomBytes(KEY_BYTES).toString('base64url');

// One key for each use (HKDF, RFC 5869): what is said of one tells nothing of the other.
const keyFor = (key: string, use: 'seal' | 'hash'): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64url'), '', `person ${use}`, KEY_BYTES));

/**
 * Encrypts with AES-256-GCM (NIST SP 800-38D) and a random nonce, of which a key needs far fewer
 * than 2^32: nonce, content, tag. `place` is what it belongs to: elsewhere it cannot be opened.
 */
export function encrypt(key: Buffer, place: string, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(place));
  const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, content, cipher.getAuthTag()]);
}

/** The way back; throws when key, place or content are not those of the encryption. */
export function decrypt(key: Buffer, place: string, sealed: Buffer): string {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const content = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  return Buffer.concat([content, decipher.final()]).toString('utf8');
}

/** Encrypts personal data for the event at `place`: base64url. */
export const seal = (key: string, place: string, data: object): string =>
  encrypt(keyFor(key, 'seal'), place, JSON.stringify(data)).toString('base64url');

/** The way back; throws as `decrypt` does. */
export const unseal = (key: string, place: string, sealed: string): unknown =>
  JSON.parse(decrypt(keyFor(key, 'seal'), place, Buffer.from(sealed, 'base64url')));

/** Where data is sealed: its stream, version and type. */
export const placeOf = (event: { readonly id: string; readonly type: string }): string =>
  `${event.id} ${event.type}`;

/**
 * Tells a retry from a reused command id. A plain hash of a name and an address could be
 * guessed, and it stays in the log for ever, so it takes the key as well.
 */
export const keyedHash = (key: string, body: object): string =>
  createHmac('sha256', keyFor(key, 'hash')).update(canonicalJson(body)).digest('base64url');
