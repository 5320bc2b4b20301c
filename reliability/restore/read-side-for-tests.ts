import { MongoClient, type Document } from 'mongodb';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import {
  ofChangeDocument,
  toAccountDocument,
  collections,
  readDatabase,
  revisionId,
  type ReadModelName,
} from '../../contracts/account/read-models.ts';
import { newestRevision, type RegistryRevision } from '../../contracts/generations.ts';
import type { Instance } from '../../runtime/instance.ts';
import { readSideAdminUrl } from '../../runtime/programs/ferretdb.ts';
import { loadSecrets } from '../../runtime/secrets.ts';

/** Opens the read side's databases as their administrator. */
async function withDatabase<T>(
  instance: Instance,
  work: (databaseOf: (name: ReadModelName) => ReturnType<MongoClient['db']>) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(readSideAdminUrl(instance, loadSecrets(instance.dataDir)));
  try {
    return await work((name) => client.db(readDatabase(name)));
  } finally {
    await client.close();
  }
}

export const dropReadSide = (instance: Instance): Promise<void> =>
  withDatabase(instance, async (databaseOf) => {
    for (const name of ['balances', 'history'] as const) {
      const database = databaseOf(name);
      for (const one of await database.listCollections().toArray()) {
        await database.dropCollection(one.name);
      }
    }
  });

/**
 * What clients can see of the read side: every document by its kind and id, as canonical JSON.
 * The changes of accounts, which readers apply to documents that are written later, are applied.
 */
export const readSide = (instance: Instance): Promise<Map<string, string>> =>
  withDatabase(instance, async (databaseOf) => {
    const generation = async (name: ReadModelName): Promise<string> => {
      const registry = databaseOf(name).collection<Document & { _id: string }>(
        collections.registry,
      );
      const newest = await newestRevision(async (revision) => {
        const found = await registry.findOne({ _id: revisionId(name, revision) });
        return (found as unknown as RegistryRevision | null) ?? undefined;
      });
      return String(newest?.inUse);
    };
    const [balances, history] = [await generation('balances'), await generation('history')];
    const all = (name: string, of: ReadModelName = 'balances'): Promise<Document[]> =>
      databaseOf(of).collection(name).find({}).toArray();
    const seen = new Map<string, string>();
    const put = (kind: string, document: Document): void =>
      void seen.set(`${kind} ${String(document['_id'])}`, canonicalJson(document));
    for (const document of await all(collections.accounts(balances))) put('account', document);
    const changes = (await all(collections.changes(balances))).map(ofChangeDocument);
    changes.sort((one, other) => one.seq - other.seq);
    for (const { accounts } of changes) {
      for (const account of accounts) put('account', toAccountDocument(account));
    }
    for (const document of await all(collections.metadata(balances))) put('metadata', document);
    for (const document of await all(collections.persons(balances))) put('person', document);
    for (const document of await all(collections.history(history), 'history'))
      put('history', document);
    return seen;
  });
