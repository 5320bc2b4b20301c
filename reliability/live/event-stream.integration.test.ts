import { setTimeout as sleep } from 'node:timers/promises';
import { bankUnderTest, violationsWithin, type BankUnderTest } from '../faults/bank-under-test.ts';
import { viewOf } from '../faults/verdict.ts';
import { consume } from './event-stream-client.ts';
import { bankFetch } from '../faults/bank-fetch.ts';

const COMMANDS = 400;
const ARRIVED_MS_MAX = 15_000;

jest.setTimeout(90_000);

let house: BankUnderTest;
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

type Consumer = ReturnType<typeof consume>;
const connected = async (consumers: readonly Consumer[], times: number): Promise<void> => {
  while (consumers.some(({ connections }) => connections() < times)) await sleep(20);
};

test('three consumers see each version once: one reconnects, the query API dies', async () => {
  const [account] = (await house.openAccounts(1)) as [string];
  const url = `${house.queryUrl}/v1/accounts/${account}/events/stream`;
  const consumers = [consume(url, '0'), consume(url, '0'), consume(url, '0')] as const;
  let sent = 0;
  const client = async (): Promise<void> => {
    for (; sent < COMMANDS; await sleep(10)) {
      sent += 1;
      const response = await bankFetch(`${house.commandUrl}/v1/accounts/${account}/deposits`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ amount: '1.00' }),
      });
      expect(response.status).toBe(201);
    }
  };
  const commands = Promise.all([client(), client(), client(), client()]);
  await connected(consumers, 1);
  consumers[1].reconnect();
  await connected([consumers[1]], 2);
  const restarts = house.bank.restartCount('queries-bank-api');
  if (!house.bank.kill('queries-bank-api', 'SIGKILL')) throw new Error('nothing was killed');
  await commands;
  // What the log has is what must have been seen: opening, first deposit, deposits.
  const expected = Array.from({ length: COMMANDS + 2 }, (_, at) => String(at + 1));
  const missing = await violationsWithin(ARRIVED_MS_MAX, async () =>
    consumers
      .map(({ messages }) => `${messages.length} of ${expected.length} came`)
      .filter((sentence) => sentence !== `${expected.length} of ${expected.length} came`),
  );
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  expect(missing).toEqual([]);
  const { events } = await viewOf(house.queryUrl, account);
  for (const { messages, connections } of consumers) {
    expect(messages.map(({ id }) => id)).toEqual(expected);
    expect(messages.map(({ type }) => type)).toEqual(events.map(({ type }) => type));
    const balances = messages.map(({ data }) => (JSON.parse(data) as { balance: object }).balance);
    expect(balances).toEqual(events.map(({ data }) => data.balance));
    expect(connections()).toBeGreaterThan(1);
  }
  expect(consumers[1].connections()).toBeGreaterThan(2);
  expect(house.bank.restartCount('queries-bank-api')).toBeGreaterThan(restarts);
});

test('without a version a stream begins now; while event-source is away it waits', async () => {
  const [account] = (await house.openAccounts(1)) as [string];
  const { commandUrl, queryUrl, bank } = house;
  await bankFetch(`${queryUrl}/v1/accounts/${account}/balance?minVersion=2`);
  const consumer = consume(`${queryUrl}/v1/accounts/${account}/events/stream`);
  expect(
    await violationsWithin(5_000, async () => (consumer.lastEventId() === '2' ? [] : ['no hello'])),
  ).toEqual([]);
  await bank.takeDown('event-source');
  for (const amount of ['1.00', '2.00', '3.00']) {
    const response = await bankFetch(`${commandUrl}/v1/accounts/${account}/deposits`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount }),
    });
    expect(response.status).toBe(201);
  }
  await sleep(1_000);
  expect(consumer.messages).toEqual([]);
  await bank.bringUp('event-source');
  const seen = () => consumer.messages.map(({ id }) => id).join(' ');
  const missing = await violationsWithin(ARRIVED_MS_MAX, async () =>
    seen() === '3 4 5' ? [] : [`saw "${seen()}"`],
  );
  await consumer.stop();
  expect(missing).toEqual([]);
  expect(consumer.connections()).toBe(1);
});
