import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { decrypt, encrypt } from './aes-gcm.ts';

const KEY_BYTES = 32;
const ID_CHARACTERS = 10;

/** The file of a key ring. */
const keyRingFile = z.strictObject({
  /** The id of the key that wraps from now on. */
  current: z.string(),
  /** Keys (base64url) by id; those that are not current only unwrap. */
  keys: z.record(z.string(), z.base64url()),
});
/** What stands in the file of a key ring. */
export type KeyRingFile = z.infer<typeof keyRingFile>;

/** A key cannot be unwrapped; the message says why and what to do. */
export class KeysUnavailable extends Error {}

/**
 * Wraps keys by keys that are kept elsewhere (AES-256-GCM), so that the files of a database, its
 * write-ahead log and its backups hold nothing that opens data. The place is what a key belongs
 * to: moved elsewhere it cannot be unwrapped.
 */
export interface KeyRing {
  /** The text that may be stored. */
  readonly wrap: (place: string, key: string) => string;
  /** The way back; throws KeysUnavailable. */
  readonly unwrap: (place: string, wrapped: string) => string;
  /** The id of the current key, with which what it has wrapped begins, before a full stop. */
  readonly current: string;
  /** Ids of the others, which only unwrap. */
  readonly others: readonly string[];
}

/** Told by its content, so that another key under the same name is not taken for it. */
const keyId = (key: string): string =>
  createHash('sha256').update(key).digest('base64url').slice(0, ID_CHARACTERS);

/** The same ring with another key, which is the current one from now on. */
export function withNewKey(file?: KeyRingFile): KeyRingFile {
  const key = randomBytes(KEY_BYTES).toString('base64url');
  return { current: keyId(key), keys: { ...file?.keys, [keyId(key)]: key } };
}

/** The same ring without the keys that are not current: what only they have wrapped is lost. */
export const withoutOldKeys = ({ current, keys }: KeyRingFile): KeyRingFile => ({
  current,
  keys: Object.fromEntries(Object.entries(keys).filter(([id]) => id === current)),
});

/** A ring of these keys; throws KeysUnavailable when they are none. */
export function keyRing(file: KeyRingFile): KeyRing {
  const keys = new Map<string, Buffer>();
  for (const [id, text] of Object.entries(file.keys)) {
    const key = Buffer.from(text, 'base64url');
    if (key.length !== KEY_BYTES || keyId(text) !== id) {
      throw new KeysUnavailable(`The key-encryption key ${id} is torn or changed.`);
    }
    keys.set(id, key);
  }
  const currentKey = keys.get(file.current);
  if (currentKey === undefined)
    throw new KeysUnavailable('The current key-encryption key is missing.');
  return {
    current: file.current,
    others: [...keys.keys()].filter((id) => id !== file.current),
    wrap: (place, key) =>
      `${file.current}.${encrypt(currentKey, place, key).toString('base64url')}`,
    unwrap(place, wrapped) {
      const [id = '', text = ''] = wrapped.split('.');
      const key = keys.get(id);
      if (key === undefined) throw new KeysUnavailable(missing(id));
      try {
        return decrypt(key, place, Buffer.from(text, 'base64url'));
      } catch (cause) {
        throw new KeysUnavailable(`The key of ${place} was changed where it is stored.`, { cause });
      }
    },
  };
}

const missing = (id: string): string =>
  `The key-encryption key ${id} is missing, so the keys that it has wrapped, and the data under ` +
  'them, cannot be opened. Put the file of the key ring back (docs/restore.md).';

/**
 * Where a ring comes from: a file here. A key management service takes its place by giving the
 * keys that it keeps, which it unwraps at this call.
 */
export type KeyRingSource = () => Promise<KeyRing>;

/** The text of a ring's file, read; throws KeysUnavailable when it is none. */
export function readKeyRing(text: string): KeyRingFile {
  const file = keyRingFile.parse(JSON.parse(text));
  keyRing(file);
  return file;
}

/** The ring of a file, which is read at each call. */
export const keyRingOfFile =
  (file: string): KeyRingSource =>
  async () => {
    try {
      return keyRing(keyRingFile.parse(JSON.parse(readFileSync(file, 'utf8'))));
    } catch (cause) {
      if (cause instanceof KeysUnavailable) throw cause;
      throw new KeysUnavailable(`The key ring ${file} cannot be read: ${String(cause)}`, { cause });
    }
  };
