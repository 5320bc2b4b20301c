import type { LoggedEvent } from '../../contracts/events.ts';
import { transferAnswer, type TransferAnswer } from '../../contracts/transfers.ts';
import { accountId } from '../../domain/ids.ts';
import { sourceOf } from '../../domain/transfer-id.ts';
import { transferId } from '../../domain/ids.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

type Told = Record<string, unknown> & { status: unknown; code?: string };
const call = async (path: string, body?: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${house.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Told,
  };
};
const open = async (terms: object = {}): Promise<string> => {
  const first = { ownerId: 'jana', currency: 'CZK', initialDeposit: '100.00', ...terms };
  return String((await call('/v1/accounts', first)).body['accountId']);
};
const transfer = (from: string, to: string, amount: string, key?: string, query = '') =>
  call(
    `/v1/transfers${query}`,
    { fromAccountId: from, toAccountId: to, amount, description: 'rent' },
    key === undefined ? {} : { 'idempotency-key': key },
  );
const ledgers = (...ids: string[]) =>
  ids.map((id) => (house.log.eventsOf(accountId(id)).at(-1) as LoggedEvent).data.balance);
const count = (id: string) => house.log.eventsOf(accountId(id)).length;
const parsed = (body: unknown): TransferAnswer => transferAnswer.parse(body);

describe('a transfer', () => {
  test('moves the money, says both outcomes and where it can be read', async () => {
    const [a, b] = [await open(), await open()];
    const { status, body, headers } = await transfer(a, b, '30.5', 'k1');
    expect(status).toBe(201);
    const told = parsed(body);
    expect(told).toMatchObject({ status: 'completed', amount: '30.50', currency: 'CZK' });
    expect(told.from).toMatchObject({ accountId: a, version: 4, balance: { ledger: '69.50' } });
    expect(told.to).toMatchObject({ accountId: b, version: 3, balance: { ledger: '130.50' } });
    expect(headers.get('location')).toBe(`/v1/transfers/${told.transferId}`);
    expect(headers.get('etag')).toBe('"4"');
    expect(sourceOf(transferId(told.transferId))).toBe(a);
    const read = await call(`/v1/transfers/${told.transferId}`);
    expect([read.status, read.body]).toEqual([200, body]);
  });
  test('sent again: the same answer, and nothing moves; another body is refused', async () => {
    const [a, b] = [await open(), await open()];
    const first = await transfer(a, b, '1.00', 'again');
    const second = await transfer(a, b, '1.00', 'again');
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect([count(a), count(b)]).toEqual([4, 3]);
    const other = await transfer(a, b, '2.00', 'again');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });
  test('to a frozen account: refused with the reason, all money is back', async () => {
    const [a, b] = [await open(), await open()];
    await call(`/v1/accounts/${b}/freeze`, {});
    const { status, body } = await transfer(a, b, '30.00');
    expect([status, body.status]).toEqual([201, 'refused']);
    expect(body['reason']).toEqual({ code: 'account-frozen', title: 'The account is frozen' });
    expect(ledgers(a)).toEqual([{ ledger: '100.00', held: '0.00', available: '100.00' }]);
    expect((await call(`/v1/transfers/${body['transferId']}`)).body).toMatchObject({
      status: 'refused',
      reason: { code: 'account-frozen' },
    });
  });
  test.each([
    ['more than there is', '100.01', 422, 'insufficient-funds'],
    ['digits that the currency has not', '1.001', 400, 'invalid-request'],
    ['nothing', '0', 400, 'invalid-request'],
  ])('of %s is refused, nothing is written', async (_name, amount, status, code) => {
    const [a, b] = [await open(), await open()];
    const answer = await transfer(a, b, amount);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect([count(a), count(b)]).toEqual([2, 2]);
  });
  test('to itself, to nobody, from nobody and between currencies is refused', async () => {
    const [a, e] = [await open(), await open({ currency: 'EUR' })];
    const nobody = '00000000-0000-8000-8000-000000000009';
    const code = async (from: string, to: string) => {
      const { status, body } = await transfer(from, to, '1.00');
      return [status, body.code, body['accountId']];
    };
    expect(await code(a, a)).toEqual([422, 'same-account', undefined]);
    expect(await code(a, nobody)).toEqual([404, 'account-not-found', nobody]);
    expect(await code(nobody, a)).toEqual([404, 'account-not-found', nobody]);
    expect(await code(a, e)).toEqual([422, 'currency-mismatch', a]);
    expect([count(a), count(e)]).toEqual([2, 2]);
  });
  test('as a dry run: the answer that it would have, and nothing is written', async () => {
    const [a, b] = [await open(), await open()];
    const dry = await transfer(a, b, '30.00', 'dry', '?dryRun=true');
    expect([count(a), count(b)]).toEqual([2, 2]);
    const real = await transfer(a, b, '30.00', 'dry');
    const [would, did] = [parsed(dry.body), parsed(real.body)];
    expect(would).toMatchObject({ transferId: did.transferId, status: 'completed' });
    expect([would.from?.balance, would.from?.version]).toEqual([
      did.from?.balance,
      did.from?.version,
    ]);
    expect(would.to?.balance).toEqual(did.to?.balance);
    const after = await transfer(a, b, '30.00', 'dry', '?dryRun=true');
    expect(after.body).toEqual(real.body);
    await call(`/v1/accounts/${b}/freeze`, {});
    const refused = await transfer(a, b, '30.00', 'dry2', '?dryRun=true');
    expect(refused.body).toMatchObject({ status: 'refused', from: { balance: { held: '0.00' } } });
  });
  test('as a dry run: refused by the same problem, replayed as such', async () => {
    const [a, b] = [await open(), await open()];
    const dry = await transfer(a, b, '100.01', 'poor', '?dryRun=true');
    const real = await transfer(a, b, '100.01', 'poor');
    expect(real.body['accountId']).toBe(a);
    expect([dry.status, dry.body]).toEqual([real.status, real.body]);
    await transfer(a, b, '1.00', 'replayed');
    const again = await transfer(a, b, '1.00', 'replayed', '?dryRun=true');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await transfer(a, b, '1.00', 'new', '?dryRun=true');
    expect(other.headers.get('idempotency-replayed')).toBe(null);
  });
  test('whose end cannot be looked up now is answered by 503, also as a dry run', async () => {
    const [a, b] = [await open(), await open()];
    const { body } = await transfer(a, b, '1.00', 'away');
    house.failLookups(true);
    const read = await call(`/v1/transfers/${String(body['transferId'])}`);
    const dry = await transfer(a, b, '1.00', 'away', '?dryRun=true');
    house.failLookups(false);
    for (const { status, headers } of [read, dry]) {
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    }
  });
  test('at another version than If-Match says is refused', async () => {
    const [a, b] = [await open(), await open()];
    const body = { fromAccountId: a, toAccountId: b, amount: '1.00' };
    expect((await call('/v1/transfers', body, { 'if-match': '"1"' })).status).toBe(412);
    expect((await call('/v1/transfers', body, { 'if-match': '"2"' })).status).toBe(201);
  });
  test('that the bank never gave out is not found', async () => {
    const a = await open();
    for (const id of [a, '00000000-0000-8000-8000-000000000009', `f${a.slice(1)}`]) {
      expect((await call(`/v1/transfers/${id}`)).status).toBe(404);
    }
    expect((await call('/v1/transfers/x')).status).toBe(400);
    expect((await call(`/v1/transfers/${a}?x=1`)).status).toBe(400);
  });
  test('100 to and fro at once keep the money together', async () => {
    const [a, b] = [await open(), await open()];
    const done = await Promise.all(
      Array.from({ length: 100 }, (_unused, at) =>
        at % 2 === 0 ? transfer(a, b, '1.00') : transfer(b, a, '1.00'),
      ),
    );
    expect(done.map(({ status }) => status)).toEqual(done.map(() => 201));
    expect(ledgers(a, b).map((balance) => balance?.ledger)).toEqual(['100.00', '100.00']);
  });
});

test('the API documents transfers with every status that they can have', async () => {
  const { paths } = (await call('/openapi.json')).body as unknown as {
    paths: Record<string, Record<string, { responses: object }>>;
  };
  const statuses = (path: string, method: string) =>
    Object.keys(paths[path]?.[method]?.responses ?? {});
  const begun = ['201', '202', '400', '404', '409', '412', '422', '503'];
  expect(statuses('/v1/transfers', 'post')).toEqual(expect.arrayContaining(begun));
  const reversals = '/v1/transfers/{transferId}/reversals';
  expect(statuses(reversals, 'post')).toEqual(expect.arrayContaining(begun));
  const read = ['200', '400', '404', '503'];
  expect(statuses('/v1/transfers/{transferId}', 'get')).toEqual(expect.arrayContaining(read));
  expect((await call('/v1/transfers')).status).toBe(405);
});

describe('the reversal of a transfer', () => {
  const reverse = (id: unknown, key?: string) =>
    call(
      `/v1/transfers/${id}/reversals`,
      { reason: 'a mistake' },
      key === undefined ? {} : { 'idempotency-key': key },
    );

  test('moves the money back once, linked both ways', async () => {
    const [a, b] = [await open(), await open()];
    const original = (await transfer(a, b, '30.00')).body['transferId'];
    const { status, body } = await reverse(original, 'r1');
    expect([status, body.status]).toEqual([201, 'completed']);
    expect(body).toMatchObject({ reverses: original, description: 'a mistake' });
    expect(ledgers(a, b).map((balance) => balance?.ledger)).toEqual(['100.00', '100.00']);
    const reversal = body['transferId'];
    expect((await call(`/v1/transfers/${original}`)).body['reversedBy']).toBe(reversal);
    expect((await call(`/v1/transfers/${reversal}`)).body['reverses']).toBe(original);
    expect((await reverse(original, 'r1')).body).toEqual(body);
    const again = await reverse(original, 'r2');
    expect([again.status, again.body.code]).toEqual([409, 'already-reversed']);
  });
  test('by 20 at once: one moves the money', async () => {
    const [a, b] = [await open(), await open()];
    const original = (await transfer(a, b, '30.00')).body['transferId'];
    const answers = await Promise.all(Array.from({ length: 20 }, () => reverse(original)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'already-reversed')).toHaveLength(19);
    expect(ledgers(a, b).map((balance) => balance?.ledger)).toEqual(['100.00', '100.00']);
  });
  test('when the money is gone is refused and can be tried again', async () => {
    const [a, b] = [await open(), await open({ initialDeposit: '0.00' })];
    const original = (await transfer(a, b, '30.00')).body['transferId'];
    await call(`/v1/accounts/${b}/withdrawals`, { amount: '10.00' });
    expect((await reverse(original)).body.code).toBe('insufficient-funds');
    await call(`/v1/accounts/${b}/deposits`, { amount: '10.00' });
    expect((await reverse(original)).status).toBe(201);
  });
  test('of a refused or unknown transfer is refused', async () => {
    const [a, b] = [await open(), await open()];
    await call(`/v1/accounts/${b}/freeze`, {});
    const refused = (await transfer(a, b, '1.00')).body['transferId'];
    expect((await reverse(refused)).body.code).toBe('not-reversible');
    expect((await reverse(a)).body.code).toBe('transfer-not-found');
  });
});
