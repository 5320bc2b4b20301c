import { startBank } from './bank.ts';
import type { InstanceOptions } from './instance.ts';
import { connectToPostgres } from './postgres-connection.ts';
import { loadSecrets } from './secrets.ts';

const ADMIN_DATABASE = 'postgres';

/**
 * Takes the actors' journal of a bank that is stopped: what it held, by key. With `lose` it is
 * dropped, as if the disk was lost.
 */
export async function takeJournal(
  options: InstanceOptions,
  { lose }: { readonly lose: boolean },
): Promise<ReadonlyMap<string, unknown>> {
  const bank = await startBank({ ...options, quiet: true, infrastructureOnly: true });
  try {
    const secrets = loadSecrets(bank.instance.dataDir);
    const journal = await connectToPostgres(bank.instance, secrets, 'journal');
    const { rows } = await journal
      .query<{ key: string; value: Buffer }>('select key, value from state')
      .finally(() => journal.end());
    if (lose) {
      const admin = await connectToPostgres(bank.instance, secrets, ADMIN_DATABASE);
      await admin.query('drop database journal with (force)').finally(() => admin.end());
    }
    const withoutApp = (key: string): string => key.slice(key.indexOf('||') + 2);
    return new Map(
      rows.map(({ key, value }) => [withoutApp(key), JSON.parse(value.toString()) as unknown]),
    );
  } finally {
    await bank.stop();
  }
}
