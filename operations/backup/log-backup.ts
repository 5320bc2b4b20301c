import { replaceFile, syncPath } from '../../platform/durable-file.ts';
import type { Instance } from '../../runtime/instance.ts';
import { LOOPBACK, freePort, accepts } from '../../runtime/ports.ts';
import {
  immudbOnCopy,
  LOG_DATABASE,
  LOG_READER,
  logFolder,
  provisionImmudb,
} from '../../runtime/programs/immudb.ts';
import { CannotRun } from '../../runtime/progress.ts';
import { publicKeyFile, signingKeyFile } from '../../runtime/signing-keys.ts';
import { type Secrets, auditFolder, trustFile } from '../../runtime/secrets.ts';
import { isAlive, readProcessTable } from '../../runtime/supervisor/process-table.ts';
import type { Supervisor } from '../../runtime/supervisor/supervisor.ts';
import {
  bytesOf,
  copyFault,
  copyLog,
  filesOfLog,
  listCopy,
  type CopiedFile,
  type OnBytes,
} from './log-copy.ts';
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const CHECKER = 'dist/operations/backup/check-log.js';

/** The end of a log, as it signs it. */
interface SignedEnd {
  readonly txId: number;
  /** Hexadecimal. */
  readonly txHash: string;
  /** base64url */
  readonly signature: string;
}

/** What a check says besides. */
interface CheckedEnd extends SignedEnd {
  /** The log ends before this transaction, which was seen in it already. */
  readonly trustedTxId?: number;
}

const endText = ({ txId, txHash, signature }: SignedEnd): string =>
  `${txId}:${txHash}${signature === '' ? '' : `:${signature}`}`;

/** Runs the check of the room that knows the log; its last line is the signed end. */
function checkLog(
  instance: Instance,
  secrets: Secrets,
  port: number,
  args: readonly string[],
): Promise<CheckedEnd> {
  const child = spawn(process.execPath, [CHECKER, ...args], {
    cwd: instance.root,
    env: {
      PATH: process.env['PATH'] ?? '',
      IMMUDB_ADDRESS: `${LOOPBACK}:${port}`,
      IMMUDB_USER: LOG_READER,
      IMMUDB_PASSWORD: secrets.immudbReader,
      IMMUDB_DATABASE: LOG_DATABASE,
      LOG_PUBLIC_KEY_FILE: publicKeyFile(instance.dataDir, 'log'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, why] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    why = chunk.toString();
    if (why.startsWith('checking') || why.startsWith('\r')) process.stdout.write(why);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(said) as CheckedEnd);
      else reject(new CannotRun(why.trim()));
    });
  });
}

/** What checks a copy of a log. */
interface LogChecking {
  readonly instance: Instance;
  readonly secrets: Secrets;
  /** The program immudb. */
  readonly command: string;
  /** Ends what opens the copy, also when the check is broken off. */
  readonly supervisor: Pick<Supervisor, 'start' | 'takeDown'>;
}

/** Opens a copy of the log in an immudb of its own and recomputes all of it. */
async function checkCopy(
  { instance, secrets, command, supervisor }: LogChecking,
  folder: string,
  args: readonly string[],
): Promise<CheckedEnd> {
  const immudb = await freePort();
  const other = { ...instance, ports: { ...instance.ports, immudb } };
  const spec = immudbOnCopy(other, secrets, command, folder);
  const name = 'immudb-copy';
  await supervisor.start([{ ...spec, name, logFile: `${spec.logFile}-copy` }]);
  // Passwords may have been changed since the copy was made.
  await provisionImmudb(other, secrets);
  try {
    return await checkLog(other, secrets, immudb, args);
  } finally {
    await supervisor.takeDown(name);
  }
}

/** Its number is that of the release's data format (data-format.ts). */
const FORMAT = 'core-bank log backup 2';
const MANIFEST = 'backup.json';
const FILES = 'immudb';

/** What a backup says of itself. */
export interface Manifest {
  readonly format: string;
  readonly takenAt: string;
  /** Of the bank whose log it is. */
  readonly publicKey: string;
  readonly end: SignedEnd;
  readonly files: readonly CopiedFile[];
}

export interface LogBackup extends LogChecking {
  /** Gives what to call as bytes are done. */
  readonly bar: (label: string, bytes: number) => OnBytes;
}

/** Before a backup is restored. While it is, its process is the supervisor: nobody can start. */
export const requireStopped = ({ dataDir }: Instance): void => {
  const table = readProcessTable(dataDir);
  if (table === undefined || ![table.supervisor, ...table.programs].some(isAlive)) return;
  throw new CannotRun('The bank runs: stop it with "npm run stop" first.');
};

/**
 * Copies the log, running or not, then opens the copy and recomputes every hash of it: what is
 * called a backup was read from beginning to end.
 */
export async function backUp(backup: LogBackup, to: string): Promise<Manifest> {
  const { instance, secrets, bar } = backup;
  const from = logFolder(instance);
  if (!existsSync(from)) throw new CannotRun(`There is no log in ${from}.`);
  if (existsSync(to) && readdirSync(to).length > 0) {
    throw new CannotRun(`${to} is not empty: name a folder that is not there yet.`);
  }
  const isUp = await accepts(instance.ports.immudb);
  const port = instance.ports.immudb;
  const seen = isUp ? [await checkLog(instance, secrets, port, ['--state'])] : [];
  const takenAt = new Date().toISOString();
  const copy = join(to, FILES);
  mkdirSync(copy, { recursive: true, mode: 0o700 });
  // As it is now: a running bank moves it on, beyond the end of the copy.
  const known = join(to, 'trusted-state');
  const trusted = existsSync(trustFile(instance.dataDir)) ? ['--trusted', known] : [];
  if (trusted.length > 0) copyFileSync(trustFile(instance.dataDir), known);
  await copyLog(from, copy, bar('copying', bytesOf(from, filesOfLog(from))));
  const args = [...seen.flatMap((state) => ['--contains', endText(state)]), ...trusted];
  const { txId, txHash, signature, trustedTxId } = await checkCopy(backup, copy, args);
  if (trustedTxId !== undefined) {
    throw new CannotRun(`The log was rolled back: it ends at ${txId}, and had ${trustedTxId}.`);
  }
  rmSync(known, { force: true });
  const end = { txId, txHash, signature };
  dropIndexes(copy);
  const all = bytesOf(copy, filesOfLog(copy));
  const files = await listCopy(copy, bar('hashing', all));
  const publicKey = readFileSync(publicKeyFile(instance.dataDir, 'log'), 'utf8');
  const manifest: Manifest = { format: FORMAT, takenAt, publicKey, end, files };
  await replaceFile(join(to, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
  return manifest;
}

/** Opening the copy made them; immudb makes them again. */
function dropIndexes(folder: string): void {
  for (const database of readdirSync(folder)) {
    const inside = join(folder, database);
    if (!statSync(inside).isDirectory()) continue;
    for (const name of readdirSync(inside)) {
      if (name.startsWith('index_')) rmSync(join(inside, name), { recursive: true });
    }
  }
}

export function readManifest(from: string): Manifest {
  const file = join(from, MANIFEST);
  const unfit = `${from} is no finished backup of a log`;
  if (!existsSync(file)) throw new CannotRun(`${unfit}: ${MANIFEST} is missing.`);
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (manifest.format === FORMAT) return manifest;
    if (FORMATS.test(manifest.format)) throw new CannotRun(ofOtherRelease(from, manifest.format));
  } catch (error) {
    if (error instanceof CannotRun) throw error;
  }
  throw new CannotRun(`${unfit}: ${MANIFEST} cannot be read.`);
}

const FORMATS = /^core-bank log backup [0-9]+$/;
const ofOtherRelease = (from: string, format: string): string =>
  format === 'core-bank log backup 1'
    ? `${from} is a log of an older release, which this one cannot go on with: its events do not ` +
      'name their predecessors.'
    : `${from} is a log of another release, which this one cannot go on with.`;

/** Whether the bank has signed its log with the first of these keys, now or before. */
const isOwnKey = (own: string, ofBackup: string): boolean => {
  const [first] = ofBackup.split(KEY_END, 1);
  return ofBackup.includes(KEY_END) && own.includes(`${first}${KEY_END}`);
};
const KEY_END = '-----END PUBLIC KEY-----';

export interface PutBack {
  readonly manifest: Manifest;
  /** Where the log is now that was there. */
  readonly aside: string | undefined;
  /** The bank had seen this transaction, and the backup ends before it. */
  readonly lost: number | undefined;
}

/**
 * Puts the backup in the place of the log. The log that is there is moved aside when asked to,
 * never deleted; and not before the backup was read and recomputed from beginning to end.
 */
export async function putBack(
  backup: LogBackup,
  from: string,
  setAside: boolean,
): Promise<PutBack> {
  const { instance, bar } = backup;
  const manifest = readManifest(from);
  if (!existsSync(signingKeyFile(instance.dataDir, 'log'))) {
    throw new CannotRun(
      `${instance.dataDir} has no keys: put secrets.json, immudb-signing-key.pem and ` +
        'immudb-public-key.pem of the bank there first (docs/restore.md).',
    );
  }
  if (!isOwnKey(readFileSync(publicKeyFile(instance.dataDir, 'log'), 'utf8'), manifest.publicKey)) {
    throw new CannotRun(`${from} is the log of another bank: its public key is not that of this.`);
  }
  const to = logFolder(instance);
  if (existsSync(to) && !setAside) {
    throw new CannotRun(
      `There is a log in ${to}. To put the backup in its place, run this again with ` +
        '--set-aside: it moves the log that is there aside and deletes nothing.',
    );
  }
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  requireRoom(dirname(instance.dataDir), bytes);
  const fault = await copyFault(join(from, FILES), manifest.files, bar('reading', bytes));
  if (fault !== undefined) throw new CannotRun(`The backup ${from} is torn: ${fault}.`);
  const coming = `${to}.restoring`;
  rmSync(coming, { recursive: true, force: true });
  mkdirSync(coming, { recursive: true, mode: 0o700 });
  await copyLog(join(from, FILES), coming, bar('copying', bytes));
  const trust = trustFile(instance.dataDir);
  const believed = `${trust}.${process.pid}`;
  const end = await checkCopy(backup, coming, [
    '--contains',
    endText(manifest.end),
    '--believe',
    believed,
    ...(existsSync(trust) ? ['--trusted', trust] : []),
  ]);
  if (end.txHash !== manifest.end.txHash) {
    throw new CannotRun(`The backup ends at transaction ${end.txId}, not ${manifest.end.txId}.`);
  }
  const moment = Date.now();
  const aside = existsSync(to) ? `${to}.before-${moment}` : undefined;
  if (aside !== undefined) renameSync(to, aside);
  renameSync(coming, to);
  await syncPath(dirname(to));
  // The bank refuses a log that ends before what it believes; here that is what is wanted.
  if (existsSync(trust) && end.trustedTxId === undefined) rmSync(believed);
  else {
    // What the auditor said of the lost end stays to be read, but is not compared with this.
    // It goes first: who is killed here and puts the backup back again comes by here again.
    const said = auditFolder(instance.dataDir);
    if (existsSync(said)) renameSync(said, `${said}.before-${moment}`);
    if (existsSync(trust)) copyFileSync(trust, `${trust}.before-${moment}`);
    renameSync(believed, trust);
    await syncPath(dirname(trust));
  }
  return { manifest, aside, lost: end.trustedTxId };
}

function requireRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > bytes) return;
  throw new CannotRun(`${folder} has not the ${bytes} bytes of room that the log needs.`);
}
