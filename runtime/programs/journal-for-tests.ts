import { startBank } from '../supervisor/bank.ts';
import type { InstanceOptions } from '../instance.ts';
import { connectToPostgres } from './postgres-connection.ts';
import { loadSecrets } from '../secrets.ts';

const ADMIN_DATABASE = 'postgres';

export interface TakenStream {
  readonly version: number;
  /** By its content: the order of its names says nothing. */
  readonly state: unknown;
  readonly head: string;
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
    const journal = await connectToPostgres(bank.instance, secrets, 'journal');
    const taken = await readJournal(journal).finally(() => journal.end());
    if (lose) {
      const admin = await connectToPostgres(bank.instance, secrets, ADMIN_DATABASE);
      await admin.query('drop database journal with (force)').finally(() => admin.end());
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

async function readJournal(
  journal: Awaited<ReturnType<typeof connectToPostgres>>,
): Promise<TakenJournal> {
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
          head: [digest, due, secret].join('\n'),
        },
      ]),
    ),
    names: new Map(names.rows.map(({ id, version }) => [id, Number(version)])),
  };
}
