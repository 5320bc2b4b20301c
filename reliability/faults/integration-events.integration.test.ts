import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { integrationEventSchemas } from '../../contracts/log/integration-events.ts';
import type { IntegrationEvent } from '../../contracts/log/integration-events.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { bankUnderTest, HEAL_MS_MAX, violationsWithin } from './bank-under-test.ts';
import type { BankUnderTest } from './bank-under-test.ts';
import { startLoad } from './load.ts';
import { seededRandom } from '../../platform/seeded-random.ts';
import { viewOf } from './verdict.ts';

const STREAM = 'BANK_EVENTS';
const CONSUMER = 'accounting';
const CLIENTS = 16;
const ACCOUNTS = 12;
const LOAD_MS = 1_200;
const PAGE_MESSAGES = 500;
const EVENTS_MIN = 50;
const CRASH_POINTS = ['event-source:before-stream', 'event-source:after-stream'];

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const random = seededRandom(seed);
jest.setTimeout(90_000);

let house: BankUnderTest;
let accountIds: string[];
beforeAll(async () => {
  house = await bankUnderTest();
  accountIds = await house.openAccounts(ACCOUNTS);
});
afterAll(() => house.close());

/** As docs/integration-events.md tells a consumer to read. */
async function asReader() {
  const { instance } = house.bank;
  const connection = await connect({
    servers: `127.0.0.1:${instance.ports.nats}`,
    user: 'reader',
    pass: loadSecrets(instance.dataDir).natsReader,
    inboxPrefix: '_INBOX_READER',
  });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  return { connection, manager };
}

/** What the consumer has read so far, as it came; it survives kills because it is durable. */
const read: IntegrationEvent[] = [];

async function readOn(): Promise<void> {
  const { connection, manager } = await asReader();
  try {
    await manager.consumers.add(STREAM, {
      durable_name: CONSUMER,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: 2 * PAGE_MESSAGES,
    });
    const consumer = await jetstream(connection).consumers.get(STREAM, CONSUMER);
    for (let got = 1; got > 0;) {
      got = 0;
      const page = await consumer.fetch({ max_messages: PAGE_MESSAGES, expires: 1_000 });
      for await (const message of page) {
        read.push(message.json<IntegrationEvent>());
        message.ack();
        got += 1;
      }
    }
  } finally {
    await connection.close();
  }
}

/** Each event of each account must have come, in order, as the log has it. */
async function violations(): Promise<string[]> {
  await readOn();
  const views = await Promise.all(accountIds.map((id) => viewOf(house.queryUrl, id)));
  return views.flatMap(({ accountId, events }) => {
    const seen = new Set<string>();
    const ids = read
      .filter(({ subject, id }) => subject === accountId && !seen.has(id) && seen.add(id))
      .map(({ id }) => id);
    const logged = events.map(({ id }) => id);
    const same = JSON.stringify(ids) === JSON.stringify(logged);
    return same ? [] : [`${accountId}: ${ids.length} were published, ${logged.length} happened`];
  });
}

async function underLoad(hurt: () => Promise<void> | void): Promise<void> {
  const { commandUrl } = house;
  const load = startLoad({ commandUrl, accountIds, clients: CLIENTS, random });
  await sleep(LOAD_MS);
  await hurt();
  await sleep(LOAD_MS);
  await load.stop();
}

const kill = (program: string): void => {
  if (!house.bank.kill(program, 'SIGKILL')) throw new Error(`${program} does not run`);
};

describe(`every event of the log is published, in order (SEED=${seed})`, () => {
  test.each(['event-source', 'nats', 'event-source-daprd', 'immudb'])(
    'given kill -9 of %s under load',
    async (program) => {
      const before = read.length;
      await underLoad(() => kill(program));
      expect(await violationsWithin(2 * HEAL_MS_MAX, violations)).toEqual([]);
      expect(read.length - before).toBeGreaterThan(EVENTS_MIN);
    },
  );

  test.each(CRASH_POINTS)('given kill -9 at %s', async (point) => {
    const restarts = house.bank.restartCount('event-source');
    await underLoad(() => house.planCrash(point));
    expect(await violationsWithin(2 * HEAL_MS_MAX, violations)).toEqual([]);
    expect(house.bank.restartCount('event-source')).toBeGreaterThan(restarts);
  });

  test('given five kills in a row, then still no event is missing', async () => {
    await underLoad(async () => {
      for (let times = 0; times < 5; times += 1) {
        house.bank.kill('event-source', 'SIGKILL');
        await sleep(Math.floor(random() * 700));
      }
    });
    expect(await violationsWithin(2 * HEAL_MS_MAX, violations)).toEqual([]);
  });
});

test('what was published is what the contract says, and health shows no lag', async () => {
  const wrong = read.filter((event) => {
    const parsed = integrationEventSchemas.get(event.type)?.safeParse(event);
    // A schema drops what it does not name, so an equal result has nothing more.
    return parsed?.success !== true || canonicalJson(parsed.data) !== canonicalJson(event);
  });
  expect(wrong.slice(0, 3)).toEqual([]);
  const health = (await house.bank.health('event-source')) as { checks: { integration: object } };
  expect(health.checks.integration).toMatchObject({ ok: true, lagMs: 0 });
});

test('given a consumer, then it may read and not publish', async () => {
  const { connection, manager } = await asReader();
  const before = (await manager.streams.info(STREAM)).state.last_seq;
  const publishing = connection.request('bank-events', '{}', { timeout: 500 });
  await expect(publishing).rejects.toThrow();
  await expect(manager.streams.purge(STREAM)).rejects.toThrow();
  await expect(manager.streams.info('ACCOUNT_EVENTS')).rejects.toThrow();
  expect((await manager.streams.info(STREAM)).state.last_seq).toBe(before);
  await connection.close();
});
