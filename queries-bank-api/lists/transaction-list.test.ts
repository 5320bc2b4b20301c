import request from 'supertest';
import {
  begunTransactionId,
  LIST_PAGE_ENTRIES,
  listNames,
  listPage,
} from '../../contracts/account/lists.ts';
import { FILTER_TRANSFERS_MAX, type ListedTransaction } from '../../contracts/transfer/queries.ts';
import { transactionIdOf } from '../../domain/transfer-id.ts';
import { principalFor, sentBy, toldGate } from '../../platform/http/gate-for-tests.ts';
import { accountOf, idOf, lineOf } from '../accounts/accounts-for-tests.ts';
import { logForTests } from '../log/log-for-tests.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';

const BEGIN = Date.parse('2026-11-01T00:00:00.000Z');
const MINUTE_MS = 60_000;
const [JANA, PETR] = ['jana-novakova', 'petr-svoboda'];

/** So many transactions of three legs at account 0 and one at account 1, one a minute. */
function bank(count: number) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const { accounts, lists, lines } = models.of('1');
  for (const [index, owner] of [JANA, PETR].entries()) {
    accounts.set(idOf(index), accountOf(index, 1, owner!));
    lines.set(`${idOf(index)}/1`, lineOf(index, 1));
  }
  const put = (list: string, number: number, line: object, named?: string): void => {
    const _id = named ?? `${list}/${number}`;
    const page = listPage(list, number);
    lists.set(_id, { _id, page, number, position: number, line: JSON.stringify(line) });
  };
  for (let number = 0; number < count; number += 1) {
    const transactionId = transactionIdOf(idOf(0), BigInt(number + 1));
    const at = new Date(BEGIN + number * MINUTE_MS).toISOString();
    const told = { transactionId, transfers: 3, description: 'told', at };
    const line = { ...told, idempotencyKey: `key-${number}` };
    put(listNames.transactions, number, line, begunTransactionId(transactionId));
    for (const leg of [0, 1, 2]) {
      put(listNames.transactionsOf(idOf(0)), 3 * number + leg, { transactionId, at });
    }
    put(listNames.transactionsOf(idOf(1)), number, { transactionId, at });
  }
  const app = queryApiForTests(models, logForTests().log, 100, { gate: toldGate });
  const get = (query: string, who = principalFor('teller')) =>
    request(app).get(`/v1/transactions?${query}`).set(sentBy(who));
  const pages = async (query: string): Promise<ListedTransaction[][]> => {
    const found: ListedTransaction[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await get(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`).expect(200);
      found.push(body.items as ListedTransaction[]);
      cursor = body.nextCursor as string | null;
    }
    return found;
  };
  return { get, pages };
}
const keysOf = (pages: readonly ListedTransaction[][]): string[][] =>
  pages.map((page) => page.map(({ idempotencyKey }) => idempotencyKey));
const down = (from: number, to: number): string[] =>
  Array.from({ length: from - to }, (_none, at) => `key-${from - 1 - at}`);

test.each([1, 7, LIST_PAGE_ENTRIES, 100])(
  'given an account with several legs of each, each is there once, in pages of %s',
  async (limit) => {
    const { pages } = bank(70);
    const found = keysOf(await pages(`accountId=${idOf(0)}&limit=${limit}`));
    expect(found.flat()).toEqual(down(70, 0));
    expect(found.every((page) => page.length <= limit)).toBe(true);
  },
);

test('given a rare one among many, an answer looks at so many and gives a cursor', async () => {
  const { pages } = bank(FILTER_TRANSFERS_MAX + 10);
  expect(keysOf(await pages('idempotencyKey=key-3'))).toEqual([[], ['key-3']]);
});

test('given bounds of time, only what lies within is found', async () => {
  const { pages } = bank(100);
  const at = (minute: number): string => new Date(BEGIN + minute * MINUTE_MS).toISOString();
  const found = keysOf(await pages(`from=${at(10)}&to=${at(13)}&limit=100`));
  expect(found.flat()).toEqual(['key-12', 'key-11', 'key-10']);
});

test('a customer names an own account, and sees the terms of own transactions only', async () => {
  const { get } = bank(3);
  const [jana, petr] = [principalFor('customer', JANA), principalFor('customer', PETR)];
  await get('', jana).expect(400);
  const own = await get(`accountId=${idOf(0)}`, jana).expect(200);
  expect(own.body.items[0]).toMatchObject({ description: 'told', transfers: 3 });
  const seen = await get(`accountId=${idOf(1)}`, petr).expect(200);
  expect(seen.body.items).toHaveLength(3);
  expect(JSON.stringify(seen.body)).not.toContain('told');
  const foreign = await get(`accountId=${idOf(0)}`, petr).expect(200);
  expect(foreign.body).toEqual({ items: [], nextCursor: null });
});

test('a cursor fits no other filters', async () => {
  const { get } = bank(5);
  const { body } = await get('limit=1').expect(200);
  await get(`limit=1&idempotencyKey=key-1&cursor=${String(body.nextCursor)}`).expect(400);
});
