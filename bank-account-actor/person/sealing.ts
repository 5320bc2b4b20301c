import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { decrypt, encrypt } from '../../platform/aes-gcm.ts';

const KEY_BYTES = 32;

/** The key of one person (base64url). Who has lost it can read nothing of theirs any more. */
export const newKey = (): string => randomBytes(KEY_BYTES).toString('base64url');

// One key for each use (HKDF, RFC 5869): what is said of one tells nothing of the other.
const keyFor = (key: string, use: 'seal' | 'hash'): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64url'), '', `person ${use}`, KEY_BYTES));

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
 * guessed, and it stays in the log permanently, so it takes the key as well.
 */
export const keyedHash = (key: string, body: object): string =>
  createHmac('sha256', keyFor(key, 'hash')).update(canonicalJson(body)).digest('base64url');
