import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { METADATA_KEYS_MAX } from '../../domain/account-decisions.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

type Body = Record<string, unknown>;
const call = async (method: 'POST' | 'PUT' | 'PATCH', path: string, body: object) => {
  const response = await fetch(`${house.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-request-id': 'one' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
};
const post = (path: string, body: object = {}) => call('POST', path, body);
const open = async (more: object = {}): Promise<string> => {
  const terms = { ownerId: OWNER, currency: 'CZK', initialDeposit: '100.00', ...more };
  return `/v1/accounts/${String((await post('/v1/accounts', terms)).body['accountId'])}`;
};
const idIn = (path: string): string => path.split('/').at(-1)!;
const refused = async (answer: ReturnType<typeof call>) => {
  const { status, body } = await answer;
  return [status, body['code']];
};

describe('PATCH of an account', () => {
  test('changes what it names, removes what is null and leaves the rest', async () => {
    const account = await open({ name: 'Everyday', metadata: { branch: 'Brno', 'a.b': '1' } });
    const patch = async (body: object) => (await call('PATCH', account, body)).body['event'];
    expect(await patch({ metadata: { branch: null, segment: 'family' } })).toMatchObject({
      type: 'details-set',
      name: 'Everyday',
      metadata: { 'a.b': '1', segment: 'family' },
    });
    const renamed = await patch({ name: 'Household' });
    expect(renamed).toMatchObject({ name: 'Household', metadata: { segment: 'family' } });
    const bare = await patch({ name: null, metadata: { 'a.b': null, segment: null } });
    for (const gone of ['name', 'metadata']) expect(bare).not.toHaveProperty(gone);
  });

  test('takes no more keys than there may be, and says so', async () => {
    const keys = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${from + at}`, 'v']));
    const account = await open({ metadata: keys(0, METADATA_KEYS_MAX) });
    const full = await call('PATCH', account, { metadata: keys(METADATA_KEYS_MAX, 1) });
    expect([full.status, full.body['errors']]).toEqual([
      400,
      [{ at: '/metadata', message: `must leave at most ${METADATA_KEYS_MAX} keys` }],
    ]);
    const swap = { metadata: { k0: null, ...keys(METADATA_KEYS_MAX, 1) } };
    expect((await call('PATCH', account, swap)).status).toBe(200);
  });

  test.each([
    [{ name: 7 }, '/name'],
    [{ metadata: { '1': 'x' } }, '/metadata/1'],
    [{ metadata: null }, '/metadata'],
    [{ status: 'closed' }, '/status'],
  ])('refuses %j', async (body, at) => {
    const { status, body: problem } = await call('PATCH', await open(), body);
    expect([status, problem['errors']]).toMatchObject([400, [{ at }]]);
  });
});

describe('a block', () => {
  test('of debits lets money in, and out what was held before', async () => {
    const [account, other] = [await open(), await open()];
    const hold = (await post(`${account}/holds`, { amount: '10.00' })).body['holdId'];
    const blocked = await post(`${account}/blocks`, { direction: 'debit', reason: 'court order' });
    expect([blocked.status, blocked.body['event']]).toMatchObject([
      200,
      { type: 'account-blocked', blocked: 'debit', reason: 'court order' },
    ]);
    const move = { fromAccountId: idIn(account), toAccountId: idIn(other), amount: '1.00' };
    for (const answer of [
      post(`${account}/withdrawals`, { amount: '1.00' }),
      post(`${account}/holds`, { amount: '1.00' }),
      post('/v1/transfers', move),
      post('/v1/transfers', { ...move, pending: true }),
      post(`${account}/reversals`, { version: 2 }),
      post(`${account}/blocks`, { direction: 'debit' }),
    ]) {
      const { status, body } = await answer;
      expect([status, body['code'], body['direction']]).toEqual([409, 'account-blocked', 'debit']);
    }
    expect((await post(`${account}/deposits`, { amount: '5.00' })).status).toBe(201);
    expect((await post(`${account}/holds/${String(hold)}/capture`)).status).toBe(200);
    expect((await post(`${account}/blocks/lift`, { direction: 'debit' })).status).toBe(200);
    expect((await post('/v1/transfers', move)).status).toBe(201);
    const lifted = post(`${account}/blocks/lift`, { direction: 'debit' });
    expect(await refused(lifted)).toEqual([409, 'account-not-blocked']);
  });

  test('of credits lets money out and none in, by any way', async () => {
    const [account, other] = [await open(), await open()];
    await post(`${account}/blocks`, { direction: 'credit' });
    const move = { fromAccountId: idIn(other), toAccountId: idIn(account), amount: '1.00' };
    for (const answer of [
      post(`${account}/deposits`, { amount: '1.00' }),
      post('/v1/transfers', move),
      post('/v1/transfers', { ...move, pending: true }),
    ]) {
      expect(await refused(answer)).toEqual([409, 'account-blocked']);
    }
    const out = await post(`${account}/withdrawals`, { amount: '1.00' });
    expect(out.status).toBe(201);
    const back = post(`${account}/reversals`, { version: out.body['version'] });
    expect(await refused(back)).toEqual([409, 'account-blocked']);
  });
});

test('a movement is taken back in parts until nothing is left, each with its labels', async () => {
  const account = await open();
  const { version } = (await post(`${account}/withdrawals`, { amount: '60.00' })).body;
  const reverse = (amount?: string) =>
    post(`${account}/reversals`, { version, amount, reference: 'r-1', metadata: { by: 'desk' } });
  const first = await reverse('25.00');
  expect([first.status, first.body['event'], first.body['balance']]).toMatchObject([
    201,
    { amount: '25.00', left: '35.00', reverses: version, reference: 'r-1' },
    { ledger: '65.00' },
  ]);
  const much = await reverse('35.01');
  expect([much.status, much.body['code'], much.body['left']]).toEqual([
    422,
    'reversal-amount-exceeded',
    '35.00',
  ]);
  const rest = await reverse();
  expect(rest.body).toMatchObject({ event: { amount: '35.00' }, balance: { ledger: '100.00' } });
  expect(rest.body['event']).not.toHaveProperty('left');
  expect(await refused(reverse('0.01'))).toEqual([409, 'already-reversed']);
});

test('a currency that the client names must be that of the account', async () => {
  const [account, other] = [await open(), await open()];
  for (const path of ['deposits', 'withdrawals', 'holds']) {
    const said = { amount: '1.00', currency: 'EUR' };
    const { status, body } = await post(`${account}/${path}`, said);
    expect([status, body['code'], body['currency']]).toEqual([422, 'currency-mismatch', 'CZK']);
    expect((await post(`${account}/${path}`, { ...said, currency: 'CZK' })).status).toBe(201);
  }
  const move = { fromAccountId: idIn(account), toAccountId: idIn(other), amount: '1.00' };
  const wrong = post('/v1/transfers', { ...move, currency: 'EUR' });
  expect(await refused(wrong)).toEqual([422, 'currency-mismatch']);
  expect((await post('/v1/transfers', { ...move, currency: 'CZK' })).status).toBe(201);
});

test('labels and value dates stand in events, and a capture has those of its hold', async () => {
  const [account, other] = [await open(), await open()];
  const labels = { description: 'hotel', reference: 'auth-1', metadata: { shop: 'x' } };
  const hold = await post(`${account}/holds`, { amount: '10.00', ...labels });
  expect(hold.body['event']).toMatchObject(labels);
  const said = { reference: 'invoice-9', valueDate: '2026-12-01', metadata: { shop: 'y' } };
  const captured = await post(`${account}/holds/${String(hold.body['holdId'])}/capture`, said);
  expect(captured.body['event']).toMatchObject({ ...said, description: 'hotel' });

  const move = { fromAccountId: idIn(account), toAccountId: idIn(other), amount: '1.00' };
  const dated = { ...move, valueDate: '2026-01-31', reference: 'r' };
  const direct = await post('/v1/transfers', dated);
  expect(direct.body).toMatchObject({
    valueDate: '2026-01-31',
    to: { event: { valueDate: '2026-01-31' } },
  });
  const pending = await post('/v1/transfers', { ...dated, pending: true });
  const of = `/v1/transfers/${String(pending.body['transferId'])}`;
  const done = await post(`${of}/capture`, { description: 'at last' });
  expect(done.body['to']).toMatchObject({
    event: { valueDate: '2026-01-31', reference: 'r', description: 'at last' },
  });
  const back = await post(`${of}/reversals`, { reference: 'r-2', valueDate: '2026-02-01' });
  expect(back.body).toMatchObject({ reference: 'r-2', valueDate: '2026-02-01' });
  const wrong = await post(`${account}/deposits`, { amount: '1.00', valueDate: '2026-02-30' });
  expect([wrong.status, wrong.body['errors']]).toMatchObject([400, [{ at: '/valueDate' }]]);
});

test('an account keeps the name that another system has for it', async () => {
  const terms = { ownerId: OWNER, currency: 'CZK', externalId: 'crm-17' };
  const opened = await post('/v1/accounts', terms);
  expect([opened.status, opened.body['externalId']]).toEqual([201, 'crm-17']);
});
