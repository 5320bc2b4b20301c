import request from 'supertest';
import { FILTER_ACCOUNTS_MAX, type ListedAccount } from '../../contracts/account/queries.ts';
import { metadataId, type AccountModel } from '../../contracts/account/read-models.ts';
import { logForTests } from '../log/log-for-tests.ts';
import { queryApiForTests } from '../query-api-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { accountOf, idOf } from './accounts-for-tests.ts';

type Part = Partial<AccountModel> & { readonly metadata?: Readonly<Record<string, string>> };

/** A bank with these accounts, opened in that order; without an owner they are Jana's. */
function bank(parts: readonly Part[]) {
  const models = memoryReadModels();
  models.use.balances = '1';
  const places = new Map<string, number>();
  for (const [index, { metadata, ...part }] of parts.entries()) {
    const account = { ...accountOf(index), ...part };
    const ownerIndex = places.get(account.ownerId) ?? 0;
    places.set(account.ownerId, ownerIndex + 1);
    const said = metadata === undefined ? {} : { metadataVersion: 1 };
    models.of('1').accounts.set(idOf(index), { ...account, ...said, ownerIndex });
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
  { status: 'frozen', name: 'Everyday' },
  { ...KAREL, name: 'everyday', metadata: { branch: 'Brno' } },
  { status: 'closed', currency: 'EUR' },
];

test.each([
  ['nothing', '', [0, 1, 2, 3, 4]],
  ['an owner', 'ownerId=karel-dvorak', [1, 3]],
  ['a status', 'status=open', [0, 1, 3]],
  ['a currency', 'currency=EUR', [1, 4]],
  ['a name', 'name=Everyday', [0, 2]],
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

test('given a rare account among many, an answer looks at so many and gives a cursor', async () => {
  const many: readonly Part[] = Array.from(
    { length: 2 * FILTER_ACCOUNTS_MAX + 5 },
    (_unused, at) => (at === FILTER_ACCOUNTS_MAX + 3 ? { name: 'Rare' } : {}),
  );
  const { get, pages, models } = bank(many);
  expect(await pages('name=Rare')).toEqual([[], [FILTER_ACCOUNTS_MAX + 3], []]);
  const before = models.state.calls;
  await get('?name=Rare').expect(200);
  const calls = models.state.calls - before;
  expect(calls).toBeGreaterThanOrEqual(FILTER_ACCOUNTS_MAX / 32);
  expect(calls).toBeLessThan(FILTER_ACCOUNTS_MAX / 16);
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
  ['externalId=x', 'query/externalId', 'is not a known parameter'],
])('given %s, the problem says where and what', async (query, at, message) => {
  const { body } = await bank(few).get(`?${query}`).expect(400);
  expect(body.errors).toContainEqual({ at, message });
});
