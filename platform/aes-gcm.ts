import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Bytes of a nonce, as NIST SP 800-38D recommends. */
export const NONCE_BYTES = 12;
/** Bytes of an authentication tag. */
export const TAG_BYTES = 16;

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
