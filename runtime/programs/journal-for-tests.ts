import type { Client } from 'pg';
import { startBank } from '../supervisor/bank.ts';
import type { InstanceOptions } from '../instance.ts';
import { withDatabase } from './journal-database.ts';
import { loadSecrets } from '../secrets.ts';

const ADMIN_DATABASE = 'postgres';

interface TakenStream {
  readonly version: number;
  /** By its content: the order of its names says nothing. */
  readonly state: unknown;
  readonly rest: string;
}

/** What of the actors' journal the log tells too, so that it can come back. */
export interface TakenJournal {
  /** Of each stream its last version, and the rest as text. */
  readonly streams: ReadonlyMap<string, TakenStream>;
  /** The version under each name, by the id that stands for it. */
  readonly names: ReadonlyMap<string, number>;
}

/** Takes the journal of a stopped bank. With `lose` it is dropped, as if the disk was lost. */
export async function takeJournal(
  options: InstanceOptions,
  { lose }: { readonly lose: boolean },
): Promise<TakenJournal> {
  const bank = await startBank({ ...options, quiet: true, infrastructureOnly: true });
  try {
    const secrets = loadSecrets(bank.instance.dataDir);
    const taken = await withDatabase(bank.instance, secrets, 'journal', readJournal);
    if (lose) {
      await withDatabase(bank.instance, secrets, ADMIN_DATABASE, (admin) =>
        admin.query('drop database journal with (force)'),
      );
    }
    return taken;
  } finally {
    await bank.stop();
  }
}

interface StreamRow {
  readonly stream: string;
  readonly version: string;
  readonly digest: string;
  readonly state: string;
  readonly due: string | null;
  readonly secret: string | null;
}

async function readJournal(journal: Client): Promise<TakenJournal> {
  const columns = 'stream, version, digest, state, due, secret';
  const streams = await journal.query<StreamRow>(`select ${columns} from journal.streams`);
  const names = await journal.query<{ id: string; version: string }>(
    'select id, version from journal.names',
  );
  return {
    streams: new Map(
      streams.rows.map(({ stream, version, digest, state, due, secret }) => [
        stream,
        {
          version: Number(version),
          state: JSON.parse(state) as unknown,
          // A key that comes back is wrapped again.
          rest: [digest, due, secret === null].join('\n'),
        },
      ]),
    ),
    names: new Map(names.rows.map(({ id, version }) => [id, Number(version)])),
  };
}
