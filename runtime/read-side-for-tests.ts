import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ferretdbProgram, mongoUrl } from './ferretdb.ts';
import { prepareDataDir, type Instance } from './instance.ts';
import { manageProgram, type Managed, type ProgramSpec } from './managed-program.ts';
import { postgresProgram, provisionPostgres } from './postgres.ts';
import { findPrograms } from './programs.ts';
import { createProgress } from './progress.ts';
import { loadSecrets } from './secrets.ts';

/** For the hook that starts it: building FerretDB for the first time takes a minute or two. */
export const READ_SIDE_MS_MAX = 600_000;

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });

const launch = async (spec: ProgramSpec): Promise<Managed> => {
  const program = manageProgram(spec, { changed: () => {}, noted: () => {} });
  program.start();
  while (program.state() !== 'ready') await sleep(20);
  return program;
};

export interface ReadSideForTests {
  readonly url: string;
  /** Kills FerretDB at once; it comes back by itself. */
  kill(): void;
  stop(): Promise<void>;
}

/**
 * Starts an empty read side as the house does, on free ports, with its data in /tmp. With
 * MONGODB_TEST_URL set the tests run against that server instead, for example MongoDB 8.
 */
export async function startReadSide(): Promise<ReadSideForTests> {
  const given = process.env['MONGODB_TEST_URL'];
  if (given !== undefined) return { url: given, kill: () => {}, stop: async () => {} };
  const dataDir = mkdtempSync(join(tmpdir(), 'read-side-test-'));
  const cacheDir = process.env['CORE_BANK_CACHE'] ?? join(homedir(), '.cache', 'core-bank');
  const ports = { postgres: await freePort(), mongo: await freePort() } as Instance['ports'];
  const instance: Instance = { number: 0, root: resolve(process.cwd()), dataDir, cacheDir, ports };
  prepareDataDir(instance);
  const secrets = loadSecrets(dataDir);
  const { ferretdb } = await findPrograms(instance, ['ferretdb'], createProgress(true));
  const postgres = await launch(postgresProgram(instance, secrets));
  await provisionPostgres(instance, secrets);
  const mongo = await launch(ferretdbProgram(instance, ferretdb!));
  return {
    url: mongoUrl(instance, secrets),
    kill: () => void mongo.kill('SIGKILL'),
    async stop() {
      await mongo.stop();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
