import { MongoClient, MongoError, type Collection } from 'mongodb';
import { newestRevision, registryRevision } from '../../contracts/generations.ts';
import {
  checkpointId,
  collections,
  metadataId,
  readDatabase,
  revisionId,
  type ReadModelName,
  ofAccountDocument,
  ofChangeDocument,
  ofHistoryDocuments,
  ofMetadataDocument,
} from '../../contracts/account/read-models.ts';
import { ofListDocument } from '../../contracts/account/lists.ts';
import { ofPersonDocument } from '../../contracts/person/model.ts';
import { Unavailable, type ReadModels } from './read-models.ts';

const CONNECTIONS_MAX = 24;
const SERVER_MS_MAX = 1_500;
const CALL_MS_MAX = 3_000;
/** Calls that may wait for a connection; a read side that is too slow is not there. */
const QUEUE_MS_MAX = 2_000;

type Document = { _id: string | number } & Record<string, unknown>;

/** The read models in MongoDB or FerretDB. */
export function mongoReadModels(url: string): ReadModels & { close(): Promise<void> } {
  const client = new MongoClient(url, {
    maxPoolSize: CONNECTIONS_MAX,
    waitQueueTimeoutMS: QUEUE_MS_MAX,
    serverSelectionTimeoutMS: SERVER_MS_MAX,
    connectTimeoutMS: SERVER_MS_MAX,
    socketTimeoutMS: CALL_MS_MAX,
  });
  const collection = (of: ReadModelName, name: string): Collection<Document> =>
    client.db(readDatabase(of)).collection<Document>(name);

  /** The newest revision of each registry that was read. */
  const revisions = new Map<ReadModelName, number>();

  const one = (
    of: ReadModelName,
    name: string,
    _id: string | number,
  ): Promise<Document | undefined> =>
    reached(async () => (await collection(of, name).findOne({ _id })) ?? undefined);
  const all = (
    of: ReadModelName,
    name: string,
    equality: Record<string, string | number>,
  ): Promise<Document[]> => reached(() => collection(of, name).find(equality).toArray());

  return {
    async generation(name) {
      const newest = await newestRevision(async (revision) => {
        const found = await one(name, collections.registry, revisionId(name, revision));
        if (found === undefined) return undefined;
        const { _id, ...document } = found;
        return registryRevision.parse(document);
      }, revisions.get(name));
      revisions.set(name, newest?.revision ?? 0);
      return newest?.inUse;
    },
    async settled(generation) {
      const document = await one(
        'balances',
        collections.checkpoints,
        checkpointId('balances', generation),
      );
      return Number(document?.['settled'] ?? 0);
    },
    async change(generation, seq) {
      const document = await one('balances', collections.changes(generation), seq);
      return document && ofChangeDocument(document);
    },
    async account(generation, accountId) {
      const document = await one('balances', collections.accounts(generation), accountId);
      return document && ofAccountDocument(document);
    },
    async metadata(generation, accountId, version) {
      const id = metadataId(accountId, version);
      const document = await one('balances', collections.metadata(generation), id);
      return document && ofMetadataDocument(document);
    },
    isSetAside: async (name, generation, stream) =>
      (await one(name, collections.setAside(name, generation), stream)) !== undefined,
    async accounts(generation, page) {
      return (await all('balances', collections.accounts(generation), { ...page })).map(
        ofAccountDocument,
      );
    },
    async person(generation, personId) {
      const document = await one('balances', collections.persons(generation), personId);
      return document && ofPersonDocument(document);
    },
    async persons(generation, page) {
      return (await all('balances', collections.persons(generation), { page })).map(
        ofPersonDocument,
      );
    },
    async listed(generation, page) {
      return (await all('history', collections.lists(generation), { page })).map(ofListDocument);
    },
    async listedLine(generation, id) {
      const found = await one('history', collections.lists(generation), id);
      return found && String(found['line']);
    },
    async historyLines(generation, page) {
      return ofHistoryDocuments(await all('history', collections.history(generation), { page }));
    },
    close: () => client.close(),
  };
}

async function reached<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof MongoError) throw new Unavailable(error.message, { cause: error });
    throw error;
  }
}
