import { randomBytes, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ServiceCall } from '../../contracts/http/service-call.ts';
import { streamIdText } from '../../contracts/log/bank-events.ts';
import { ACTOR_HOST_APP } from '../../contracts/person/queries.ts';
import type { StreamId } from '../../domain/ids.ts';
import { decrypt, encrypt, NONCE_BYTES, TAG_BYTES } from '../../platform/aes-gcm.ts';

/** Environment variable with the passphrase of the backup. */
export const PASSPHRASE_VARIABLE = 'CORE_BANK_KEYS_PASSPHRASE';
const PASSPHRASE_CHARACTERS_MIN = 12;
const FORMAT = 'core-bank keys 1';
const KEY_BYTES = 32;
// About 130 MB and a third of a second for each guess (RFC 7914).
const SCRYPT = { N: 131_072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };

const envelope = z.strictObject({
  format: z.literal(FORMAT),
  salt: z.base64url(),
  nonce: z.base64url(),
  tag: z.base64url(),
  sealed: z.base64url(),
});
const content = z.strictObject({
  takenAt: z.string(),
  keys: z.array(z.tuple([streamIdText, z.string().min(1)])),
});

export const KEYS_PERSONS_MAX = 128;
/**
 * The operator has an actor host wrap keys of persons by the current key of its ring, for all
 * hosts: from then on none of them can write one that an older key has wrapped.
 */
export const REWRAP_KEYS = {
  app: ACTOR_HOST_APP,
  method: 'POST',
  path: '/operator/keys/rewrap',
  input: z.strictObject({}),
  /** How many of those that an older key had wrapped; 0 when none is left. */
  answer: z.strictObject({ rewrapped: z.number() }),
} as const satisfies ServiceCall;

/** The operator asks the actor host itself, past every sidecar, for the keys of persons. */
export const READ_KEYS = {
  app: ACTOR_HOST_APP,
  method: 'POST',
  path: '/operator/keys',
  input: z.strictObject({ streams: z.array(streamIdText).min(1).max(KEYS_PERSONS_MAX) }),
  /** In the order asked; null for who has none. */
  answer: z.strictObject({ keys: z.array(z.string().nullable()) }),
} as const satisfies ServiceCall;

/** The file cannot be used; the message says why and what to do. */
export class KeysBackupUnfit extends Error {}

/**
 * The passphrase in the environment.
 * @throws KeysBackupUnfit when there is none, or one that is too short.
 */
export function passphraseOf(environment: NodeJS.ProcessEnv): string {
  const passphrase = environment[PASSPHRASE_VARIABLE] ?? '';
  if (passphrase.length >= PASSPHRASE_CHARACTERS_MIN) return passphrase;
  throw new KeysBackupUnfit(
    `Set the environment variable ${PASSPHRASE_VARIABLE} to the passphrase of the backup, ` +
      `at least ${PASSPHRASE_CHARACTERS_MIN} characters: keys are never written in clear.`,
  );
}

/**
 * The keys of persons, encrypted under the passphrase in the environment: scrypt (RFC 7914) and
 * AES-256-GCM.
 * @param takenAt when the keys were read (RFC 3339).
 * @throws KeysBackupUnfit without a passphrase.
 */
export function sealKeys(
  keys: ReadonlyMap<StreamId, string>,
  takenAt: string,
  environment: NodeJS.ProcessEnv,
): string {
  const salt = randomBytes(16);
  const key = scryptSync(passphraseOf(environment), salt, KEY_BYTES, SCRYPT);
  const bytes = encrypt(key, FORMAT, JSON.stringify({ takenAt, keys: [...keys] }));
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const sealed = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
  const parts = { salt, nonce, tag: bytes.subarray(-TAG_BYTES), sealed };
  const written = Object.entries(parts).map(([name, bytes]) => [name, bytes.toString('base64url')]);
  return `${JSON.stringify({ format: FORMAT, ...Object.fromEntries(written) })}\n`;
}

/**
 * The keys in such a text.
 * @throws KeysBackupUnfit for another passphrase or a damaged text.
 */
export function unsealKeys(text: string, environment: NodeJS.ProcessEnv): Map<StreamId, string> {
  const passphrase = passphraseOf(environment);
  try {
    const parts = envelope.parse(JSON.parse(text));
    const [salt, ...bytes] = [parts.salt, parts.nonce, parts.sealed, parts.tag].map((text) =>
      Buffer.from(text, 'base64url'),
    );
    const key = scryptSync(passphrase, salt!, KEY_BYTES, SCRYPT);
    const opened = decrypt(key, FORMAT, Buffer.concat(bytes));
    return new Map(content.parse(JSON.parse(opened)).keys);
  } catch {
    throw new KeysBackupUnfit(
      'The backup of the keys cannot be opened: the passphrase is another one, or the file is ' +
        'torn, changed, or no backup of keys.',
    );
  }
}

/**
 * The keys in a backup file.
 * @throws KeysBackupUnfit when it cannot be read or unsealed.
 */
export function openKeysBackup(
  file: string,
  environment: NodeJS.ProcessEnv,
): Map<StreamId, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = `The backup of the keys cannot be read: ${String(error)}`;
    throw new KeysBackupUnfit(why, { cause: error });
  }
  return unsealKeys(text, environment);
}
