import { provisionImmudb } from '../programs/immudb.ts';
import { resolveInstance } from '../instance.ts';
import { provisionJournal } from '../programs/journal-database.ts';
import { provisionNats } from '../programs/nats.ts';
import { CannotRun, runCommand } from '../progress.ts';
import { setTimeout as sleep } from 'node:timers/promises';

const TRIES_MAX = 60;
const RETRY_MS = 1_000;

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new CannotRun(`${name} is not set.`);
  return value;
};

const eventually = async (work: () => Promise<void>): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
      await sleep(RETRY_MS);
    }
  }
};

/** In containers: makes journal, streams and log with the users of the apps, then ends. */
runCommand(async () => {
  const instance = resolveInstance({ instance: 0 });
  const natsAdmin = required('NATS_PASSWORD_ADMIN');
  const immudbAdmin = required('IMMUDB_ADMIN_PASSWORD');
  const immudbWriter = required('IMMUDB_PASSWORD');
  const immudbReader = required('IMMUDB_READER_PASSWORD');
  const postgresAdmin = required('POSTGRES_ADMIN_PASSWORD');
  const postgresJournal = required('POSTGRES_JOURNAL_PASSWORD');
  await eventually(() => provisionJournal(instance, { postgresAdmin, postgresJournal }));
  await eventually(() => provisionNats(instance, { natsAdmin }));
  await eventually(() => provisionImmudb(instance, { immudbAdmin, immudbWriter, immudbReader }));
  process.stdout.write('The journal, the streams and the log are ready.\n');
});
