import { rmSync } from 'node:fs';
import type { Instance } from '../instance.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';
import { instanceForTests, launch } from './instance-for-tests.ts';
import { postgresProgram, provisionPostgres } from './postgres.ts';

export interface PostgresForTests {
  readonly instance: Instance;
  readonly secrets: Secrets;
  /** Kills it at once; it comes back by itself. */
  kill(): void;
  stop(): Promise<void>;
}

/** Starts PostgreSQL alone, as the house does, on a free port, with its data in /tmp. */
export async function startPostgres(): Promise<PostgresForTests> {
  const instance = await instanceForTests('postgres', ['postgres', 'mongo']);
  const { dataDir } = instance;
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
