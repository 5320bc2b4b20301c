import { MongoClient, type Collection } from 'mongodb';
import {
  checkpointId,
  collections,
  readDatabase,
  revisionId,
  toAccountDocument,
  toChangeDocument,
  toMetadataDocument,
  toHistoryDocument,
  toLinkDocument,
  toSetAsideDocument,
  type ReadModelName,
} from '../../contracts/account/read-models.ts';
import { toPersonDocument } from '../../contracts/person/model.ts';
import { READ_SIDE_MS_MAX, startReadSide } from '../../runtime/programs/read-side-for-tests.ts';
import type { ReadSideForTests } from '../../runtime/programs/read-side-for-tests.ts';
import { idOf } from '../accounts/accounts-for-tests.ts';
import { mongoReadModels } from './mongo-read-models.ts';
import { readModelsContract, type ReadModelsWriter } from './read-models-contract.ts';
import { Unavailable } from './read-models.ts';

type Document = { _id: string | number };

describe('the read models on FerretDB', () => {
  let server: ReadSideForTests;
  let client: MongoClient;
  let models: ReturnType<typeof mongoReadModels>;
  const into = (name: string, of: ReadModelName = 'balances'): Collection<Document> =>
    client.db(readDatabase(of)).collection<Document>(name);
  const writer: ReadModelsWriter = {
    async use(name, generation) {
      const revisions = [1, 2, 3].map((revision) => ({
        _id: revisionId(name, revision),
        revision,
        building: [],
        retired: [],
        dropped: [],
        ...(revision > 1 && { inUse: revision === 3 ? generation : '1-aaaaaaaa' }),
      }));
      await into(collections.registry, name).insertMany(revisions);
    },
    saveSettled: async (generation, settled) => {
      const document = { _id: checkpointId('balances', generation), settled } as Document;
      await into(collections.checkpoints).insertOne(document);
    },
    change: async (generation, change) =>
      void (await into(collections.changes(generation)).insertOne(toChangeDocument(change))),
    account: async (generation, account) =>
      void (await into(collections.accounts(generation)).insertOne(toAccountDocument(account))),
    person: async (generation, person) =>
      void (await into(collections.persons(generation)).insertOne(toPersonDocument(person))),
    async line(generation, accountId, line) {
      const link = toLinkDocument(accountId, line);
      if (link !== undefined)
        await into(collections.history(generation), 'history').insertOne(link);
      await into(collections.history(generation), 'history').insertOne(
        toHistoryDocument(accountId, line),
      );
    },
    listed: async (generation, entry) =>
      void (await into(collections.lists(generation), 'history').insertOne({ ...entry })),
    metadata: async (generation, said) =>
      void (await into(collections.metadata(generation)).insertOne(toMetadataDocument(said))),
    async setAside(name, generation, stream) {
      const document = toSetAsideDocument({ stream, version: 1, position: 1, fault: 'none' });
      await into(collections.setAside(name, generation), name).insertOne(document);
    },
  };
  beforeAll(async () => {
    server = await startReadSide();
    client = await MongoClient.connect(server.url);
    models = mongoReadModels(server.url);
  }, READ_SIDE_MS_MAX);
  afterAll(async () => {
    await models.close();
    await client.close();
    await server.stop();
  });

  readModelsContract(() => ({ models, writer }));

  test('a server that cannot be reached is said to be unavailable, soon', async () => {
    const away = mongoReadModels('mongodb://127.0.0.1:1/corebank');
    await expect(away.account('1', idOf(1))).rejects.toThrow(Unavailable);
    await away.close();
  });
});
