import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withNewKey } from '../platform/key-ring.ts';
import { CannotRun } from './progress.ts';

/**
 * Who signs with a key of its own: the auditor its checkpoints, the actor hosts their events,
 * event-source what it publishes of the log.
 */
type KeyOwner = 'audit' | 'host' | 'feed';
const ownKeyFile = (dataDir: string, owner: KeyOwner): string =>
  join(dataDir, `${owner}-signing-key.pem`);
const ownPublicKeyFile = (dataDir: string, owner: KeyOwner): string =>
  join(dataDir, `${owner}-public-key.pem`);
/** The auditor's public key, for everyone who checks what it publishes. */
export const auditPublicKeyFile = (dataDir: string): string => ownPublicKeyFile(dataDir, 'audit');
/** What the auditor stores; outside immudb's folder, and best on another disk. */
export const auditFolder = (dataDir: string): string => join(dataDir, 'audit');
/** Who was refused and who saw personal data; it is of no log, and no restore moves it. */
export const accessFolder = (dataDir: string): string => join(dataDir, 'access');

const inOneLine = (file: string): string =>
  readFileSync(file, 'utf8').replaceAll(/-----[A-Z ]+-----|\n/g, '');

/** The private key of an owner, made at the first start. One line, PKCS8 DER. */
export const ownSigningKey = (dataDir: string, owner: KeyOwner): string => {
  const file = ownKeyFile(dataDir, owner);
  if (!existsSync(file)) {
    const pair = newSigningPair();
    const half = pair.publicKey.export({ type: 'spki', format: 'pem' });
    writePrivate(ownPublicKeyFile(dataDir, owner), String(half));
    writePrivate(file, String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })));
  }
  return inOneLine(file);
};

/** The public half of that key. One line, SPKI DER. */
export const ownPublicKey = (dataDir: string, owner: KeyOwner): string => {
  ownSigningKey(dataDir, owner);
  return inOneLine(ownPublicKeyFile(dataDir, owner));
};

const SECRET_BYTES = 24;
const OWNER_ONLY = 0o600;

/** A password or token of the bank: nobody can guess it. */
export const newSecret = (): string => `Cb1-${randomBytes(SECRET_BYTES).toString('base64url')}`;
/** A key pair for signatures: ECDSA on P-256, like all signatures of the bank. */
export const newSigningPair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

const SECRET_NAMES = [
  'postgresAdmin',
  'postgresJournal',
  'postgresBalances',
  'postgresHistory',
  'postgresReader',
  'natsAdmin',
  'natsSeed',
  'natsPublisher',
  'natsReader',
  'immudbAdmin',
  'immudbWriter',
  'immudbReader',
  'tokenSeed',
  'commandKey',
  'personsKey',
  'issuerLocal',
  'issuerService',
] as const;

/** Every password and token of one instance. There are no defaults. */
export type Secrets = Readonly<Record<(typeof SECRET_NAMES)[number], string>>;

/** Writes a file that only its owner can read, complete or not at all. */
export const writePrivate = (file: string, text: string, mode = OWNER_ONLY): void => {
  const unfinished = `${file}.${process.pid}.new`;
  writeFileSync(unfinished, text, { mode });
  renameSync(unfinished, file);
};

/** The private key with which immudb signs the states of the log. */
export const signingKeyFile = (dataDir: string): string => join(dataDir, 'immudb-signing-key.pem');
/** The public half of that key. */
export const publicKeyFile = (dataDir: string): string => join(dataDir, 'immudb-public-key.pem');

/** What event-source trusts of the log, apart from the log's own folder. */
export const trustFile = (dataDir: string): string => join(dataDir, 'trust', 'log-state.json');

/** The public key in one line: base64 of its SPKI DER. */
export const publicKeyLine = (dataDir: string): string => inOneLine(publicKeyFile(dataDir));

/** Immudb signs its states with this key; event-source pins the public half. */
const makeSigningKey = (dataDir: string): void => {
  const pair = newSigningPair();
  const pem = pair.privateKey.export({ type: 'sec1', format: 'pem' });
  const half = pair.publicKey.export({ type: 'spki', format: 'pem' });
  writePrivate(publicKeyFile(dataDir), String(half));
  writePrivate(signingKeyFile(dataDir), String(pem));
};

/**
 * The keys that wrap the keys of persons. By default they are in the data folder; put them on
 * another disk, and in another backup, than PostgreSQL.
 */
export const keyRingFile = (dataDir: string): string =>
  process.env['CORE_BANK_KEY_RING'] ?? join(dataDir, 'key-ring.json');

/** A journal whose ring is gone gets no new one: that would say that nothing is missing. */
const makeKeyRing = (dataDir: string): void => {
  const file = keyRingFile(dataDir);
  if (existsSync(file) || existsSync(join(dataDir, 'postgres'))) return;
  writePrivate(file, `${JSON.stringify(withNewKey())}\n`);
};

/**
 * The secrets of a bank that was started once.
 * @throws CannotRun when there is none in the folder.
 */
export const existingSecrets = (dataDir: string): Secrets => {
  if (existsSync(join(dataDir, 'secrets.json'))) return loadSecrets(dataDir);
  throw new CannotRun(`There is no bank in ${dataDir}: "npm start" makes one.`);
};

/** Of messages that are on their way, which a restart does not bring to an end. */
const STAYS = new Set<string>(['commandKey', 'personsKey']);

/** Replaces every password and token; the next start gives them to all programs. */
export const replaceSecrets = (dataDir: string): void => {
  const kept = Object.entries(loadSecrets(dataDir)).filter(([name]) => STAYS.has(name));
  writePrivate(join(dataDir, 'secrets.json'), JSON.stringify(Object.fromEntries(kept)));
  loadSecrets(dataDir);
};

/** Reads the secrets of the data folder; makes them at the first start. */
export const loadSecrets = (dataDir: string): Secrets => {
  const file = join(dataDir, 'secrets.json');
  if (!existsSync(signingKeyFile(dataDir))) makeSigningKey(dataDir);
  makeKeyRing(dataDir);
  const known: Partial<Record<string, string>> = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
    : {};
  if (SECRET_NAMES.every((name) => known[name] !== undefined)) return known as Secrets;
  const made = SECRET_NAMES.map((name) => [name, known[name] ?? newSecret()]);
  const secrets = Object.fromEntries(made) as Secrets;
  writePrivate(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
};
