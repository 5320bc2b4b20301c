import request from 'supertest';
import {
  OWNER_BALANCES_ACCOUNTS_MAX,
  ownerBalancesAnswer,
} from '../../contracts/account/queries.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import { principalFor } from '../../platform/http/gate-for-tests.ts';
import { gate } from '../../platform/http/gate.ts';
import { logForTests } from '../log/log-for-tests.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { accountOf, idOf } from './accounts-for-tests.ts';

/** A bank with these accounts, which all are Jana's. */
function bank(parts: readonly Partial<AccountModel>[], customer?: string) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  for (const [index, part] of parts.entries()) {
    models.of('1').accounts.set(idOf(index), { ...accountOf(index), ...part });
  }
  const recorded: SeenAccess[] = [];
  const app = queryApiForTests(models, logForTests().log, 100, {
    record: (seen) => void recorded.push(seen),
    ...(customer === undefined ? {} : { gate: gate(() => principalFor('customer', customer)) }),
  });
  return { get: (query: string) => request(app).get(`/v1/balances${query}`), recorded };
}
const has = (ledger: string, held = '0.00', more: Partial<AccountModel> = {}) => ({
  balance: { ledger, held, available: (Number(ledger) - Number(held)).toFixed(2) },
  ...more,
});

test('what the accounts of an owner have is added up by currency, cent by cent', async () => {
  const { get } = bank([
    has('7199254740993.01'),
    has('0.10', '0.05'),
    has('7', '0', { currency: 'JPY', balance: { ledger: '7', held: '0', available: '7' } }),
    has('-0.20', '0.00', { status: 'frozen' }),
  ]);
  const { body } = await get('?ownerId=jana-novakova').expect(200);
  expect(ownerBalancesAnswer.parse(body).items).toEqual([
    {
      currency: 'CZK',
      accounts: 3,
      ledger: '7199254740992.91',
      held: '0.05',
      available: expect.any(String) as string,
    },
    { currency: 'JPY', accounts: 1, ledger: '7', held: '0', available: '7' },
  ]);
});

test('nobody has nothing', async () => {
  const { body } = await bank([]).get('?ownerId=somebody').expect(200);
  expect(body).toEqual({ ownerId: 'somebody', items: [] });
});

test.each([
  ['no owner', ''],
  ['a time to come', '?ownerId=x&at=2999-01-01T00:00:00Z'],
  ['a day', '?ownerId=x&at=2026-01-01'],
])('given %s, it is refused', async (_what, query) => {
  const { body } = await bank([]).get(query).expect(400);
  expect(body).toMatchObject({ code: 'invalid-request' });
});

test('an account that is set aside is in no sum', async () => {
  const { get } = bank([has('1.00'), has('2.00', '0.00', { setAside: 2 })]);
  const { body } = await get('?ownerId=jana-novakova').expect(500);
  expect(body).toMatchObject({ code: 'account-set-aside' });
});

test('more accounts than may be added up are refused, as many are not', async () => {
  const many = (count: number) => bank(Array.from({ length: count }, () => has('1.00')));
  const most = await many(OWNER_BALANCES_ACCOUNTS_MAX).get('?ownerId=jana-novakova').expect(200);
  expect(most.body).toMatchObject({ items: [{ accounts: 500, ledger: '500.00' }] });
  const more = many(OWNER_BALANCES_ACCOUNTS_MAX + 1);
  const { body } = await more.get('?ownerId=jana-novakova').expect(422);
  expect(body).toMatchObject({ code: 'too-many-accounts' });
});

test('a customer sees own accounts, and nothing of others', async () => {
  const parts = [has('5.00')];
  const own = await bank(parts, 'jana-novakova').get('').expect(200);
  expect(own.body).toMatchObject({ ownerId: 'jana-novakova', items: [{ ledger: '5.00' }] });
  const { get, recorded } = bank(parts, 'petr');
  const { body } = await get('?ownerId=jana-novakova').expect(200);
  expect(body).toEqual({ ownerId: 'jana-novakova', items: [] });
  expect(recorded).toMatchObject([{ outcome: 'not-found', operation: 'readOwnerBalances' }]);
});
