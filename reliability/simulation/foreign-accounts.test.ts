import type { Principal } from '../../contracts/access/principal.ts';
import { ROLES } from '../../contracts/access/principal.ts';
import { mayUse } from '../../contracts/access/rules.ts';
import { COMMAND_API_OPERATIONS } from '../../contracts/catalogue.ts';
import type { Operation } from '../../contracts/http/openapi.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { transactionIdOf, transferIdOf } from '../../domain/transfer-id.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import { principalFor, sentBy, toldGate } from '../../platform/http/gate-for-tests.ts';
import { commandHouse } from './command-house.ts';

type House = Awaited<ReturnType<typeof commandHouse>>;
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, never>;
}

const TELLER = principalFor('teller');
const ADA = '00000000-0000-8000-8000-00000000000a';
const ada = principalFor('customer', ADA);
const eve = principalFor('customer', '00000000-0000-8000-8000-00000000000e');
const nobody = principalFor('customer');
const MISSING = accountIdOfSerial(77n);

let house: House;
let serial = 0;
const recorded: SeenAccess[] = [];
beforeAll(async () => {
  house = await commandHouse(toldGate, (seen) => void recorded.push(seen));
});
afterAll(() => house.close());

async function send(
  who: Principal,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${house.url}${path}`, {
    method,
    headers: { ...sentBy(who), ...JSON_TYPE, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: JSON.parse(text) as Answer['body'] };
}
const post = (who: Principal, path: string, body: object, headers = {}) =>
  send(who, 'POST', path, body, headers);

async function open(more: object = {}): Promise<string> {
  serial += 1;
  const terms = { ownerId: ADA, currency: 'CZK', initialDeposit: '10.00', ...more };
  const { body, text } = await post(TELLER, '/v1/accounts', terms, {
    'Idempotency-Key': `open-${serial}`,
  });
  return (body as { accountId?: string }).accountId ?? text;
}

/** The same as if it were about the missing one: ids are exchanged, and nothing else. */
const without = (answer: Answer, ...ids: readonly string[]): string =>
  ids.reduce((text, id) => text.replaceAll(id, 'ID'), `${answer.status} ${answer.text}`);

const pathOf = ({ path }: Operation, id: string): string => path.replaceAll(/\{\w+\}/g, id);
/** Without an id of its own each answer would differ. */
const JSON_TYPE = { 'content-type': 'application/json', 'x-request-id': 'one' };
const AMOUNT = { amount: '1.00' };
const BODIES: Readonly<Record<string, object>> = { captureTransfer: AMOUNT };

describe('given an account of somebody else, a customer is answered as if there were none', () => {
  const operations = COMMAND_API_OPERATIONS.filter(({ access }) => access.object !== 'bank');

  test.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s',
    async (_id, operation) => {
      const [account, other] = [await open(), await open()];
      const terms = { fromAccountId: account, toAccountId: other, pending: true, ...AMOUNT };
      const key = { 'Idempotency-Key': `own-${operation.id}` };
      const begun = await post(TELLER, '/v1/transfers', terms, key);
      const { transferId } = begun.body as { transferId?: string };
      const legs = { fromAccountId: account, toAccountId: other, ...AMOUNT };
      const whole = { transfers: [legs] };
      const done = await post(TELLER, '/v1/transactions', whole, {
        'Idempotency-Key': `whole-${operation.id}`,
      });
      const { transactionId } = done.body as { transactionId?: string };
      const about = {
        account: [account, MISSING],
        transfer: [transferId!, transferIdOf(MISSING, 7n)],
        transaction: [transactionId!, transactionIdOf(MISSING, 7n)],
        person: [ADA, MISSING],
        command: [`own-${operation.id}?accountId=${account}`, `own-x?accountId=${MISSING}`],
        accounts: [account, MISSING],
        bank: [],
      }[operation.access.object];
      const { id, method } = operation;
      const bodyFor = (one: string): object | undefined => {
        if (method === 'get') return undefined;
        if (id === 'transact') return { transfers: [{ ...legs, fromAccountId: one }] };
        if (id === 'transfer') return { ...AMOUNT, fromAccountId: one, toAccountId: other };
        return BODIES[id] ?? {};
      };
      const [foreign, missing] = about as [string, string];
      for (const who of [eve, nobody]) {
        for (const query of operation.query?.['dryRun'] === undefined
          ? ['']
          : ['', '?dryRun=true']) {
          const ask = (one: string, headers = {}) =>
            send(who, method.toUpperCase(), pathOf(operation, one) + query, bodyFor(one), headers);
          const isForOne = operation.headers?.['If-Match'] !== undefined;
          const versions = isForOne ? [{ 'If-Match': '"1"' }] : [];
          for (const headers of [{}, ...versions, key]) {
            const noted = recorded.length;
            const [there, not] = [await ask(foreign, headers), await ask(missing, headers)];
            const outcome = mayUse(who, operation.access) ? 'not-found' : 'forbidden';
            const seen = { outcome, operation: id, principal: { subject: 'a-customer' } };
            expect(recorded.slice(noted)).toMatchObject([seen, seen]);
            const ids = [foreign, missing, account, MISSING, `own-${id}`, 'own-x'];
            expect(without(there, ...ids)).toBe(without(not, ...ids));
            expect(there.status).toBe(mayUse(who, operation.access) ? 404 : 403);
          }
        }
      }
      // Nothing of it stands anywhere, and the owner is not hindered.
      const own = await send(ada, 'GET', `/v1/transfers/${transferId}`);
      expect(own.body).toMatchObject({ status: 'pending', from: { accountId: account } });
    },
  );
});

test('a customer moves money from an own account, and sees nothing of the other one', async () => {
  const [mine, theirs] = [await open(), await open({ ownerId: await person('p') })];
  const terms = { fromAccountId: mine, toAccountId: theirs, ...AMOUNT };
  const sent = await post(ada, '/v1/transfers', terms);
  expect([sent.status, sent.body]).toMatchObject([201, { from: { accountId: mine } }]);
  expect(sent.body).not.toHaveProperty('to');
  expect(sent.text).not.toContain(`acct/${theirs}`);
  const { transferId } = sent.body as { transferId?: string };
  const read = await send(ada, 'GET', `/v1/transfers/${transferId}`);
  expect(read.text).not.toContain(`acct/${theirs}`);
  const owner = principalFor('customer', await person('p'));
  const received = await send(owner, 'GET', `/v1/transfers/${transferId}`);
  expect(received.body).toMatchObject({ to: { accountId: theirs }, steps: [{}] });
  expect(received.text).not.toContain(`acct/${mine}`);
  expect((await send(TELLER, 'GET', `/v1/transfers/${transferId}`)).body).toMatchObject({
    from: {},
    to: {},
  });
});

test('a customer sees the own transfers of a transaction', async () => {
  const [mine, theirs, others] = [
    await open(),
    await open({ ownerId: await person('t') }),
    await open({ ownerId: await person('u') }),
  ];
  const leg = (fromAccountId: string, toAccountId: string) => ({
    fromAccountId,
    toAccountId,
    ...AMOUNT,
  });
  const whole = {
    transfers: [leg(mine, theirs), leg(theirs, others)],
    description: 'secret of the first',
  };
  const foreign = await post(ada, '/v1/transactions', whole);
  expect([foreign.status, foreign.body]).toMatchObject([
    404,
    { code: 'account-not-found', index: 1 },
  ]);
  const done = await post(TELLER, '/v1/transactions', whole);
  const { transactionId } = done.body as { transactionId?: string };
  const seenBy = async (who: Principal) => {
    const { text, body } = await send(who, 'GET', `/v1/transactions/${transactionId}`);
    const { transfers = [] } = body as { transfers?: object[] };
    return { text, transfers: transfers.length };
  };
  const [own, second, third] = [
    await seenBy(ada),
    await seenBy(principalFor('customer', await person('t'))),
    await seenBy(principalFor('customer', await person('u'))),
  ];
  expect([own, second, third].map(({ transfers }) => transfers)).toEqual([1, 2, 1]);
  expect(own.text).toContain('"description":"secret of the first","idempotencyKey"');
  expect(own.text).not.toContain(others);
  expect(third.text).not.toContain(mine);
});

const person = async (key: string): Promise<string> => {
  const body = { givenName: 'Ada', familyName: 'Novak' };
  const made = await post(TELLER, '/v1/persons', body, { 'Idempotency-Key': key });
  return (made.body as { personId?: string }).personId!;
};

describe('given a target that takes nothing, a customer learns no reason', () => {
  test.each(['frozen', 'closed', 'other currency'])('%s', async (why) => {
    const mine = await open({ recordRefusals: true });
    const theirs = await open({
      ownerId: await person('q'),
      initialDeposit: '0.00',
      ...(why === 'other currency' ? { currency: 'EUR' } : {}),
    });
    const operator = principalFor('operator');
    if (why === 'frozen') await post(operator, `/v1/accounts/${theirs}/freeze`, {});
    if (why === 'closed') await post(operator, `/v1/accounts/${theirs}/close`, {});
    for (const amount of ['1.00', '999.00']) {
      const give = (to: string, who = ada, query = '') =>
        post(who, `/v1/transfers${query}`, { fromAccountId: mine, toAccountId: to, amount });
      for (const query of ['', '?dryRun=true']) {
        const [closed, none] = [await give(theirs, ada, query), await give(MISSING, ada, query)];
        expect(closed.status).toBe(404);
        expect(without(closed, theirs)).toBe(without(none, MISSING));
      }
      expect((await give(theirs, TELLER)).status).not.toBe(404);
    }
  });
});

test('a reversal is for operators, and cash is not for customers', async () => {
  const mine = await open();
  const path = `/v1/accounts/${mine}`;
  expect((await post(ada, `${path}/deposits`, AMOUNT)).status).toBe(403);
  expect((await post(ada, `${path}/reversals`, { version: 2 })).status).toBe(403);
  expect((await post(TELLER, `${path}/reversals`, { version: 2 })).status).toBe(403);
  const operator = principalFor('operator');
  expect((await post(operator, `${path}/reversals`, { version: 2 })).status).toBe(201);
});

describe('each item of a batch needs its own right', () => {
  test.each([false, true])('atomic: %s', async (atomic) => {
    const mine = await open();
    const commands = [
      { type: 'deposit', accountId: mine, ...AMOUNT },
      { type: 'freeze', accountId: mine },
    ];
    const { body } = await post(TELLER, `/v1/batches?atomic=${atomic}`, { commands });
    const { results = [] } = body as { results?: { status: number; problem?: object }[] };
    expect(results[1]).toMatchObject({
      status: 403,
      problem: { code: 'forbidden', scope: 'accounts:restrict' },
    });
    expect(results[0]?.status).toBe(atomic ? 409 : 201);
    expect(recorded.at(-1)).toMatchObject({ outcome: 'forbidden', operation: 'executeBatch' });
  });
});

test('each role may what the table says, and nothing else', async () => {
  const account = await open();
  for (const role of ROLES) {
    const who = principalFor(role, ADA);
    for (const operation of COMMAND_API_OPERATIONS) {
      const { method } = operation;
      const path = `${pathOf(operation, account)}?dryRun=x`;
      const { status } = await send(
        who,
        method.toUpperCase(),
        path,
        method === 'get' ? undefined : {},
      );
      if (mayUse(who, operation.access)) expect(status).not.toBe(403);
      else expect(status).toBe(403);
    }
  }
});
