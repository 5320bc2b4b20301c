import { accountId } from '../../domain/ids.ts';
import { commandHouse } from '../simulation/command-house.ts';
import { COMMAND_OPERATIONS } from '../../contracts/account/command-operations.ts';
import { COMMAND_API_OPERATIONS } from '../../contracts/catalogue.ts';
import { badBatches, badItems, badTransfers } from './batch-corpus.ts';
import { badCommands, pathOf, rightBody, type Places } from './contract-corpus.ts';
import { placesOf } from './places.ts';
import { badRequests } from './corpus.ts';
import { judgeOf } from './documented.ts';
import { send, sendBytes } from './raw-http.ts';

const CASES_MIN = 1_800;
const ITEMS_MIN = 800;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const POST = 'POST /v1/accounts HTTP/1.1\r\nHost: localhost\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';
const JSON_TYPE = { 'content-type': 'application/json' };

let house: Awaited<ReturnType<typeof commandHouse>>;
let account: string;
let number: string;
let places: Places;

beforeAll(async () => {
  house = await commandHouse();
  const opened = await send(house.url, {
    name: 'open',
    method: 'POST',
    path: '/v1/accounts',
    headers: JSON_TYPE,
    body: `{"ownerId":"${house.ownerId}","currency":"CZK","initialDeposit":"10.00"}`,
  });
  expect(opened.status).toBe(201);
  const answer = JSON.parse(opened.body) as Record<'accountId' | 'accountNumber', string>;
  ({ accountId: account, accountNumber: number } = answer);
  places = await placesOf(house.url, account, house.ownerId);
});
afterAll(() => house.close());

test('every bad request is answered by a documented 4xx problem and writes nothing', async () => {
  const before = house.log.eventsOf(accountId(account)).length;
  const cases = [
    ...badRequests(account),
    ...badCommands(places),
    ...badBatches(places),
    ...badTransfers(places),
  ];
  expect(cases.length).toBeGreaterThan(CASES_MIN);
  const judge = judgeOf(COMMAND_API_OPERATIONS);
  const wrong: string[] = [];
  for (const bad of cases) {
    const found = judge(bad, await send(house.url, bad));
    if (found !== undefined) wrong.push(found);
  }
  expect(wrong).toEqual([]);
  expect(house.log.eventsOf(accountId(account))).toHaveLength(before);
}, 60_000);

test('every bad item of a batch has a 4xx problem of its own and writes nothing', async () => {
  const before = house.log.eventsOf(accountId(account)).length;
  const items = badItems(places);
  expect(items.length).toBeGreaterThan(ITEMS_MIN);
  const wrong: string[] = [];
  for (let from = 0; from < items.length; from += 200) {
    const some = items.slice(from, from + 200);
    const body = `{"commands":[${some.map(({ item }) => item).join(',')}]}`;
    const sent = { name: 'batch', method: 'POST', path: '/v1/batches', headers: JSON_TYPE, body };
    const answer = await send(house.url, sent);
    expect([answer.status, answer.status === 200 ? '' : answer.body]).toEqual([200, '']);
    const { results } = JSON.parse(answer.body) as {
      results: { status: number; problem?: object }[];
    };
    expect(results).toHaveLength(some.length);
    results.forEach(({ status, problem }, at) => {
      if (status === 400 && problem !== undefined) return;
      wrong.push(`${some[at]?.name}: ${status} ${JSON.stringify(problem)}`);
    });
  }
  expect(wrong).toEqual([]);
  expect(house.log.eventsOf(accountId(account))).toHaveLength(before);
}, 60_000);

test.each(COMMAND_OPERATIONS.map((operation) => [operation.id, operation] as const))(
  '%s answers the same to the number of the account as to its id',
  async (_id, operation) => {
    const [byId, byNumber] = await Promise.all(
      [account, number].map((id) =>
        send(house.url, {
          name: operation.id,
          method: operation.method.toUpperCase(),
          path: `${pathOf(operation, id)}?dryRun=true`,
          headers: {
            ...JSON_TYPE,
            'idempotency-key': `number-${operation.id}`,
            'x-request-id': 'one',
          },
          body: rightBody(operation),
        }),
      ),
    );
    const isHold = operation.path.includes('{holdId}');
    const expected = isHold ? [404] : [200, 409, 422];
    expect(expected).toContain(byId?.status);
    expect(byNumber?.status).toBe(byId?.status);
    const timeless = (text = '') => text.replaceAll(number, account).replaceAll(TIME, 'TIME');
    expect(timeless(byNumber?.body)).toBe(timeless(byId?.body));
  },
);

test('a problem names type, title, status, detail, instance, code and members', async () => {
  const answer = await send(house.url, {
    name: 'bad',
    method: 'POST',
    path: `/v1/accounts/${account}/deposits`,
    headers: { ...JSON_TYPE, 'x-request-id': 'mine' },
    body: '{"amount":"1e5","bonus":1}',
  });
  expect(JSON.parse(answer.body)).toEqual({
    type: '/problems/invalid-request',
    title: 'The request is not valid',
    status: 400,
    detail: 'Correct the members named in errors.',
    instance: `/v1/accounts/${account}/deposits`,
    code: 'invalid-request',
    requestId: 'mine',
    errors: [
      { at: '/amount', message: 'must be a decimal string such as "125.50"' },
      { at: '/bonus', message: 'is not a known member' },
    ],
  });
});

describe('what is not HTTP', () => {
  test.each([
    ['rubbish', 400, '\x16\x03\x01 hello\r\n\r\n'],
    ['two lengths', 400, `${POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`],
    ['length and chunks', 400, `${POST}Content-Length: 1\r\n${CHUNKED}0\r\n\r\n`],
    ['a header of 40 kB', 431, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['a bad chunk', 400, `${POST}Content-Type: application/json\r\n${CHUNKED}zz\r\n`],
  ])('%s is answered %s', async (_name, status, bytes) => {
    const answer = await sendBytes(house.url, [bytes], 0);
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain('application/problem+json');
  });

  test('a body that comes too slowly is cut off with 408', async () => {
    const head = `${POST}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    const answer = await sendBytes(
      house.url,
      [head, ...Array.from({ length: 30 }, () => ' ')],
      500,
    );
    expect(answer).toContain('HTTP/1.1 408');
    expect(answer).toContain('request-timeout');
  }, 60_000);
});
