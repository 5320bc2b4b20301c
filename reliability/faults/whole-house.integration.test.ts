import { randomUUID } from 'node:crypto';
import { badRequests } from '../bad-input/corpus.ts';
import { send } from '../bad-input/raw-http.ts';
import { bankUnderTest, violationsWithin, type BankUnderTest } from './bank-under-test.ts';
import { viewOf } from './verdict.ts';

const INSTANCE = 21;
const OTHER_COMMANDS = 10_000;
const CLIENTS = 200;

jest.setTimeout(180_000);

let house: BankUnderTest;
let account: string;
beforeAll(async () => {
  house = await bankUnderTest(INSTANCE);
  [account] = (await house.openAccounts(1)) as [string];
});
afterAll(() => house.close());

const deposit = (amount: string, key: string = randomUUID()): Promise<Response> =>
  fetch(`${house.commandUrl}/v1/accounts/${account}/deposits`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ amount }),
  });
const loggedWith = async (key: string): Promise<number> => {
  const { events } = await viewOf(house.queryUrl, account);
  return events.filter(({ commandId }) => commandId === key).length;
};

describe('the same Idempotency-Key', () => {
  const key = `once-${randomUUID()}`;
  let first: unknown;

  test('20 times at once: executed once, all answers are the same', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => deposit('7.00', key)));
    const bodies = await Promise.all(responses.map((response) => response.json()));
    first = bodies[0];
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
    for (const body of bodies) expect(body).toEqual(first);
    const fresh = responses.filter(({ headers }) => headers.get('Idempotency-Replayed') === null);
    expect(fresh).toHaveLength(1);
  });

  test('with another body: refused', async () => {
    const response = await deposit('8.00', key);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'idempotency-key-reused' });
  });

  test(`after ${OTHER_COMMANDS} other commands and a restart: the same answer`, async () => {
    let left = OTHER_COMMANDS;
    const client = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        expect((await deposit('0.01')).status).toBe(201);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    house.bank.kill('bank-account-actor', 'SIGKILL');
    const looked = await violationsWithin(20_000, async () => {
      const response = await deposit('7.00', key);
      if (response.status !== 201) return [`answered ${response.status}`];
      expect(response.headers.get('Idempotency-Replayed')).toBe('true');
      expect(await response.json()).toEqual(first);
      return [];
    });
    expect(looked).toEqual([]);
    expect(await loggedWith(key)).toBe(1);
  });
});

test('the real house answers every bad request by a 4xx and writes nothing', async () => {
  const before = (await viewOf(house.queryUrl, account)).events.length;
  const wrong: string[] = [];
  const cases = badRequests(account);
  expect(cases.length).toBeGreaterThan(300);
  for (const bad of cases) {
    const answer = await send(house.commandUrl, bad);
    const right = (bad.status ?? [400]).includes(answer.status);
    const isProblem = answer.contentType.startsWith('application/problem+json');
    if (!right || !isProblem)
      wrong.push(`${bad.name}: ${answer.status} ${answer.body.slice(0, 100)}`);
  }
  expect(wrong).toEqual([]);
  expect((await viewOf(house.queryUrl, account)).events).toHaveLength(before);
});

const QUERIES = [
  'balance?minVersion=x',
  'balance?minVersion=-1',
  'balance?minVersion=1.5',
  'balance?minVersion=1&minVersion=2',
  'balance?minVersion=1e3',
  'balance?x=1',
  'history?limit=0',
  'history?limit=101',
  'history?limit=x',
  'history?limit=1&limit=2',
  'history?cursor=x',
  'history?cursor=%00',
  'history?cursor=',
  'history?limit[]=1',
  'history?type=x',
  'history?direction=up',
  'history?from=yesterday',
  'events/stream?lastEventId=x',
  'events/stream?lastEventId=999999',
  'events?fromVersion=0',
  'events?fromVersion=x',
  'events?limit=100000',
  'events?x=1',
];
test.each(QUERIES)('the query %s is answered by a 4xx problem', async (query) => {
  const request = { name: query, method: 'GET', path: `/v1/accounts/${account}/${query}` };
  const answer = await send(house.queryUrl, request);
  expect(answer.status).toBe(400);
  expect(answer.contentType).toContain('application/problem+json');
});

test.each(['command', 'query'] as const)('the %s API documents itself', async (which) => {
  const url = which === 'command' ? house.commandUrl : house.queryUrl;
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string };
  expect(document.openapi).toBe('3.1.0');
  expect(await (await fetch(`${url}/docs`)).text()).toContain('swagger-ui');
  expect((await fetch(`${url}/docs/assets/swagger-ui-bundle.js`)).status).toBe(200);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
});
