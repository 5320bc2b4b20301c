import request from 'supertest';
import { begunTransferId, listNames, listPage } from '../../contracts/account/lists.ts';
import { FILTER_TRANSFERS_MAX, type ListedTransfer } from '../../contracts/transfer/queries.ts';
import { transferIdOf } from '../../domain/transfer-id.ts';
import { principalFor, sentBy, toldGate } from '../../platform/http/gate-for-tests.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import { accountOf, idOf, lineOf } from '../accounts/accounts-for-tests.ts';
import { logForTests } from '../log/log-for-tests.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';

const BEGIN = Date.parse('2026-11-01T00:00:00.000Z');
const MINUTE_MS = 60_000;
const JANA = 'jana-novakova';

/** So many transfers from account 0 to account 1, one a minute; no history has a line of them. */
function bank(count: number) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const { accounts, lists, lines } = models.of('1');
  for (const index of [0, 1]) {
    accounts.set(idOf(index), accountOf(index, 1, JANA));
    lines.set(`${idOf(index)}/1`, lineOf(index, 1));
  }
  for (let number = 0; number < count; number += 1) {
    const transferId = transferIdOf(idOf(0), BigInt(number + 1));
    const line = JSON.stringify({
      transferId,
      isReserved: false,
      fromAccountId: idOf(0),
      toAccountId: idOf(1),
      amount: '1.00',
      currency: 'CZK',
      idempotencyKey: `key-${number}`,
      at: new Date(BEGIN + number * MINUTE_MS).toISOString(),
    });
    const _id = begunTransferId(transferId);
    const page = listPage(listNames.transfers, number);
    lists.set(_id, { _id, page, number, position: number, line });
  }
  const recorded: SeenAccess[] = [];
  const record = (seen: SeenAccess): void => void recorded.push(seen);
  const app = queryApiForTests(models, logForTests().log, 100, { gate: toldGate, record });
  const get = (query: string, who = principalFor('teller')) =>
    request(app).get(`/v1/transfers?${query}`).set(sentBy(who));
  /** The keys on each page. */
  const pages = async (query: string): Promise<string[][]> => {
    const found: string[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await get(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`).expect(200);
      found.push((body.items as ListedTransfer[]).map(({ idempotencyKey }) => idempotencyKey));
      cursor = body.nextCursor as string | null;
    }
    return found;
  };
  return { get, pages, models, recorded };
}

test('given a rare one among many, an answer looks at so many and gives a cursor', async () => {
  const { pages } = bank(2 * FILTER_TRANSFERS_MAX + 40);
  // From the end it is the first of the second answer, or the last of the first.
  const place = FILTER_TRANSFERS_MAX + 39;
  expect(await pages(`idempotencyKey=key-${place}`)).toEqual([[], [`key-${place}`], []]);
  expect(await pages(`idempotencyKey=key-${place + 1}`)).toEqual([[`key-${place + 1}`], [], []]);
});

test('given a time, the list is not passed along up to it', async () => {
  const { get, models } = bank(5_000);
  const at = (number: number) => new Date(BEGIN + number * MINUTE_MS).toISOString();
  const before = models.state.calls;
  const { body } = await get(`from=${at(1_000)}&to=${at(1_003)}`).expect(200);
  const keys = (body.items as ListedTransfer[]).map(({ idempotencyKey }) => idempotencyKey);
  expect([keys, body.nextCursor]).toEqual([['key-1002', 'key-1001', 'key-1000'], null]);
  expect(models.state.calls - before).toBeLessThan(40);
});

test('a customer names an own account, and hears of others as of what is missing', async () => {
  const { get, recorded } = bank(3);
  const own = principalFor('customer', JANA);
  const { body: problem } = await get('', own).expect(400);
  expect(problem.errors).toEqual([
    { at: 'query/accountId', message: 'must name one of your accounts' },
  ]);
  expect((await get(`accountId=${idOf(1)}`, own).expect(200)).body.items).toEqual([]);
  expect(recorded).toEqual([]);
  const other = principalFor('customer', 'eve');
  const foreign = await get(`accountId=${idOf(0)}`, other).expect(200);
  const missing = await get(`accountId=${idOf(9)}`, other).expect(200);
  expect(foreign.body).toEqual(missing.body);
  expect(foreign.body).toEqual({ items: [], nextCursor: null });
  expect(recorded).toMatchObject([
    { outcome: 'not-found', operation: 'listTransfers', objects: [idOf(0)] },
    { outcome: 'not-found', operation: 'listTransfers', objects: [idOf(9)] },
  ]);
});

test('a cursor is of one list', async () => {
  const { get } = bank(3);
  const { body } = await get('limit=1').expect(200);
  for (const query of ['status=completed', `accountId=${idOf(0)}`, 'reference=x']) {
    const { body: refused } = await get(`${query}&cursor=${body.nextCursor}`).expect(400);
    expect(refused.errors).toEqual([
      { at: 'query/cursor', message: 'must be a cursor that an answer with these filters gave' },
    ]);
  }
});
