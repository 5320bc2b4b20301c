import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareDataDir, type Instance } from '../instance.ts';
import { manageProgram, type Managed, type ProgramSpec } from '../supervisor/managed-program.ts';
import { freePort } from '../ports.ts';
import { postgresProgram, provisionPostgres } from './postgres.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';

/** Starts a program and waits until it is ready; it comes back when it dies. */
export const launch = async (spec: ProgramSpec): Promise<Managed> => {
  const program = manageProgram(spec, { changed: () => {}, noted: () => {} });
  program.start();
  while (program.state() !== 'ready') await sleep(20);
  return program;
};

export interface PostgresForTests {
  readonly instance: Instance;
  readonly secrets: Secrets;
  /** Kills it at once; it comes back by itself. */
  kill(): void;
  stop(): Promise<void>;
}

/** Starts PostgreSQL alone, as the house does, on a free port, with its data in /tmp. */
export async function startPostgres(): Promise<PostgresForTests> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postgres-test-'));
  const cacheDir = process.env['CORE_BANK_CACHE'] ?? join(homedir(), '.cache', 'core-bank');
  const ports = { postgres: await freePort(), mongo: await freePort() } as Instance['ports'];
  const instance: Instance = { number: 0, root: resolve(process.cwd()), dataDir, cacheDir, ports };
  prepareDataDir(instance);
  const secrets = loadSecrets(dataDir);
  const postgres = await launch(postgresProgram(instance, secrets));
  const stop = async (): Promise<void> => {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await provisionPostgres(instance, secrets);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    instance,
    secrets,
    kill: () => void postgres.kill('SIGKILL'),
    stop,
  };
}
