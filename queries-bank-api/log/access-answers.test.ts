import request from 'supertest';
import { accessAnswer, type AccessFilters } from '../../contracts/access/access-records.ts';
import { QUERY_API_OPERATIONS } from '../../contracts/catalogue.ts';
import { personId } from '../../domain/ids.ts';
import type { SeenAccess } from '../../platform/access-reports.ts';
import { principalFor, sentBy, toldGate } from '../../platform/http/gate-for-tests.ts';
import { AccountView } from '../accounts/account-view.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { ANNA, OWNER, logOf, october } from './life-for-tests.ts';

const AT = '2026-11-27T12:00:00.000Z';
const ITEM = {
  number: 8,
  at: AT,
  app: 'core-bank-api',
  outcome: 'forbidden' as const,
  objects: [],
  count: 1,
  first: AT,
  last: AT,
};

function house(next = 0) {
  const asked: AccessFilters[] = [];
  const recorded: SeenAccess[] = [];
  const state = { away: false };
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  models.of('1').persons.set(OWNER, {
    personId: personId(OWNER),
    status: 'registered',
    version: 1,
    position: 1,
    index: 0,
    registeredAt: AT,
    at: AT,
    profile: { version: 1, sealed: 'c2VhbGVk' },
  });
  const opened = { givenName: 'Jana', familyName: 'Novak' };
  const data = {
    open: (persons: readonly object[]) => Promise.resolve(persons.map(() => opened)),
    loggedVersion: () => Promise.resolve(1),
  };
  const app = queryApiForTests(models, logOf(october()), 50, {
    gate: toldGate,
    persons: { models, accounts: new AccountView(models), data },
    record: (seen) => void recorded.push(seen),
    async access(filters) {
      if (state.away) throw new Unavailable('away');
      asked.push(filters);
      return { items: [ITEM], next, seal: null };
    },
  });
  const get = (path: string, who = principalFor('auditor')) =>
    request(app).get(path).set(sentBy(who)).buffer();
  return { get, asked, recorded, state };
}

test('filters and pages are those that were asked for', async () => {
  const { get, asked } = house(8);
  const id = '00000000-0000-8000-8000-00000000000A';
  const first = await get(
    `/v1/audit/access?subject=eve&client=web&object=${id}&outcome=read&from=${AT}&limit=3`,
  );
  expect([first.status, accessAnswer.parse(first.body).items]).toEqual([200, [ITEM]]);
  await get(`/v1/audit/access?cursor=${String(first.body.nextCursor)}`);
  expect(asked).toEqual([
    {
      subject: 'eve',
      client: 'web',
      object: id.toLowerCase(),
      outcome: 'read',
      from: Date.parse(AT),
      limit: 3,
    },
    { limit: 20, before: 8 },
  ]);
});

test.each([
  'limit=0',
  'limit=101',
  'cursor=x',
  'cursor=YWNjZXNzLzA',
  'object=jana',
  'outcome=nice',
  'subject=a%20b',
  `subject=${'x'.repeat(129)}`,
  'from=yesterday',
  `from=${AT}&to=${AT}`,
  'subject=a&subject=b',
  'nonsense=1',
])('given ?%s, it is refused and nobody is asked', async (query) => {
  const { get, asked } = house();
  expect([(await get(`/v1/audit/access?${query}`)).status, asked]).toEqual([400, []]);
});

test('given event-source that is away, it is answered 503', async () => {
  const { get, state } = house();
  state.away = true;
  expect((await get('/v1/audit/access')).status).toBe(503);
});

test('auditors and privacy officers may read them, and nobody else', async () => {
  const { get } = house();
  const statuses = await Promise.all(
    (['auditor', 'privacy-officer', 'operator', 'teller', 'service', 'customer'] as const).map(
      async (role) => (await get('/v1/audit/access', principalFor(role))).status,
    ),
  );
  expect(statuses).toEqual([200, 200, 403, 403, 403, 403]);
});

test('what shows personal data is marked so, and recorded', async () => {
  const shown: string[] = [];
  for (const operation of QUERY_API_OPERATIONS.filter(({ id }) => id !== 'streamEvents')) {
    for (const query of ['', '?format=pdf&from=v1&to=v9']) {
      if (query !== '' && operation.id !== 'readStatement') continue;
      const { get, recorded } = house();
      const path = operation.path
        .replace('{id}', ANNA)
        .replace('{personId}', OWNER)
        .replace('{version}', '1');
      const answer = await get(path + query, principalFor('teller'));
      const reads = recorded.filter(({ outcome }) => outcome === 'read');
      if (answer.text?.includes('Novak') === true || reads.length > 0) {
        expect(reads).toMatchObject([{ operation: operation.id, objects: [OWNER] }]);
        shown.push(operation.id);
      }
    }
  }
  const marked = QUERY_API_OPERATIONS.filter(({ showsPersonalData }) => showsPersonalData);
  expect(shown.sort()).toEqual(marked.map(({ id }) => id).sort());
});

test('given a customer who asks for the accounts of another person, that is recorded', async () => {
  const { get, recorded } = house();
  const eve = principalFor('customer', '00000000-0000-8000-8000-00000000000e');
  expect((await get(`/v1/accounts?ownerId=${OWNER}`, eve)).body.items).toEqual([]);
  expect(recorded).toMatchObject([
    { outcome: 'not-found', operation: 'listAccounts', objects: [OWNER] },
  ]);
});
