import { MongoBulkWriteError, MongoClient, MongoServerError, type Collection } from 'mongodb';
import { accountsCheckpoint, checkpointSchema } from '../../contracts/read-models.ts';
import { collections, READ_DATABASE } from '../../contracts/read-models.ts';
import { ofAccountDocument, ofChangeDocument } from '../../contracts/read-documents.ts';
import { toAccountDocument, toChangeDocument } from '../../contracts/read-documents.ts';
import { toHistoryDocument, toLinkDocument } from '../../contracts/read-documents.ts';
import type { HistoryDocument } from '../../contracts/read-documents.ts';
import type { HistoryEntry, ReadModelName } from '../../contracts/read-models.ts';
import { ofPersonDocument, toPersonDocument } from '../../contracts/person-model.ts';
import type { AccountStore, HistoryStore, PersonStore, ReadStore } from './read-store.ts';

const DUPLICATE_KEY = 11_000;
// FerretDB holds one PostgreSQL connection per command; see docs/decisions/0005-read-models.md.
const CONNECTIONS_MAX = 12;
const SERVER_MS_MAX = 2_000;
const CALL_MS_MAX = 10_000;

type Document = { _id: string | number } & Record<string, unknown>;

/**
 * The read side on MongoDB or FerretDB. Documents are found by equality of one indexed member
 * only, and nothing needs a transaction.
 */
export function mongoReadStore(url: string): ReadStore & { close(): Promise<void> } {
  const client = new MongoClient(url, {
    maxPoolSize: CONNECTIONS_MAX,
    serverSelectionTimeoutMS: SERVER_MS_MAX,
    connectTimeoutMS: SERVER_MS_MAX,
    socketTimeoutMS: CALL_MS_MAX,
    // A projection goes on from what it wrote, so a crash must not take any of it back.
    writeConcern: { w: 'majority', journal: true },
  });
  const database = client.db(READ_DATABASE);
  const collection = (name: string): Collection<Document> => database.collection<Document>(name);
  const registry = collection(collections.registry);
  const checkpointId = (name: ReadModelName, generation: number) => `${name}-${generation}`;

  // The member is looked up by equality, so each collection has at most one index beside _id.
  const ready = async (name: string, member: string): Promise<Collection<Document>> => {
    await collection(name).createIndex({ [member]: 1 });
    return collection(name);
  };
  const read = async (id: string): Promise<Record<string, unknown> | undefined> => {
    const { _id, ...document } = (await registry.findOne({ _id: id })) ?? { _id: undefined };
    return _id === undefined ? undefined : document;
  };
  const write = async (id: string, document: object): Promise<void> => {
    await registry.replaceOne({ _id: id }, { ...document }, { upsert: true });
  };

  return {
    async generation(name) {
      const document = await read(name);
      return document === undefined ? undefined : Number(document['generation']);
    },
    publish: (name, generation) => write(name, { generation }),
    async drop(name, generation) {
      await registry.deleteOne({ _id: checkpointId(name, generation) });
      const { accounts, changes, history, persons } = collections;
      const names = name === 'balances' ? [changes, accounts, persons] : [history];
      for (const nameOf of names) await collection(nameOf(generation)).drop();
    },
    async accounts(generation) {
      const id = checkpointId('balances', generation);
      return {
        ...accountDocuments(await ready(collections.accounts(generation), 'ownerPage')),
        ...changeDocuments(await ready(collections.changes(generation), 'block')),
        async checkpoint() {
          const document = await read(id);
          return document && accountsCheckpoint.parse(document);
        },
        saveCheckpoint: (checkpoint) => write(id, checkpoint),
      };
    },
    persons: async (generation) =>
      personDocuments(await ready(collections.persons(generation), 'page')),
    async history(generation): Promise<HistoryStore> {
      const id = checkpointId('history', generation);
      const lines = await ready(collections.history(generation), 'page');
      return {
        async checkpoint() {
          const document = await read(id);
          return document && checkpointSchema.parse(document);
        },
        saveCheckpoint: (checkpoint) => write(id, checkpoint),
        async insertLines(added) {
          const made = (to: (id: string, entry: HistoryEntry) => HistoryDocument | undefined) =>
            added.flatMap(({ accountId, entry }) => to(accountId, entry) ?? []);
          await insertMissing(lines, made(toLinkDocument));
          await insertMissing(lines, made(toHistoryDocument));
        },
      };
    },
    close: () => client.close(),
  };
}

type AccountDocuments = Pick<
  AccountStore,
  'account' | 'insertAccounts' | 'replaceAccount' | 'ownerPageSize'
>;

function accountDocuments(accounts: Collection<Document>): AccountDocuments {
  return {
    async account(accountId) {
      const document = await accounts.findOne({ _id: accountId });
      return document === null ? undefined : ofAccountDocument(document);
    },
    insertAccounts: (added) =>
      insertMissing(
        accounts,
        added.map((account) => ({ ...toAccountDocument(account) })),
      ),
    async replaceAccount(account) {
      const { _id, ...document } = toAccountDocument(account);
      await accounts.replaceOne({ _id }, document, { upsert: true });
    },
    ownerPageSize: async (key) => (await accounts.find({ ownerPage: key }).toArray()).length,
  };
}

function personDocuments(persons: Collection<Document>): PersonStore {
  return {
    async person(personId) {
      const document = await persons.findOne({ _id: personId });
      return document === null ? undefined : ofPersonDocument(document);
    },
    async replacePerson(person) {
      const { _id, ...document } = toPersonDocument(person);
      await persons.replaceOne({ _id }, document, { upsert: true });
    },
    personPageSize: async (page) => (await persons.find({ page }).toArray()).length,
  };
}

type ChangeDocuments = Pick<AccountStore, 'change' | 'appendChange' | 'deleteChanges'>;

function changeDocuments(changes: Collection<Document>): ChangeDocuments {
  return {
    async change(seq) {
      const document = await changes.findOne({ _id: seq });
      return document === null ? undefined : ofChangeDocument(document);
    },
    async appendChange(change) {
      try {
        await changes.insertOne({ ...toChangeDocument(change) });
        return 'appended';
      } catch (error) {
        if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return 'taken';
        throw error;
      }
    },
    deleteChanges: async (block) => void (await changes.deleteMany({ block })),
  };
}

/** Unordered, so that a document which is there already does not keep the others out. */
async function insertMissing(
  into: Collection<Document>,
  documents: readonly { readonly _id: string }[],
): Promise<void> {
  if (documents.length === 0) return;
  try {
    await into.insertMany(
      documents.map((document) => ({ ...document })),
      { ordered: false },
    );
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const faults = [error.writeErrors].flat();
    if (faults.length === 0 || faults.some((fault) => fault.code !== DUPLICATE_KEY)) throw error;
  }
}
