import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { immudbProgram, LOG_DATABASE, LOG_USER } from './immudb.ts';
import type { Instance } from './instance.ts';
import { manageProgram } from './managed-program.ts';
import { LOOPBACK } from './ports.ts';
import { Refusal } from './progress.ts';
import { publicKeyFile, type Secrets } from './secrets.ts';

const START_MS_MAX = 60_000;
const POLL_MS = 30;
const CHECKER = 'dist/event-source/check-log.js';

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

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer();
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

/** Opens a copy of the log in an immudb of its own and recomputes all of it. */
export async function checkCopy(
  instance: Instance,
  secrets: Secrets,
  command: string,
  folder: string,
  args: readonly string[],
): Promise<CheckedEnd> {
  const immudb = await freePort();
  const other = { ...instance, ports: { ...instance.ports, immudb } };
  const spec = immudbProgram(other, secrets, command, folder);
  const deaths: string[] = [];
  const server = manageProgram(
    { ...spec, name: 'immudb-copy', logFile: `${spec.logFile}-copy` },
    { changed: () => undefined, noted: (sentence) => void deaths.push(sentence) },
  );
  server.start();
  try {
    const deadline = Date.now() + START_MS_MAX;
    while (server.state() !== 'ready') {
      if (deaths.length > 0 || Date.now() > deadline) {
        throw new Refusal(`immudb cannot open it, see ${spec.logFile}-copy`);
      }
      await sleep(POLL_MS);
    }
    return await checkLog(other, secrets, immudb, args);
  } finally {
    await server.stop();
  }
}
