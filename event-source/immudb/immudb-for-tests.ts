import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  immudbProgram,
  LOG_DATABASE,
  LOG_READER,
  LOG_USER,
  provisionImmudb,
} from '../../runtime/programs/immudb.ts';
import { instanceForTests, launch, untilReady } from '../../runtime/programs/instance-for-tests.ts';
import { findPrograms } from '../../runtime/programs/programs.ts';
import { createProgress } from '../../runtime/progress.ts';
import { publicKeyFile } from '../../runtime/signing-keys.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import type { ImmudbLogOptions } from './log.ts';
import { trustFile } from './trust-file.ts';

/** For the hook that starts it: building immudb for the first time takes a minute or two. */
export const BUILD_MS_MAX = 600_000;

export interface ImmudbForTests {
  readonly options: ImmudbLogOptions;
  readonly dataDir: string;
  /** The user that only reads. */
  readonly reader: { readonly user: string; readonly password: string };
  /** Stops it, so that its data can be changed, and starts it again. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Kills the server at once; it comes back by itself. */
  kill(): void;
  stop(): Promise<void>;
}

/** Starts an empty immudb as the house does, on a free port, with its data in /tmp. */
export async function startImmudb(
  environment: Record<string, string> = {},
): Promise<ImmudbForTests> {
  const instance = await instanceForTests('event-source', ['immudb']);
  const { root, dataDir, ports } = instance;
  const secrets = loadSecrets(dataDir);
  const { immudb } = await findPrograms(instance, ['immudb'], createProgress(true));
  const spec = immudbProgram(instance, secrets, immudb!);
  const server = await launch({ ...spec, env: { ...spec.env, ...environment } });
  await provisionImmudb(instance, secrets);
  return {
    options: {
      proto: join(root, 'event-source', 'immudb', 'immudb.proto'),
      address: `127.0.0.1:${ports.immudb}`,
      user: LOG_USER,
      password: secrets.immudbWriter,
      database: LOG_DATABASE,
      publicKey: readFileSync(publicKeyFile(dataDir, 'log'), 'utf8'),
      trust: trustFile(join(dataDir, 'trusted-state.json')),
    },
    dataDir,
    reader: { user: LOG_READER, password: secrets.immudbReader },
    async up() {
      server.start();
      await untilReady(server);
    },
    down: () => server.stop(),
    kill: () => void server.kill('SIGKILL'),
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Flips a bit on the disk of a server that is down, so many bytes behind where these begin. */
export function flipBit(folder: string, text: string | Buffer, offset: number): void {
  const file = join(folder, readdirSync(folder)[0]!);
  const bytes = readFileSync(file);
  const place = bytes.indexOf(text);
  if (place <= 0) throw new Error(`${file} has no ${text.toString()}`);
  bytes[place + offset]! ^= 1;
  writeFileSync(file, bytes);
}
