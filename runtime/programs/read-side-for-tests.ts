import { ferretdbProgram, mongoUrl, readSideAdminUrl } from './ferretdb.ts';
import { launch } from './instance-for-tests.ts';
import { startPostgres } from './postgres-for-tests.ts';
import { findPrograms } from './programs.ts';
import { createProgress } from '../progress.ts';

/** For the hook that starts it: building FerretDB for the first time takes a minute or two. */
export const READ_SIDE_MS_MAX = 600_000;

export interface ReadSideForTests {
  /** Of who may do everything. */
  readonly url: string;
  /** With the rights of that app. */
  readonly urlOf: (app: string) => string;
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
  if (given !== undefined) {
    return { url: given, urlOf: () => given, kill: () => {}, stop: async () => {} };
  }
  const postgres = await startPostgres();
  const { instance, secrets } = postgres;
  const { ferretdb } = await findPrograms(instance, ['ferretdb'], createProgress(true));
  const mongo = await launch(ferretdbProgram(instance, ferretdb!));
  return {
    url: readSideAdminUrl(instance, secrets),
    urlOf: (app) => mongoUrl(instance, secrets, app),
    kill: () => void mongo.kill('SIGKILL'),
    async stop() {
      await mongo.stop();
      await postgres.stop();
    },
  };
}
