import { spawn } from 'node:child_process';
import { immudbProgram, LOG_DATABASE, LOG_USER } from '../../runtime/programs/immudb.ts';
import type { Instance } from '../../runtime/instance.ts';
import { LOOPBACK, freePort } from '../../runtime/ports.ts';
import { Refusal } from '../../runtime/progress.ts';
import { publicKeyFile, type Secrets } from '../../runtime/secrets.ts';
import type { Supervisor } from '../../runtime/supervisor/supervisor.ts';

const CHECKER = 'dist/operations/backup/check-log.js';

/** The end of a log, as it signs it. */
export interface SignedEnd {
  readonly txId: number;
  /** Hexadecimal. */
  readonly txHash: string;
  /** base64url */
  readonly signature: string;
}

/** What a check says besides. */
export interface CheckedEnd extends SignedEnd {
  /** The log ends before this transaction, which was seen in it already. */
  readonly trustedTxId?: number;
}

export const endText = ({ txId, txHash, signature }: SignedEnd): string =>
  `${txId}:${txHash}${signature === '' ? '' : `:${signature}`}`;

/** Runs the check of the room that knows the log; its last line is the signed end. */
export function checkLog(
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
      IMMUDB_USER: LOG_USER,
      IMMUDB_PASSWORD: secrets.immudbWriter,
      IMMUDB_DATABASE: LOG_DATABASE,
      LOG_PUBLIC_KEY_FILE: publicKeyFile(instance.dataDir),
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
      else reject(new Refusal(why.trim()));
    });
  });
}

/** What checks a copy of a log. */
export interface LogChecking {
  readonly instance: Instance;
  readonly secrets: Secrets;
  /** The program immudb. */
  readonly command: string;
  /** Ends what opens the copy, also when the check is broken off. */
  readonly supervisor: Pick<Supervisor, 'start' | 'takeDown'>;
}

/** Opens a copy of the log in an immudb of its own and recomputes all of it. */
export async function checkCopy(
  { instance, secrets, command, supervisor }: LogChecking,
  folder: string,
  args: readonly string[],
): Promise<CheckedEnd> {
  const immudb = await freePort();
  const other = { ...instance, ports: { ...instance.ports, immudb } };
  const spec = immudbProgram(other, secrets, command, folder);
  const name = 'immudb-copy';
  await supervisor.start([{ ...spec, name, logFile: `${spec.logFile}-copy` }]);
  try {
    return await checkLog(other, secrets, immudb, args);
  } finally {
    await supervisor.takeDown(name);
  }
}
