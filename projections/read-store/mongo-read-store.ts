import { BSON, MongoBulkWriteError, MongoClient, MongoServerError } from 'mongodb';
import type { Collection } from 'mongodb';
import { registryRevision } from '../../contracts/generations.ts';
import {
  accountsCheckpoint,
  checkpointSchema,
  checkpointId,
  collections,
  readDatabase,
  DOCUMENT_BYTES_MAX,
  revisionId,
  SET_ASIDE_NAMED_MAX,
  type Checkpoint,
  type ReadModelName,
  ofAccountDocument,
  ofChangeDocument,
  ofSetAsideDocument,
  toSetAsideDocument,
  toAccountDocument,
  toChangeDocument,
  toHistoryDocument,
  toLinkDocument,
  toMetadataDocument,
  type HistoryDocument,
  type HistoryEntry,
} from '../../contracts/account/read-models.ts';
import { ofPersonDocument, toPersonDocument } from '../../contracts/person/model.ts';
import { ACCOUNTS_BEGINNING, BEGINNING } from './read-store.ts';
import type { AccountStore, HistoryStore, PersonStore, ReadStore } from './read-store.ts';

const DUPLICATE_KEY = 11_000;
// FerretDB holds one PostgreSQL connection per command; see docs/decisions/0005-read-models.md.
const CONNECTIONS_MAX = 12;
const SERVER_MS_MAX = 2_000;
const CALL_MS_MAX = 10_000;

/** Bytes of a document, as MongoDB counts them for its limit. */
export const documentBytes = (document: object): number => BSON.calculateObjectSize(document);

type Document = { _id: string | number } & Record<string, unknown>;

/**
 * The read side in MongoDB or FerretDB. Documents are found by equality of one indexed member only,
 * and nothing needs a transaction. Every call rejects when the database cannot be reached.
 */
export function mongoReadStore(url: string): ReadStore & { close(): Promise<void> } {
  const client = new MongoClient(url, {
    maxPoolSize: CONNECTIONS_MAX,
    serverSelectionTimeoutMS: SERVER_MS_MAX,
    connectTimeoutMS: SERVER_MS_MAX,
    socketTimeoutMS: CALL_MS_MAX,
    // A projection continues from what it wrote, so a crash must not undo any of it.
    writeConcern: { w: 'majority', journal: true },
  });
  const collection = (of: ReadModelName, name: string): Collection<Document> =>
    client.db(readDatabase(of)).collection<Document>(name);
  const registry = (of: ReadModelName) => collection(of, collections.registry);
  const checkpointsOf = (of: ReadModelName) => collection(of, collections.checkpoints);

  // Documents are looked up by equality of one of these members, or of _id.
  const ready = async (
    of: ReadModelName,
    name: string,
    ...members: readonly string[]
  ): Promise<Collection<Document>> => {
    for (const member of members) await collection(of, name).createIndex({ [member]: 1 });
    return collection(of, name);
  };
  const checkpointOf = async (name: ReadModelName, generation: string, first: Checkpoint) => {
    const _id = checkpointId(name, generation);
    const checkpoints = checkpointsOf(name);
    await insertOne(checkpoints, { _id, ...first });
    return {
      async read(): Promise<Record<string, unknown> | undefined> {
        const found = await checkpoints.findOne({ _id });
        if (found === null) return undefined;
        const { _id: _same, ...document } = found;
        return document;
      },
      save: (checkpoint: Checkpoint) => replaceEarlier(checkpoints, { _id, ...checkpoint }),
    };
  };

  return {
    async revision(name, revision) {
      const found = await registry(name).findOne({ _id: revisionId(name, revision) });
      if (found === null) return undefined;
      const { _id, ...document } = found;
      return registryRevision.parse(document);
    },
    async insertRevision(name, revision) {
      const _id = revisionId(name, revision.revision);
      return (await insertOne(registry(name), { _id, ...revision })) ? 'inserted' : 'taken';
    },
    async drop(name, generation) {
      await checkpointsOf(name).deleteOne({ _id: checkpointId(name, generation) });
      const { accounts, changes, history, lists, metadata, persons, setAside } = collections;
      const own = name === 'balances' ? [changes, accounts, metadata, persons] : [history, lists];
      const names = [...own.map((nameOf) => nameOf(generation)), setAside(name, generation)];
      for (const one of names) await collection(name, one).drop();
    },
    async accounts(generation) {
      const accounts = await ready(
        'balances',
        collections.accounts(generation),
        'ownerPage',
        'page',
      );
      const changes = await ready('balances', collections.changes(generation), 'block');
      const checkpoint = await checkpointOf('balances', generation, ACCOUNTS_BEGINNING);
      const metadata = collection('balances', collections.metadata(generation));
      return {
        ...accountDocuments(accounts),
        ...changeDocuments(changes),
        insertMetadata: async (said) =>
          void (await insertMissing(metadata, said.map(toMetadataDocument))),
        async checkpoint() {
          const document = await checkpoint.read();
          return document && accountsCheckpoint.parse(document);
        },
        saveCheckpoint: checkpoint.save,
      };
    },
    persons: async (generation) =>
      personDocuments(await ready('balances', collections.persons(generation), 'page')),
    async history(generation): Promise<HistoryStore> {
      const lines = await ready('history', collections.history(generation), 'page');
      const lists = await ready('history', collections.lists(generation), 'page');
      const checkpoint = await checkpointOf('history', generation, BEGINNING);
      return {
        async checkpoint() {
          const document = await checkpoint.read();
          return document && checkpointSchema.parse(document);
        },
        saveCheckpoint: checkpoint.save,
        async insertLines(added) {
          const made = (to: (id: string, entry: HistoryEntry) => HistoryDocument | undefined) =>
            added.flatMap(({ accountId, entry }) => to(accountId, entry) ?? []);
          await insertMissing(lines, made(toLinkDocument));
          await insertMissing(lines, made(toHistoryDocument));
        },
        insertListed: (entries) => insertMissing(lists, entries),
        async listPageSize(page, before) {
          const found = await lists.find({ page }).toArray();
          return found.filter(({ position }) => Number(position) < before).length;
        },
      };
    },
    async setAside(name, generation) {
      const streams = await ready(name, collections.setAside(name, generation), 'list');
      return {
        insert: async (added) => void (await insertMissing(streams, added.map(toSetAsideDocument))),
        async list() {
          const found = streams.find({ list: 'all' }).limit(SET_ASIDE_NAMED_MAX);
          return (await found.toArray()).map(ofSetAsideDocument);
        },
      };
    },
    close: () => client.close(),
  };
}

type AccountDocuments = Pick<
  AccountStore,
  'account' | 'insertAccounts' | 'replaceAccount' | 'pageSize'
>;

function accountDocuments(accounts: Collection<Document>): AccountDocuments {
  return {
    async account(accountId) {
      const document = await accounts.findOne({ _id: accountId });
      return document === null ? undefined : ofAccountDocument(document);
    },
    insertAccounts: async (added) =>
      void (await insertMissing(accounts, added.map(toAccountDocument))),
    replaceAccount: (account) => replaceEarlier(accounts, toAccountDocument(account)),
    pageSize: async (page) => (await accounts.find({ ...page }).toArray()).length,
  };
}

function personDocuments(persons: Collection<Document>): PersonStore {
  return {
    async person(personId) {
      const document = await persons.findOne({ _id: personId });
      return document === null ? undefined : ofPersonDocument(document);
    },
    insertPerson: async (person) =>
      (await insertOne(persons, toPersonDocument(person))) ? 'inserted' : 'taken',
    replacePerson: (person) => replaceEarlier(persons, toPersonDocument(person)),
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
      const document = toChangeDocument(change);
      // MongoDB refuses it; FerretDB takes it and may fail to read it back.
      if (documentBytes(document) > DOCUMENT_BYTES_MAX) {
        throw new Error('the change is larger than the database takes');
      }
      return (await insertOne(changes, document)) ? 'appended' : 'taken';
    },
    deleteChanges: async (block) => void (await changes.deleteMany({ block })),
  };
}

/**
 * Replaces a document that tells of an earlier position, and nothing else. FerretDB compares and
 * writes in two steps; between them the trigger of runtime/programs/read-side-database.ts compares
 * once more.
 */
async function replaceEarlier(
  into: Collection<Document>,
  { _id, ...document }: { readonly _id: string; readonly position: number },
): Promise<void> {
  await into.replaceOne({ _id, position: { $lt: document.position } }, { ...document });
}

/** Gives whether there was none of that id. */
async function insertOne(
  into: Collection<Document>,
  document: { readonly _id: string | number },
): Promise<boolean> {
  try {
    await into.insertOne({ ...document });
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
    throw error;
  }
}

/**
 * Unordered, so that a document which is there already does not keep the others out. Gives the ids
 * of those that were there.
 */
async function insertMissing(
  into: Collection<Document>,
  documents: readonly { readonly _id: string }[],
): Promise<string[]> {
  if (documents.length === 0) return [];
  try {
    await into.insertMany(
      documents.map((document) => ({ ...document })),
      { ordered: false },
    );
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const faults = [error.writeErrors].flat();
    if (faults.length === 0 || faults.some((fault) => fault.code !== DUPLICATE_KEY)) throw error;
    return faults.map(({ index }) => documents[index]!._id);
  }
}
