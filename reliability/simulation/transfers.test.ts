import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { commandStatus } from '../../contracts/batch/operations.ts';
import { keyOf, type LoggedEvent } from '../../contracts/account/events.ts';
import {
  transferAnswer,
  transferCommandAnswer,
  type TransferAnswer,
} from '../../contracts/transfer/transfers.ts';
import { accountId, transferId } from '../../domain/ids.ts';
import { sourceOf } from '../../domain/transfer-id.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

type Told = Record<string, unknown> & { status: unknown; code?: string };
const call = async (path: string, body?: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${house.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'one', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Told,
  };
};
const open = async (terms: object = {}): Promise<string> => {
  const first = { ownerId: OWNER, currency: 'CZK', initialDeposit: '100.00', ...terms };
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
    expect(told.from).toMatchObject({ accountId: a, version: 3, balance: { ledger: '69.50' } });
    expect(told.to).toMatchObject({ accountId: b, version: 3, balance: { ledger: '130.50' } });
    expect(headers.get('location')).toBe(`/v1/transfers/${told.transferId}`);
    expect(headers.get('etag')).toBe('"3"');
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
    expect([count(a), count(b)]).toEqual([3, 3]);
    const other = await transfer(a, b, '2.00', 'again');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });
  test.each([
    ['frozen', 'freeze', 'account-frozen'],
    ['closed', 'close', 'account-closed'],
  ])('to a %s account: refused at once, the problem names it, nothing is held', async (...test) => {
    const [, end, code] = test;
    const [a, b] = [await open(), await open({ initialDeposit: '0.00' })];
    expect((await call(`/v1/accounts/${b}/${end}`, {})).status).toBe(200);
    for (const query of ['', '?dryRun=true']) {
      const { status, body } = await transfer(a, b, '30.00', 'gone', query);
      expect([status, body.code, body['accountId']]).toEqual([409, code, b]);
    }
    expect(count(a)).toBe(2);
    expect(ledgers(a)).toEqual([{ ledger: '100.00', held: '0.00', available: '100.00' }]);
  });
  test('of which both accounts refuse: the problem names the source', async () => {
    const [a, b] = [await open(), await open()];
    for (const id of [a, b]) await call(`/v1/accounts/${id}/freeze`, {});
    expect((await transfer(a, b, '1.00')).body).toMatchObject({ accountId: a });
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
    expect(await code(a, e)).toEqual([422, 'currency-mismatch', e]);
    expect([count(a), count(e)]).toEqual([2, 2]);
  });
  test('as a dry run: the answer that it would have, and nothing is written', async () => {
    const [a, b] = [await open(), await open()];
    const dry = await transfer(a, b, '30.00', 'dry', '?dryRun=true');
    expect([count(a), count(b)]).toEqual([2, 2]);
    const real = await transfer(a, b, '30.00', 'dry');
    expect([dry.status, dry.body]).toMatchObject([
      200,
      { dryRun: true, status: 'would-complete', transferId: real.body['transferId'] },
    ]);
    expect([real.status, real.body['dryRun']]).toEqual([201, undefined]);
    for (const name of ['location', 'etag']) expect(dry.headers.get(name)).toBe(null);
    const { dryRun: _dryRun, ...previewed } = transferCommandAnswer.parse(dry.body);
    const [would, did] = [previewed, parsed(real.body)];
    expect([would.from?.balance, would.from?.version]).toEqual([
      did.from?.balance,
      did.from?.version,
    ]);
    expect(would.to?.balance).toEqual(did.to?.balance);
    const after = await transfer(a, b, '30.00', 'dry', '?dryRun=true');
    expect([after.status, after.body]).toEqual([200, { dryRun: true, ...real.body }]);
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
  test('that cannot be looked up now is answered by 503', async () => {
    const [a, b] = [await open(), await open()];
    const { body } = await transfer(a, b, '1.00', 'away');
    house.failLookups(true);
    const read = await call(`/v1/transfers/${String(body['transferId'])}`);
    // What was executed tells the whole answer by itself.
    const again = await transfer(a, b, '1.00', 'away');
    house.failLookups(false);
    expect([read.status, read.headers.get('retry-after')]).toEqual([503, '1']);
    expect([again.status, again.body]).toEqual([201, body]);
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

describe('a pending transfer', () => {
  const reserve = (from: string, to: string, amount: string, more: object = {}, query = '') =>
    call(`/v1/transfers${query}`, {
      fromAccountId: from,
      toAccountId: to,
      amount,
      pending: true,
      description: 'rent',
      ...more,
    });
  const end = (id: unknown, how: 'capture' | 'void', body: object = {}, key = '', query = '') =>
    call(
      `/v1/transfers/${String(id)}/${how}${query}`,
      body,
      key === '' ? {} : { 'idempotency-key': key },
    );
  const stepsOf = async (id: unknown) => {
    const { body } = await call(`/v1/transfers/${String(id)}`);
    return [body.status, parsed(body).steps.map(({ type }) => type)];
  };

  test('holds the amount, and the capture moves it', async () => {
    const [a, b] = [await open(), await open()];
    const { status, body, headers } = await reserve(a, b, '30.00');
    expect([status, body.status, headers.get('etag')]).toEqual([201, 'pending', '"3"']);
    expect(body).not.toHaveProperty('to');
    expect(ledgers(a)).toEqual([{ ledger: '100.00', held: '30.00', available: '70.00' }]);
    expect(await stepsOf(body['transferId'])).toEqual(['pending', ['transfer-reserved']]);
    const captured = await end(body['transferId'], 'capture');
    expect([captured.status, captured.headers.get('etag')]).toEqual([200, '"4"']);
    expect(captured.body).toMatchObject({
      status: 'completed',
      amount: '30.00',
      captured: '30.00',
    });
    expect(ledgers(a, b)).toMatchObject([
      { ledger: '70.00', held: '0.00' },
      { ledger: '130.00', held: '0.00' },
    ]);
    expect(await stepsOf(body['transferId'])).toEqual([
      'completed',
      ['transfer-reserved', 'transfer-captured', 'transfer-received'],
    ]);
    expect((await call(`/v1/transfers/${String(body['transferId'])}`)).body).toEqual(captured.body);
  });
  test('captured in part: the rest is released, once', async () => {
    const [a, b] = [await open(), await open()];
    const id = (await reserve(a, b, '30.00')).body['transferId'];
    expect((await end(id, 'capture', { amount: '30.01' })).status).toBe(422);
    const { body } = await end(id, 'capture', { amount: '12.00' });
    expect(body).toMatchObject({ status: 'completed', amount: '30.00', captured: '12.00' });
    expect(ledgers(a, b)).toMatchObject([
      { ledger: '88.00', held: '0.00', available: '88.00' },
      { ledger: '112.00', held: '0.00' },
    ]);
    for (const how of ['capture', 'void'] as const) {
      const again = await end(id, how);
      expect([again.status, count(a), count(b)]).toEqual([409, 4, 3]);
    }
  });
  test('voided: all is released, nothing moves', async () => {
    const [a, b] = [await open(), await open()];
    const id = (await reserve(a, b, '30.00')).body['transferId'];
    const { status, body } = await end(id, 'void');
    expect([status, body.status]).toEqual([200, 'voided']);
    expect(body['reason']).toMatchObject({ code: 'transfer-voided' });
    expect(await stepsOf(id)).toEqual(['voided', ['transfer-reserved', 'transfer-released']]);
    expect(ledgers(a)).toEqual([{ ledger: '100.00', held: '0.00', available: '100.00' }]);
    expect(count(b)).toBe(2);
    expect((await end(id, 'capture')).status).toBe(409);
  });
  test('expires by itself, and cannot be captured after', async () => {
    const [a, b] = [await open(), await open()];
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const reserved = await reserve(a, b, '30.00', { expiresAt });
    expect([reserved.status, reserved.body['expiresAt']]).toEqual([201, expiresAt]);
    const id = reserved.body['transferId'];
    await house.pass(59_000);
    expect((await stepsOf(id))[0]).toBe('pending');
    await house.pass(2_000);
    expect(await stepsOf(id)).toEqual(['expired', ['transfer-reserved', 'transfer-released']]);
    expect(ledgers(a)).toEqual([{ ledger: '100.00', held: '0.00', available: '100.00' }]);
    expect((await end(id, 'capture')).status).toBe(409);
    const past = { expiresAt: '2020-01-01T00:00:00.000Z' };
    expect((await reserve(a, b, '1.00', past)).body.code).toBe('invalid-request');
    const direct = { ...past, pending: undefined };
    expect((await reserve(a, b, '1.00', direct)).status).toBe(400);
  });
  test('ended again with its key: the same answer; a dry run writes nothing', async () => {
    const [a, b] = [await open(), await open()];
    const dryReserve = await reserve(a, b, '30.00', {}, '?dryRun=true');
    expect([dryReserve.status, dryReserve.body.status, count(a)]).toEqual([
      200,
      'would-be-pending',
      2,
    ]);
    const id = (await reserve(a, b, '30.00')).body['transferId'];
    const dry = await end(id, 'capture', {}, 'c1', '?dryRun=true');
    expect([dry.status, dry.body.status, dry.body['dryRun']]).toEqual([
      200,
      'would-complete',
      true,
    ]);
    expect([count(a), count(b), dry.headers.get('etag')]).toEqual([3, 2, null]);
    const dryVoid = await end(id, 'void', {}, 'v1', '?dryRun=true');
    expect([dryVoid.status, dryVoid.body.status]).toEqual([200, 'would-be-voided']);
    const first = await end(id, 'capture', {}, 'c1');
    const would = transferCommandAnswer.parse(dry.body);
    expect(parsed(first.body).to?.balance).toEqual(would.to?.balance);
    const again = await end(id, 'capture', {}, 'c1');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([again.body, count(a), count(b)]).toEqual([first.body, 4, 3]);
    const other = await end(id, 'capture', { amount: '1.00' }, 'c1');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });
  test('to an account that was frozen since: the capture is refused, the hold stays', async () => {
    const [a, b] = [await open(), await open()];
    const id = (await reserve(a, b, '30.00')).body['transferId'];
    await call(`/v1/accounts/${b}/freeze`, {});
    const refused = await end(id, 'capture');
    expect([refused.status, refused.body.code, refused.body['accountId']]).toEqual([
      409,
      'account-frozen',
      b,
    ]);
    expect(ledgers(a)).toMatchObject([{ ledger: '100.00', held: '30.00' }]);
    await call(`/v1/accounts/${b}/unfreeze`, {});
    expect((await end(id, 'capture')).status).toBe(200);
  });
  test('is reserved, captured and voided only at the version of If-Match', async () => {
    const [a, b] = [await open(), await open()];
    const terms = { fromAccountId: a, toAccountId: b, amount: '1.00', pending: true };
    expect((await call('/v1/transfers', terms, { 'if-match': '"1"' })).status).toBe(412);
    const reserved = await call('/v1/transfers', terms, { 'if-match': '"2"' });
    const path = `/v1/transfers/${String(reserved.body['transferId'])}`;
    for (const how of ['capture', 'void']) {
      expect((await call(`${path}/${how}`, {}, { 'if-match': '"2"' })).status).toBe(412);
    }
    expect((await call(`${path}/void`, {}, { 'if-match': '"3"' })).status).toBe(200);
  });
  test('that nobody knows, or that was direct, cannot be ended', async () => {
    const [a, b] = [await open(), await open()];
    const direct = (await transfer(a, b, '1.00')).body['transferId'];
    for (const how of ['capture', 'void'] as const) {
      expect((await end(a, how)).body.code).toBe('transfer-not-found');
      expect([404, 409]).toContain((await end(direct, how)).status);
      expect((await end('x', how)).status).toBe(400);
    }
    expect(count(a)).toBe(3);
  });
  test('captured and voided by 20 at once ends once', async () => {
    const [a, b] = [await open(), await open()];
    const id = (await reserve(a, b, '30.00')).body['transferId'];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_unused, at) => end(id, at % 2 === 0 ? 'capture' : 'void')),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(ledgers(a)).toMatchObject([{ held: '0.00' }]);
  });
  test('is found by the keys that reserved and captured it', async () => {
    const [a, b] = [await open(), await open()];
    const terms = { fromAccountId: a, toAccountId: b, amount: '1.00', pending: true };
    const reserved = await call('/v1/transfers', terms, { 'idempotency-key': 'by-key' });
    const id = reserved.body['transferId'];
    await end(id, 'capture', {}, 'by-key-2');
    for (const [key, types] of [
      ['by-key', ['transfer-reserved']],
      ['by-key-2', ['transfer-captured', 'transfer-received']],
    ] as const) {
      const { status, body } = await call(`/v1/commands/${key}?accountId=${a}`);
      expect([status, body['transfer']]).toMatchObject([
        200,
        { transferId: id, status: 'completed' },
      ]);
      const events = body['events'] as { type: string }[];
      expect(events.map(({ type }) => type)).toEqual(types);
      // What it set aside is gone, and so it is not reported any more.
      expect(commandStatus.parse(body).outcome).toMatchObject({
        event: { type: 'transfer-captured' },
        balance: { ledger: '99.00', held: '0.00' },
      });
    }
  });
});

describe('the outcome of a transfer, by its key', () => {
  const came = async (key: string, account: string) => {
    const { status, body } = await call(`/v1/commands/${key}?accountId=${account}`);
    return status === 200 ? commandStatus.parse(body) : status;
  };
  test('is shown at both accounts, each with its own outcome', async () => {
    const [a, b] = [await open(), await open()];
    const { body } = await transfer(a, b, '30.00', 'at-both');
    for (const [account, outcome] of [
      [a, body['from']],
      [b, body['to']],
    ] as const) {
      expect(await came('at-both', account)).toMatchObject({
        status: 'executed',
        commandId: 'at-both',
        accountId: account,
        outcome,
        transfer: body,
        events: [{ type: 'transfer-sent' }, { type: 'transfer-received' }],
      });
    }
  });
  test('of a reversal too, which is not reported by the key of what it took back', async () => {
    const [a, b] = [await open(), await open()];
    const original = (await transfer(a, b, '30.00', 'there')).body['transferId'];
    const path = `/v1/transfers/${String(original)}/reversals`;
    const { body } = await call(path, {}, { 'idempotency-key': 'back' });
    for (const account of [a, b]) {
      expect(await came('back', account)).toMatchObject({
        transfer: { transferId: body['transferId'], reverses: original },
      });
      expect(await came('there', account)).toMatchObject({
        transfer: { transferId: original, reversedBy: body['transferId'] },
        events: [{ type: 'transfer-sent' }, { type: 'transfer-received' }],
      });
    }
  });
  test('that was refused is not that it was executed, at neither account', async () => {
    const [a, b] = [await open(), await open()];
    await call(`/v1/accounts/${b}/freeze`, {});
    expect((await transfer(a, b, '10.00', 'refused-one')).status).toBe(409);
    expect([await came('refused-one', a), await came('refused-one', b)]).toEqual([404, 404]);
  });
  test("the client's key is on every line that it booked", async () => {
    const [a, b] = [await open(), await open()];
    await transfer(a, b, '30.00', 'k-direct');
    const terms = { fromAccountId: a, toAccountId: b, amount: '5.00', pending: true };
    const pending = await call('/v1/transfers', terms, { 'idempotency-key': 'k-reserve' });
    const capture = `/v1/transfers/${String(pending.body['transferId'])}/capture`;
    await call(capture, {}, { 'idempotency-key': 'k-capture' });
    const commands = [a, b].map((id) => ({ type: 'deposit', accountId: id, amount: '1.00' }));
    await call('/v1/batches', { commands }, { 'idempotency-key': 'k-batch' });
    const keys = (id: string) =>
      (house.log.eventsOf(accountId(id)) as LoggedEvent[]).slice(2).map(keyOf);
    expect(keys(a)).toEqual(['k-direct', 'k-reserve', 'k-capture', 'k-batch']);
    expect(keys(b)).toEqual(['k-direct', 'k-capture', 'k-batch']);
  });
});

test('the API documents transfers with every status that they can have', async () => {
  const { paths } = (await call('/openapi.json')).body as unknown as {
    paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
  };
  const statuses = (path: string, method: string) =>
    Object.keys(paths[path]?.[method]?.responses ?? {});
  const begun = ['201', '400', '404', '409', '412', '422', '503'];
  const ended = ['200', ...begun.slice(1)];
  const of = '/v1/transfers/{transferId}';
  expect(statuses('/v1/transfers', 'post')).toEqual(expect.arrayContaining(begun));
  expect(statuses(`${of}/reversals`, 'post')).toEqual(expect.arrayContaining(begun));
  expect(statuses(`${of}/capture`, 'post')).toEqual(expect.arrayContaining(ended));
  expect(statuses(`${of}/void`, 'post')).toEqual(expect.arrayContaining(ended));
  // Nothing is left to be done later but what a second person has to approve.
  for (const { post } of Object.values(paths)) {
    expect(post?.responses['202']?.description ?? 'FOUR_EYES').toContain('FOUR_EYES');
  }
  expect(statuses(of, 'get')).toEqual(expect.arrayContaining(['200', '400', '404', '503']));
  expect((await call('/v1/transfers')).status).toBe(405);
});

describe('the reversal of a transfer', () => {
  const reverse = (id: unknown, key?: string) =>
    call(
      `/v1/transfers/${String(id)}/reversals`,
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
    expect((await call(`/v1/transfers/${String(original)}`)).body['reversedBy']).toBe(reversal);
    expect((await call(`/v1/transfers/${String(reversal)}`)).body['reverses']).toBe(original);
    expect((await reverse(original, 'r1')).body).toEqual(body);
    const again = await reverse(original, 'r2');
    expect([again.status, again.body.code]).toEqual([409, 'already-reversed']);
  });
  test('bears the reference of what it takes back, and its text where it has none', async () => {
    const [a, b] = [await open(), await open()];
    const remarks = { description: 'Rent', reference: 'RF18539007547034' };
    const terms = { fromAccountId: a, toAccountId: b, amount: '1.00', ...remarks };
    const given = async () => (await call('/v1/transfers', terms)).body['transferId'];
    const { body } = await reverse(await given());
    expect(body).toMatchObject({ description: 'a mistake', reference: remarks.reference });
    const path = `/v1/transfers/${String(await given())}/reversals`;
    expect((await call(path, {})).body).toMatchObject(remarks);
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
  test('of one that moved no money, or that nobody knows, is refused', async () => {
    const [a, b] = [await open(), await open()];
    const terms = { fromAccountId: a, toAccountId: b, amount: '1.00', pending: true };
    const pending = (await call('/v1/transfers', terms)).body['transferId'];
    expect((await reverse(pending)).body.code).toBe('not-reversible');
    await call(`/v1/transfers/${String(pending)}/void`, {});
    expect((await reverse(pending)).body.code).toBe('not-reversible');
    expect((await reverse(a)).body.code).toBe('transfer-not-found');
  });
  test('of a part that was captured gives back that part', async () => {
    const [a, b] = [await open(), await open()];
    const terms = { fromAccountId: a, toAccountId: b, amount: '30.00', pending: true };
    const pending = (await call('/v1/transfers', terms)).body['transferId'];
    await call(`/v1/transfers/${String(pending)}/capture`, { amount: '12.00' });
    expect((await reverse(pending)).body).toMatchObject({ status: 'completed', amount: '12.00' });
    expect(ledgers(a, b).map((balance) => balance?.ledger)).toEqual(['100.00', '100.00']);
  });
  test('is one turn: refused by a frozen account, nothing is held', async () => {
    const [a, b] = [await open(), await open()];
    const original = (await transfer(a, b, '30.00')).body['transferId'];
    await call(`/v1/accounts/${a}/freeze`, {});
    const { status, body } = await reverse(original);
    expect([status, body.code, body['accountId']]).toEqual([409, 'account-frozen', a]);
    expect(ledgers(b)).toEqual([{ ledger: '130.00', held: '0.00', available: '130.00' }]);
    await call(`/v1/accounts/${a}/unfreeze`, {});
    expect((await reverse(original)).status).toBe(201);
  });
});
