import { MongoClient } from 'mongodb';
import { readDatabase } from '../contracts/account/read-models.ts';
import { READ_SIDE_MS_MAX, startReadSide } from '../runtime/programs/read-side-for-tests.ts';
import type { ReadSideForTests } from '../runtime/programs/read-side-for-tests.ts';
import { randomOf, seedOfRun } from './events-for-tests.ts';
import { differences, expected, lineDifferences } from './late-writes-for-tests.ts';
import { mixedLog, runCourse } from './late-writes-for-tests.ts';
import { mongoReadStore } from './read-store/mongo-read-store.ts';

const TIMES = {
  pace: { spacingMs: 5, pollMs: 20, retryMs: 5, retryMsMax: 20 },
  lookMs: 50,
  followedMs: 200,
  keptMs: 400,
  now: () => performance.now() * 100,
};

describe('two projections at once on FerretDB, with pauses and late writes', () => {
  let server: ReadSideForTests;
  let client: MongoClient;
  let store: ReturnType<typeof mongoReadStore>;
  beforeAll(async () => {
    server = await startReadSide();
    client = new MongoClient(server.url);
    store = mongoReadStore(server.url);
  }, READ_SIDE_MS_MAX);
  afterAll(async () => {
    await store.close();
    await client.close();
    await server.stop();
  });

  test.each(['balances', 'history'] as const)(
    '%s are right in the end',
    async (name) => {
      const seed = seedOfRun();
      const random = randomOf(seed);
      const entries = mixedLog(random, 1_000, 40);
      const documents = (of: string) =>
        client.db(readDatabase(name)).collection(of).find({}).toArray();
      const { shown, lines } = await runCourse({
        name,
        store,
        documents,
        random,
        entries,
        times: TIMES,
        delayMs: 300,
        steps: 40,
        stepMs: 300,
      });
      const wrong =
        name === 'history'
          ? lineDifferences(lines, entries)
          : differences(shown, expected(entries));
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
    },
    120_000,
  );
});
