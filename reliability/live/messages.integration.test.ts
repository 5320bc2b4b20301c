import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { batchAnswer, type BatchResult } from '../../contracts/batch/batches.ts';
import { messageKeyFor } from '../../contracts/derived-ids.ts';
import { readProducerKey, signMessage } from '../../operations/message-signature.ts';
import { sidecarToken } from '../../runtime/environment.ts';
import { producerKeyFile } from '../../runtime/message-producer.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from '../faults/bank-under-test.ts';
import { viewOf } from '../faults/verdict.ts';
import { bankFetch } from '../faults/bank-fetch.ts';

const ARRIVAL_MS_MAX = 15_000;
const FLOOD = 100;
const FLOOD_MS_MAX = 60_000;
const APP = 'core-bank-api';

jest.setTimeout(180_000);

let house: BankUnderTest;
let account: string;
beforeAll(async () => {
  house = await bankUnderTest();
  [account] = (await house.openAccounts(1)) as [string];
});
afterAll(() => house.close());

const batch = async (commands: readonly object[], query = ''): Promise<BatchResult[]> => {
  const response = await bankFetch(`${house.commandUrl}/v1/batches${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ commands }),
  });
  expect(response.status).toBe(200);
  return batchAnswer.parse(await response.json()).results;
};
const deposit = (accountId: string, amount = '1.00') => ({ type: 'deposit', accountId, amount });
const statuses = (results: readonly BatchResult[]) => results.map(({ status }) => status);
const eventsOf = async (id: string) => (await viewOf(house.queryUrl, id)).events;
const loggedWith = async (key: string): Promise<number> =>
  (await eventsOf(account)).filter(({ commandId }) => commandId === key).length;

describe('a batch on the real house', () => {
  test('over many accounts with a bad item: each has its result, the bad one nothing', async () => {
    const ids = await house.openAccounts(20);
    const commands = ids.flatMap((id) => [deposit(id), deposit(id, '2.00')]);
    const results = await batch([...commands, deposit(account, 'bad')]);
    expect(statuses(results)).toEqual([...commands.map(() => 201), 400]);
    const versions = results.slice(0, -1).map(({ outcome }) => outcome?.version);
    expect(versions).toEqual(ids.flatMap(() => [3, 4]));
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () => {
      const counts = await Promise.all(ids.map(async (id) => (await eventsOf(id)).length));
      return counts.filter((count) => count !== 4).map((count) => `${count} events, not 4`);
    });
    expect(looked).toEqual([]);
  });
  test('atomic and refused: nothing reaches the log', async () => {
    const before = (await eventsOf(account)).length;
    const key = randomUUID();
    const spend = { type: 'withdraw', accountId: account, amount: '999999.00' };
    const results = await batch(
      [{ ...deposit(account), idempotencyKey: key }, spend],
      '?atomic=true',
    );
    expect(statuses(results)).toEqual([409, 422]);
    const status = await bankFetch(`${house.commandUrl}/v1/commands/${key}?accountId=${account}`);
    expect(status.status).toBe(404);
    // Were anything written, it would be there before this one.
    const marker = randomUUID();
    await batch([{ ...deposit(account), idempotencyKey: marker }]);
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () =>
      (await loggedWith(marker)) === 1 ? [] : ['the marker is not there'],
    );
    expect(looked).toEqual([]);
    expect(await eventsOf(account)).toHaveLength(before + 1);
  });
});

/** Publishes through a sidecar, as any service of the bank's owner would. */
const publish = async (
  body: string,
  type: string,
  query = '',
  topic = 'account-commands',
): Promise<number> => {
  const { instance } = house.bank;
  const token = sidecarToken(loadSecrets(instance.dataDir), APP);
  const port = 3500 + 1000 * house.bank.instance.number;
  const url = `http://127.0.0.1:${port}/v1.0/publish/bank-pubsub/${topic}${query}`;
  const headers = { 'dapr-api-token': token, 'content-type': type };
  return (await fetch(url, { method: 'POST', headers, body })).status;
};
const cloudEvent = async (id: string, data: object, source = 'test'): Promise<string> => {
  const event = { specversion: '1.0' as const, id, source, type: 'test', data };
  const key = readProducerKey(producerKeyFile(house.bank.instance.dataDir));
  return JSON.stringify(await signMessage(event, key));
};
const CLOUD_EVENT = 'application/cloudevents+json';
const RAW = '?metadata.rawPayload=true';

const deadLetters = (...words: string[]): string => {
  const { root, dataDir } = house.bank.instance;
  const instance = {
    CORE_BANK_INSTANCE: String(house.bank.instance.number),
    CORE_BANK_DATA: dataDir,
  };
  return execFileSync(process.execPath, [join(root, 'dist/operations/dead-letters.js'), ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...instance, CORE_BANK_HOME: root },
  });
};

describe('commands as messages on the real house', () => {
  test('one that comes twice is executed once, and only its producer finds its key', async () => {
    const key = randomUUID();
    // Two CloudEvents with one key, because the broker itself drops the same one at once.
    for (const id of [key, randomUUID()]) {
      const data = { ...deposit(account), idempotencyKey: key };
      expect(await publish(await cloudEvent(id, data), CLOUD_EVENT)).toBe(204);
    }
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () =>
      (await loggedWith(key)) === 1 ? [] : ['not there'],
    );
    expect(looked).toEqual([]);
    await sleep(2_000);
    expect(await loggedWith(key)).toBe(1);
    const ofOther = await bankFetch(`${house.commandUrl}/v1/commands/${key}?accountId=${account}`);
    expect(ofOther.status).toBe(404);
  });

  test('two sources may choose the same id at the same moment: both are executed', async () => {
    const id = randomUUID();
    const sources = ['payroll', 'billing'];
    const sent = sources.map(async (source, at) =>
      publish(await cloudEvent(id, deposit(account, `${at + 1}.00`), source), CLOUD_EVENT),
    );
    expect(await Promise.all(sent)).toEqual([204, 204]);
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () => {
      const counts = sources.map((source) => loggedWith(messageKeyFor(source, id)));
      return (await Promise.all(counts)).flatMap((count) => (count === 1 ? [] : ['not there']));
    });
    expect(looked).toEqual([]);
    await sleep(1_000);
    for (const source of sources) expect(await loggedWith(messageKeyFor(source, id))).toBe(1);
  });

  test('poison goes to the dead letters; listed, replayed and dropped', async () => {
    const id = randomUUID();
    expect(await publish(await cloudEvent(id, deposit(account, 'bad')), CLOUD_EVENT)).toBe(204);
    expect(await publish('rubbish', 'text/plain', RAW)).toBe(204);
    let list = '';
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () => {
      list = deadLetters('list');
      return list.includes(id) && list.includes('rubbish') ? [] : [list];
    });
    expect(looked).toEqual([]);
    expect(list).toContain('/amount must be a decimal string');
    expect(deadLetters('replay', 'all')).toContain('Sent again: 2 dead letters.');
    const again = await violationsWithin(ARRIVAL_MS_MAX, async () => {
      const now = deadLetters('list');
      return now.includes('of 2 dead letters') ? [] : [now];
    });
    expect(again).toEqual([]);
    const [first = ''] = deadLetters('list').split(' ');
    expect(deadLetters('drop', first)).toContain('is forgotten');
    expect(deadLetters('list')).toContain('of 1 dead letter.');
  });

  test('one that nobody signed is not executed', async () => {
    const id = randomUUID();
    const event = { specversion: '1.0', id, source: 'test', type: 'test', data: deposit(account) };
    expect(await publish(JSON.stringify(event), CLOUD_EVENT)).toBe(204);
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () => {
      const list = deadLetters('list');
      return list.includes(id) && list.includes('it is not signed') ? [] : [list];
    });
    expect(looked).toEqual([]);
    expect(await loggedWith(messageKeyFor('test', id))).toBe(0);
  });

  test('a good one behind poison is executed', async () => {
    await publish('rubbish', 'text/plain', RAW);
    const key = randomUUID();
    await publish(await cloudEvent(key, deposit(account)), CLOUD_EVENT);
    const looked = await violationsWithin(ARRIVAL_MS_MAX, async () =>
      (await loggedWith(messageKeyFor('test', key))) === 1 ? [] : ['not there'],
    );
    expect(looked).toEqual([]);
  });

  test('given many in one lane, one of another does not wait for them', async () => {
    const [flooded, quiet] = (await house.openAccounts(2)) as [string, string];
    const flood = Array.from({ length: FLOOD }, async () => {
      const message = await cloudEvent(randomUUID(), deposit(flooded));
      return publish(message, CLOUD_EVENT, '', 'account-commands.bulk');
    });
    expect(new Set(await Promise.all(flood))).toEqual(new Set([204]));
    const isThere = async (id: string, count: number) =>
      (await eventsOf(id)).length >= count ? [] : ['not there'];
    const opened = (await eventsOf(quiet)).length;
    await publish(await cloudEvent(randomUUID(), deposit(quiet)), CLOUD_EVENT);
    expect(await violationsWithin(ARRIVAL_MS_MAX, () => isThere(quiet, opened + 1))).toEqual([]);
    // Behind them it would have been the last; most of them are still to come.
    const executed = (await eventsOf(flooded)).length - opened;
    expect(executed).toBeLessThan(FLOOD);
    expect(await violationsWithin(FLOOD_MS_MAX, () => isThere(flooded, opened + FLOOD))).toEqual(
      [],
    );
  });

  test('one that is sent while the actors are dead is executed once they are back', async () => {
    house.bank.kill('bank-account-actor', 'SIGKILL');
    const key = randomUUID();
    await publish(await cloudEvent(key, deposit(account)), CLOUD_EVENT);
    const looked = await violationsWithin(30_000, async () =>
      (await loggedWith(messageKeyFor('test', key))) === 1 ? [] : ['not there'],
    );
    expect(looked).toEqual([]);
  });
});
