import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withNewKey } from '../platform/key-ring.ts';
import { writePrivate } from './private-file.ts';
import { CannotRun } from './progress.ts';
import { KEY_OWNERS, provideSigningKey } from './signing-keys.ts';

/** What the auditor stores; outside immudb's folder, and best on another disk. */
export const auditFolder = (dataDir: string): string => join(dataDir, 'audit');
/** Who was refused and who saw personal data; it is of no log, and no restore moves it. */
export const accessFolder = (dataDir: string): string => join(dataDir, 'access');

const SECRET_BYTES = 24;

/** A password or token of the bank: nobody can guess it. */
export const newSecret = (): string => `Cb1-${randomBytes(SECRET_BYTES).toString('base64url')}`;
export const SECRET_NAMES = [
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

export type SecretName = (typeof SECRET_NAMES)[number];

/** Keys of two programs, which for a while are two keys each: those that replace them, or were. */
interface OtherKeys {
  readonly otherCommandKey?: string | undefined;
  readonly otherPersonsKey?: string | undefined;
}

/** Every password and token of one instance. There are no defaults. */
export type Secrets = Readonly<Record<SecretName, string>> & OtherKeys;

const secretsFile = (dataDir: string): string => join(dataDir, 'secrets.json');

/** What event-source trusts of the log, apart from the log's own folder. */
export const trustFile = (dataDir: string): string => join(dataDir, 'trust', 'log-state.json');

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
  if (existsSync(secretsFile(dataDir))) return loadSecrets(dataDir);
  throw new CannotRun(`There is no bank in ${dataDir}: "npm start" makes one.`);
};

/** Gives these secrets new values; programs have them from their next start on. */
export const replaceSecrets = (dataDir: string, names: readonly SecretName[]): Secrets =>
  changeSecrets(dataDir, Object.fromEntries(names.map((name) => [name, newSecret()])));

/** Writes other values of some secrets. */
export const changeSecrets = (dataDir: string, change: Partial<Secrets>): Secrets => {
  const secrets: Secrets = { ...loadSecrets(dataDir), ...change };
  writePrivate(secretsFile(dataDir), `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
};

/** Reads the secrets of the data folder; makes them at the first start. */
export const loadSecrets = (dataDir: string): Secrets => {
  const file = secretsFile(dataDir);
  for (const owner of KEY_OWNERS) provideSigningKey(dataDir, owner);
  makeKeyRing(dataDir);
  const known: Partial<Record<string, string>> = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
    : {};
  if (SECRET_NAMES.every((name) => known[name] !== undefined)) return known as unknown as Secrets;
  const made = SECRET_NAMES.map((name) => [name, known[name] ?? newSecret()]);
  const secrets: Secrets = { ...known, ...(Object.fromEntries(made) as Secrets) };
  writePrivate(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
};
