import { MongoClient } from 'mongodb';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ofAccountDocument,
  ofHistoryDocuments,
  collections,
  readDatabase,
  type AccountModel,
  type ReadModelName,
} from '../contracts/account/read-models.ts';
import { READ_SIDE_MS_MAX, startReadSide } from '../runtime/programs/read-side-for-tests.ts';
import type { ReadSideForTests } from '../runtime/programs/read-side-for-tests.ts';
import { accountAfter } from './balances/balances.ts';
import {
  linesOf,
  randomLog,
  randomOf,
  seedOfRun,
  sourceOf,
  type LogForTests,
} from './events-for-tests.ts';
import { Generations } from './generations.ts';
import { mongoReadStore } from './read-store/mongo-read-store.ts';

const NAMES = ['balances', 'history'] as const;
const EVENTS = 6_000;
const FAULTS = 3;
const report = { info: () => undefined, warn: () => undefined, error: () => undefined };

const namesOf = ([balances, history]: Generations[]): readonly [string, string] => [
  balances!.status().generation,
  history!.status().generation,
];

describe('both projections on FerretDB', () => {
  let server: ReadSideForTests;
  let client: MongoClient;
  beforeAll(async () => {
    server = await startReadSide();
    client = new MongoClient(server.url);
  }, READ_SIDE_MS_MAX);
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  const documents = (of: ReadModelName, name: string) =>
    client.db(readDatabase(of)).collection(name).find({}).toArray();

  const expectSame = async (
    log: LogForTests,
    [balances, history]: readonly [string, string],
    seed: number,
  ): Promise<void> => {
    const replayed = new Map<string, AccountModel>();
    const accounts = (await documents('balances', collections.accounts(balances))).map(
      ofAccountDocument,
    );
    const places = new Map(
      accounts.map(({ accountId, ownerIndex, index }) => [accountId, { ownerIndex, index }]),
    );
    for (const entry of log.entries) {
      const id = entry.event.stream.slice('acct/'.length);
      replayed.set(id, accountAfter(replayed.get(id), entry, places.get(id)!));
    }
    const byId = new Map(accounts.map((account) => [account.accountId, account]));
    expect({ seed, accounts: byId }).toEqual({ seed, accounts: replayed });
    const lines = ofHistoryDocuments(await documents('history', collections.history(history)));
    lines.sort((a, b) => a.position - b.position);
    const same = isDeepStrictEqual(lines, linesOf(log.entries));
    expect({ seed, count: lines.length, same }).toEqual({ seed, count: EVENTS, same: true });
  };

  test('what is read equals the replay of the log, though FerretDB is killed', async () => {
    const seed = seedOfRun();
    const random = randomOf(seed);
    const log = randomLog(random, EVENTS, 200);
    log.entries.splice(EVENTS);
    const there: LogForTests['entries'] = [];
    const source = sourceOf({ entries: there });
    // Each with the rights of its own app.
    const stores = NAMES.map((name) => mongoReadStore(server.urlOf(`projection-${name}`)));
    const both = NAMES.map((name, at) => new Generations(name, stores[at]!, source, report));
    for (const one of both) await one.start();
    const killAt = Array.from({ length: FAULTS }, (_, at) => ((at + 1) * EVENTS) / (FAULTS + 2));
    let killed = 0;
    while (there.length < EVENTS) {
      const from = there.length;
      there.push(...log.entries.slice(from, from + 1 + random(80)));
      if (random(4) > 0) for (const one of both) one.push(log.message(from, there.length));
      if (killed < FAULTS && there.length > (killAt[killed] ?? EVENTS)) {
        server.kill();
        killed += 1;
      }
      await sleep(random(30));
    }
    const done = () => both.every((one) => one.status().eventsApplied === EVENTS);
    while (!done()) {
      const reasons = both.map((one) => one.status().reason).join();
      expect({
        seed,
        stopped: both.some((one) => one.status().state === 'stopped'),
        reasons,
      }).toMatchObject({ seed, stopped: false });
      await sleep(50);
    }
    expect(killed).toBe(FAULTS);
    for (const one of both) await one.end();
    await expectSame(log, namesOf(both), seed);

    const again = NAMES.map((name, at) => new Generations(name, stores[at]!, source, report));
    for (const one of again) await one.start();
    for (const one of again) one.rebuild();
    while (again.some((one) => one.rebuildStatus()?.rebuild !== 'done')) {
      expect(again.map((one) => one.rebuildStatus()?.reason)).toEqual([undefined, undefined]);
      await sleep(50);
    }
    for (const one of again) await one.end();
    await expectSame(log, namesOf(again), seed);
    for (const store of stores) await store.close();
  }, 120_000);

  test('given the role of an app, it writes its own read model and nothing else', async () => {
    const as = async <T>(app: string, work: (mongo: MongoClient) => Promise<T>): Promise<T> => {
      const mongo = new MongoClient(server.urlOf(app));
      try {
        return await work(mongo);
      } finally {
        await mongo.close();
      }
    };
    const write = (mongo: MongoClient, of: ReadModelName) =>
      mongo.db(readDatabase(of)).collection(collections.checkpoints).insertOne({ forged: true });
    const read = (mongo: MongoClient, of: ReadModelName) =>
      mongo.db(readDatabase(of)).collection(collections.checkpoints).find({}).toArray();
    for (const [mine, other] of [NAMES, [...NAMES].reverse()] as const) {
      await as(`projection-${mine}`, async (mongo) => {
        await write(mongo, mine!);
        await expect(write(mongo, other!)).rejects.toThrow();
        await expect(read(mongo, other!)).rejects.toThrow();
        await expect(mongo.db(readDatabase(other!)).dropDatabase()).rejects.toThrow();
        await expect(mongo.db('another').collection('new').insertOne({})).rejects.toThrow();
      });
    }
    await as('queries-bank-api', async (mongo) => {
      for (const name of NAMES) {
        expect((await read(mongo, name)).some(({ forged }) => forged === true)).toBe(true);
        await expect(write(mongo, name)).rejects.toThrow();
        const database = mongo.db(readDatabase(name));
        await expect(database.collection('new').insertOne({})).rejects.toThrow();
        await expect(database.collection(collections.checkpoints).drop()).rejects.toThrow();
        await expect(database.collection(collections.checkpoints).deleteMany({})).rejects.toThrow();
      }
    });
  });
});
