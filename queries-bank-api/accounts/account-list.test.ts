import request from 'supertest';
import { FILTER_ACCOUNTS_MAX, type ListedAccount } from '../../contracts/account/queries.ts';
import { metadataId, ownerListOf, type AccountModel } from '../../contracts/account/read-models.ts';
import { logForTests } from '../log/log-for-tests.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { LIST_PAGE_ENTRIES, listNames, listPage } from '../../contracts/account/lists.ts';
import { accountOf, idOf } from './accounts-for-tests.ts';

type Part = Partial<AccountModel> & { readonly metadata?: Readonly<Record<string, string>> };

/** Puts the account on its lists, as the projection does. */
function list(
  models: ReturnType<typeof memoryReadModels>,
  { accountId, currency, name, externalId, status }: AccountModel,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const { lists } = models.of('1');
  const names = [
    listNames.accountsByCurrency(currency),
    ...(name === undefined ? [] : [listNames.accountsByName(name)]),
    ...(externalId === undefined ? [] : [listNames.accountsByExternalId(externalId)]),
    ...Object.entries(metadata).map(([key, value]) => listNames.accountsByMetadata(key, value)),
    ...(status === 'open' ? [] : [listNames.accountsByStatus(status)]),
  ];
  const line = JSON.stringify({ accountId, version: 1 });
  for (const name of names) {
    const number = [...lists.keys()].filter((id) => id.startsWith(`${name}/`)).length;
    const _id = `${name}/${number}`;
    lists.set(_id, { _id, page: listPage(name, number), number, position: number, line });
  }
}

/** A bank with these accounts, opened in that order; without an owner they are Jana's. */
function bank(parts: readonly Part[]) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  const places = new Map<string, number>();
  for (const [index, { metadata, ...part }] of parts.entries()) {
    const account = { ...accountOf(index), ...part };
    const ownerIndex = places.get(ownerListOf(account)) ?? 0;
    places.set(ownerListOf(account), ownerIndex + 1);
    const said = metadata === undefined ? {} : { metadataVersion: 1 };
    models.of('1').accounts.set(idOf(index), { ...account, ...said, ownerIndex });
    list(models, account, metadata);
    if (metadata !== undefined) models.of('1').metadata.set(metadataId(idOf(index), 1), metadata);
  }
  const app = queryApiForTests(models, logForTests().log, 100);
  const get = (query: string) => request(app).get(`/v1/accounts${query}`);
  /** All pages of a list: the indexes of their accounts, page by page. */
  const pages = async (query: string): Promise<number[][]> => {
    const found: number[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await get(`?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`).expect(
        200,
      );
      const items = body.items as ListedAccount[];
      found.push(items.map(({ accountId }) => parts.findIndex((_p, at) => idOf(at) === accountId)));
      cursor = body.nextCursor as string | null;
    }
    return found;
  };
  return { get, pages, models };
}

const KAREL = { ownerId: 'karel-dvorak' as never };
const few: readonly Part[] = [
  { name: 'Everyday', metadata: { branch: 'Brno', tier: 'gold' } },
  { ...KAREL, currency: 'EUR', metadata: { branch: 'Praha' } },
  { status: 'frozen', statusVersion: 1, name: 'Everyday', externalId: 'crm-2' },
  { ...KAREL, name: 'everyday', metadata: { branch: 'Brno' } },
  { status: 'closed', statusVersion: 1, currency: 'EUR' },
];

test.each([
  ['nothing', '', [0, 1, 2, 3, 4]],
  ['an owner', 'ownerId=karel-dvorak', [1, 3]],
  ['a status', 'status=open', [0, 1, 3]],
  ['a currency', 'currency=EUR', [1, 4]],
  ['a name', 'name=Everyday', [0, 2]],
  ['a status that is rare', 'status=frozen', [2]],
  ['a name of another system', 'externalId=crm-2', [2]],
  ['a name and a rarer status', 'name=Everyday&status=frozen', [2]],
  ['metadata', 'metadata.branch=Brno', [0, 3]],
  ['two keys of metadata', 'metadata.branch=Brno&metadata.tier=gold', [0]],
  ['a key that no account has', 'metadata.constructor=x', []],
  ['all of it', 'ownerId=karel-dvorak&status=open&currency=CZK&metadata.branch=Brno', [3]],
  ['what nothing has', 'status=closed&currency=CZK', []],
])(
  'given %s, the accounts that have it come in the order of opening',
  async (_what, query, found) => {
    expect(await bank(few).pages(query)).toEqual([found]);
  },
);

test('given more than a page, each account comes once, with filters and without', async () => {
  const many = Array.from({ length: 150 }, (_unused, at) => ({
    ...(at % 3 === 0 ? KAREL : {}),
    currency: at % 2 === 0 ? ('CZK' as const) : ('EUR' as const),
  }));
  const { pages } = bank(many as readonly Part[]);
  const all = [...Array(150).keys()];
  expect((await pages('limit=40')).map((page) => page.length)).toEqual([40, 40, 40, 30]);
  expect((await pages('limit=40')).flat()).toEqual(all);
  const karel = all.filter((at) => at % 3 === 0);
  expect((await pages('ownerId=karel-dvorak&limit=7')).flat()).toEqual(karel);
  const inEuro = all.filter((at) => at % 2 === 1);
  expect((await pages('currency=EUR&limit=7')).flat()).toEqual(inEuro);
  expect((await pages('currency=EUR&limit=75')).map((page) => page.length)).toEqual([75]);
});

test('given a rare account among many, one answer finds it, by the shortest list', async () => {
  const many: readonly Part[] = Array.from({ length: 2 * FILTER_ACCOUNTS_MAX }, (_unused, at) =>
    at === FILTER_ACCOUNTS_MAX + 3 ? { name: 'Rare', metadata: { branch: 'Brno' } } : {},
  );
  const { get, pages, models } = bank(many);
  for (const query of ['name=Rare', 'currency=CZK&metadata.branch=Brno&name=Rare']) {
    expect(await pages(query)).toEqual([[FILTER_ACCOUNTS_MAX + 3]]);
  }
  const before = models.state.calls;
  await get('?name=Rare&currency=CZK').expect(200);
  // The longer list is measured and not read.
  expect(models.state.calls - before).toBeLessThan(20);
});

test('given an owner with a rare account, an answer looks at so many', async () => {
  const many: readonly Part[] = Array.from(
    { length: 2 * FILTER_ACCOUNTS_MAX + 5 },
    (_unused, at) => (at === FILTER_ACCOUNTS_MAX + 3 ? { name: 'Rare' } : {}),
  );
  const { get, pages, models } = bank(many);
  const query = 'ownerId=jana-novakova&name=Rare';
  expect(await pages(query)).toEqual([[], [FILTER_ACCOUNTS_MAX + 3], []]);
  const before = models.state.calls;
  await get(`?${query}`).expect(200);
  const calls = models.state.calls - before;
  expect(calls).toBeGreaterThanOrEqual(FILTER_ACCOUNTS_MAX / 32);
  expect(calls).toBeLessThan(FILTER_ACCOUNTS_MAX / 16);
});

test('an entry of details or of a status that the account has no more is passed over', async () => {
  const { pages, models } = bank(few);
  const { accounts } = models.of('1');
  accounts.set(idOf(2), { ...accounts.get(idOf(2))!, status: 'open', statusVersion: 2 });
  expect(await pages('status=frozen')).toEqual([[]]);
  // It got the same name again, by an event that put it on the list once more.
  const renamed = { ...accounts.get(idOf(0))!, detailsVersion: 5 };
  accounts.set(idOf(0), renamed);
  expect(await pages('name=Everyday')).toEqual([[2]]);
  const name = listNames.accountsByName('Everyday');
  const line = JSON.stringify({ accountId: idOf(0), version: 5 });
  const entry = { _id: `${name}/2`, page: listPage(name, 2), number: 2, position: 9, line };
  models.of('1').lists.set(entry._id, entry);
  expect(await pages('name=Everyday')).toEqual([[2, 0]]);
});

test('an account that is not there yet ends the list until it is', async () => {
  const many = Array.from({ length: LIST_PAGE_ENTRIES + 5 }, () => ({ name: 'Savings' }));
  const { pages, models } = bank(many);
  const { accounts } = models.of('1');
  const late = accounts.get(idOf(7))!;
  accounts.delete(idOf(7));
  expect((await pages('name=Savings')).flat()).toEqual([...Array(7).keys()]);
  accounts.set(idOf(7), late);
  expect((await pages('name=Savings')).flat()).toEqual([...many.keys()]);
});

test('a cursor is of one owner and of its filters', async () => {
  const { get } = bank(few);
  const { body } = await get('?limit=1').expect(200);
  for (const query of ['ownerId=karel-dvorak', 'status=open', 'metadata.branch=Brno']) {
    const { body: refused } = await get(`?${query}&cursor=${body.nextCursor}`).expect(400);
    expect(refused.errors).toEqual([
      { at: 'query/cursor', message: 'must be a cursor that an answer with these filters gave' },
    ]);
  }
});

test.each([
  ['status=Open', 'query/status', 'must be one of open, frozen, closed'],
  ['currency=eur', 'query/currency', 'must be an ISO 4217 code such as "EUR"'],
  ['name=', 'query/name', 'must not be empty'],
  ['metadata.1a=x', 'query/metadata.1a', 'must be a key and a value of metadata'],
  ['metadata.=x', 'query/metadata.', 'must be a key and a value of metadata'],
  ['metadata.__proto__=x', 'query/metadata.__proto__', 'must be a key and a value of metadata'],
  ['metadata.a=', 'query/metadata.a', 'must be a key and a value of metadata'],
  ['metadata.a=1&metadata.a=2', 'query/metadata.a', 'must be given once'],
  ['metadata=x', 'query/metadata', 'is not a known parameter'],
  ['externalId=', 'query/externalId', 'must not be empty'],
  ['sort=x', 'query/sort', 'is not a known parameter'],
  ['kind=x', 'query/kind', 'must be one of customer, internal'],
])('given %s, the problem says where and what', async (query, at, message) => {
  const { body } = await bank(few).get(`?${query}`).expect(400);
  expect(body.errors).toContainEqual({ at, message });
});
