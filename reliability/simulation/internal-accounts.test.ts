import { OWNER } from '../../bank-account-actor/host/bank-host-for-tests.ts';
import { accountAnswer } from '../../contracts/account/outcomes.ts';
import { commandHouse } from './command-house.ts';

let house: Awaited<ReturnType<typeof commandHouse>>;
beforeAll(async () => void (house = await commandHouse()));
afterAll(() => house.close());

type Body = Readonly<Record<string, unknown>>;
const post = async (path: string, body: Body, headers = {}) => {
  const response = await fetch(`${house.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
};
const open = async (terms: Body): Promise<string> =>
  String((await post('/v1/accounts', { currency: 'CZK', ...terms })).body['accountId']);

test('an account of the bank itself has a code and no owner, and a retry finds it', async () => {
  const terms = { kind: 'internal', code: '1021.01', currency: 'CZK', name: 'Fees' };
  const key = { 'Idempotency-Key': 'fees' };
  const made = await post('/v1/accounts', terms, key);
  expect(made.status).toBe(201);
  const account = accountAnswer.parse(made.body);
  expect(account).toMatchObject({ kind: 'internal', code: '1021.01', name: 'Fees' });
  expect(account).not.toHaveProperty('ownerId');
  expect((await post('/v1/accounts', terms, key)).body).toEqual(made.body);
});

test('an account of a customer may say so', async () => {
  const terms = { kind: 'customer', ownerId: OWNER, currency: 'CZK' };
  const { status, body } = await post('/v1/accounts', terms);
  expect([status, accountAnswer.parse(body).ownerId]).toEqual([201, OWNER]);
  expect(body).not.toHaveProperty('kind');
});

test.each<[Body, string]>([
  [{}, '/ownerId'],
  [{ kind: 'customer' }, '/ownerId'],
  [{ kind: 'internal', ownerId: OWNER }, '/ownerId'],
  [{ ownerId: OWNER, code: '1' }, '/code'],
  [{ kind: 'internal', overdraftLimit: '1.00' }, '/overdraftLimit'],
  [{ kind: 'internal', code: '' }, '/code'],
  [{ kind: 'bank' }, '/kind'],
])('an opening with %j is refused', async (terms, at) => {
  const { status, body } = await post('/v1/accounts', { currency: 'CZK', ...terms });
  expect([status, body]).toMatchObject([400, { errors: [{ at }] }]);
});

test('it lends what it does not have, and takes it back', async () => {
  const [loans, customer] = [await open({ kind: 'internal' }), await open({ ownerId: OWNER })];
  const pay = (fromAccountId: string, toAccountId: string, amount: string) =>
    post('/v1/transfers', { fromAccountId, toAccountId, amount });
  const lent = await pay(loans, customer, '1000.00');
  expect([lent.status, lent.body]).toMatchObject([
    201,
    { from: { balance: { ledger: '-1000.00', available: '-1000.00' } } },
  ]);
  expect((await pay(customer, loans, '1000.01')).status).toBe(422);
  expect((await pay(customer, loans, '1000.00')).status).toBe(201);
  const limit = await fetch(`${house.url}/v1/accounts/${loans}/overdraft-limit`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"amount":"5.00"}',
  });
  expect(limit.status).toBe(400);
});
