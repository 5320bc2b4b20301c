import request from 'supertest';
import winston from 'winston';
import type { AccountPage } from '../contracts/log.ts';
import { PERSON_QUERIES } from '../contracts/person-queries.ts';
import { QUERY_OPERATIONS } from '../contracts/queries.ts';
import { AccountView } from './account-view.ts';
import { accountOf, changeOf, idOf, lineOf } from './accounts-for-tests.ts';
import { queryApi } from './app.ts';
import { writeCursor } from './cursor.ts';
import { HistoryView } from './history-view.ts';
import { memoryReadModels } from './memory-read-models.ts';
import { Unavailable } from './read-models.ts';

const transports = [new winston.transports.Console()];
const logger = winston.createLogger({ silent: true, transports });
const WAIT_MS = 120;

const noPersonData = {
  open: () => Promise.resolve([]),
  loggedVersion: () => Promise.resolve(0),
};

/** One account with 40 versions; `inLog` is how many of them the log has. */
function bank(inLog = 40) {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: 1, history: 1 });
  models.of(1).accounts.set(idOf(1), accountOf(1, 40));
  for (let version = 1; version <= 40; version += 1) {
    models.of(1).lines.set(`${idOf(1)}/${version}`, lineOf(1, version));
  }
  const state = { logAway: false };
  const log = {
    async events(id: string, fromVersion: number, limit: number): Promise<AccountPage> {
      if (state.logAway) throw new Unavailable('away');
      const entries = Array.from({ length: id === idOf(1) ? inLog : 0 }, (_, at) => ({
        position: at + 1,
        event: { version: at + 1 },
      })) as unknown as AccountPage['entries'];
      const wanted = entries.filter(({ event }) => event.version >= fromVersion);
      return { entries: wanted.slice(0, limit), headVersion: entries.length };
    },
  };
  const app = queryApi({
    accounts: new AccountView(models),
    history: new HistoryView(models),
    persons: { models, data: noPersonData },
    log,
    logger,
    checks: {},
    waitMs: WAIT_MS,
  });
  return { app, models, state };
}

const account = (path = '') => `/v1/accounts/${idOf(1)}${path}`;

test('an account and its balance, by id and by number, tagged with the version', async () => {
  const { app } = bank();
  const { position: _at, ownerIndex: _place, ...shown } = accountOf(1, 40);
  const whole = await request(app).get(account());
  expect([whole.status, whole.headers['etag'], whole.body]).toEqual([200, '"40"', shown]);
  const balance = await request(app).get(`/v1/accounts/${shown.accountNumber}/balance`);
  expect([balance.status, balance.headers['etag'], balance.body]).toEqual([
    200,
    '"40"',
    {
      accountId: idOf(1),
      currency: 'CZK',
      version: 40,
      at: shown.at,
      ...shown.balance,
    },
  ]);
});

test('history comes newest first and page by page to its end', async () => {
  const { app } = bank();
  const versions: number[] = [];
  let next = '';
  for (let pages = 0; pages < 10; pages += 1) {
    const answer = await request(app).get(account(`/history?limit=7${next}`));
    expect([answer.status, answer.body.version]).toEqual([200, 40]);
    versions.push(...answer.body.items.map((item: { version: number }) => item.version));
    if (answer.body.nextCursor === null) break;
    next = `&cursor=${answer.body.nextCursor}`;
  }
  expect(versions).toEqual(Array.from({ length: 40 }, (_, at) => 40 - at));
  const first = await request(app).get(account('/history'));
  expect(first.body.items).toEqual(Array.from({ length: 20 }, (_, at) => lineOf(1, 40 - at)));
});

test('a history that was read is read again only for what is new', async () => {
  const { app, models } = bank();
  await request(app).get(account('/history'));
  models.of(1).changes.set(1, changeOf(1, 0, [accountOf(1, 41)]));
  models.of(1).lines.set(`${idOf(1)}/41`, lineOf(1, 41));
  await new Promise((done) => setTimeout(done, 30));
  const { body } = await request(app).get(account('/history?limit=3'));
  expect(body.items.map((item: { version: number }) => item.version)).toEqual([41, 40, 39]);
});

test('a history that is behind the balance is waited for, then refused', async () => {
  const { app, models } = bank();
  models.of(1).lines.delete(`${idOf(1)}/40`);
  const late = await request(app).get(account('/history'));
  expect([late.status, late.body.code, late.headers['retry-after']]).toEqual([
    503,
    'version-not-reached',
    '1',
  ]);
  setTimeout(() => models.of(1).lines.set(`${idOf(1)}/40`, lineOf(1, 40)), WAIT_MS / 3);
  expect((await request(app).get(account('/history'))).status).toBe(200);
});

test('minVersion waits until the version is there', async () => {
  const { app, models } = bank();
  setTimeout(() => models.of(1).changes.set(1, changeOf(1, 0, [accountOf(1, 41)])), WAIT_MS / 3);
  const answer = await request(app).get(account('/balance?minVersion=41'));
  expect([answer.status, answer.body.version]).toEqual([200, 41]);
});

test('minVersion that does not come is 503, of an account that is nowhere 404', async () => {
  const { app } = bank();
  const late = await request(app).get(account('/balance?minVersion=99'));
  expect([late.status, late.body.code, late.headers['retry-after']]).toEqual([
    503,
    'version-not-reached',
    '1',
  ]);
  const none = await request(app).get(`/v1/accounts/${idOf(2)}/balance?minVersion=1`);
  expect([none.status, none.body.code]).toEqual([404, 'account-not-found']);
});

test('the accounts of an owner come in order and page by page', async () => {
  const { app, models } = bank();
  models.of(1).accounts.clear();
  for (let place = 0; place < 5; place += 1) {
    models.of(1).accounts.set(idOf(place), accountOf(place));
  }
  const first = await request(app).get('/v1/accounts?ownerId=jana-novakova&limit=3');
  const ids = (body: { items: { accountId: string }[] }) => body.items.map((one) => one.accountId);
  expect(ids(first.body)).toEqual([0, 1, 2].map(idOf));
  const { nextCursor } = first.body;
  const second = await request(app).get(
    `/v1/accounts?ownerId=jana-novakova&limit=3&cursor=${nextCursor}`,
  );
  expect([ids(second.body), second.body.nextCursor]).toEqual([[3, 4].map(idOf), null]);
  const none = await request(app).get('/v1/accounts?ownerId=nobody');
  expect(none.body).toEqual({ items: [], nextCursor: null });
  const foreign = await request(app).get(`/v1/accounts?ownerId=nobody&cursor=${nextCursor}`);
  expect(foreign.status).toBe(400);
});

test('events come from the log, oldest first, with their positions', async () => {
  const { app } = bank();
  const first = await request(app).get(account('/events?fromVersion=3&limit=2'));
  expect([first.status, first.headers['etag'], first.body]).toEqual([
    200,
    '"40"',
    {
      accountId: idOf(1),
      version: 40,
      items: [
        { position: 3, version: 3 },
        { position: 4, version: 4 },
      ],
      nextFromVersion: 5,
    },
  ]);
  const last = await request(app).get(account('/events?fromVersion=39&limit=500'));
  expect(last.body.nextFromVersion).toBeNull();
  const none = await request(app).get(`/v1/accounts/${idOf(9)}/events`);
  expect([none.status, none.body.code]).toEqual([404, 'account-not-found']);
});

test('while a part is away its queries are 503 and say when to retry', async () => {
  const { app, models, state } = bank();
  models.state.away = true;
  state.logAway = true;
  for (const path of ['', '/balance', '/history', '/events', '/balance?minVersion=2']) {
    const answer = await request(app).get(account(path));
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([
      503,
      'service-unavailable',
      '1',
    ]);
    expect(answer.headers['content-type']).toMatch('application/problem+json');
  }
});

const upper = idOf(1).toUpperCase();
const otherCursor = writeCursor(`history/${idOf(2)}`, 5);
const ownCursor = (place: number) => writeCursor(`history/${idOf(1)}`, place);
test.each([
  [`/v1/accounts/${upper}`, 'path/id'],
  ['/v1/accounts/1', 'path/id'],
  ['/v1/accounts/12345678901234567890', 'path/id'],
  [`/v1/accounts/${idOf(1)}x/balance`, 'path/id'],
  [account('?limit=5'), 'query/limit'],
  [account('/balance?minVersion=0'), 'query/minVersion'],
  [account('/balance?minVersion=-1'), 'query/minVersion'],
  [account('/balance?minVersion=1e3'), 'query/minVersion'],
  [account('/balance?minVersion=1&minVersion=2'), 'query/minVersion'],
  [account('/balance?minVersion[]=1'), 'query/minVersion[]'],
  [account('/balance?minVersion=9999999999999999'), 'query/minVersion'],
  [account('/balance?__proto__=1'), 'query/__proto__'],
  [account('/history?limit=0'), 'query/limit'],
  [account('/history?limit=101'), 'query/limit'],
  [account('/history?limit=2.5'), 'query/limit'],
  [account('/history?limit='), 'query/limit'],
  [account('/history?cursor=%00'), 'query/cursor'],
  [account('/history?cursor=abc'), 'query/cursor'],
  [account(`/history?cursor=${otherCursor}`), 'query/cursor'],
  [account(`/history?cursor=${ownCursor(0)}`), 'query/cursor'],
  [account(`/history?cursor=${ownCursor(41)}`), 'query/cursor'],
  [account(`/history?cursor=${'a'.repeat(201)}`), 'query/cursor'],
  [account('/events?limit=501'), 'query/limit'],
  [account('/events?fromVersion=0'), 'query/fromVersion'],
  ['/v1/accounts', 'query/ownerId'],
  ['/v1/accounts?ownerId=JANA', 'query/ownerId'],
  ['/v1/accounts?ownerId=a&ownerId=b', 'query/ownerId'],
  ['/v1/accounts?ownerId=a&sort=x', 'query/sort'],
])('%s is refused at %s', async (path, at) => {
  const answer = await request(bank().app).get(path);
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request']);
  expect(answer.body.errors.map((error: { at: string }) => error.at)).toContain(at);
});

test('other paths and methods are refused, HEAD is answered', async () => {
  const { app } = bank();
  expect((await request(app).get('/v1/Accounts/x')).status).toBe(404);
  expect((await request(app).get(`${account()}/`)).status).toBe(404);
  expect((await request(app).get('/v1/accounts/%zz')).status).toBe(404);
  const post = await request(app).post(account('/balance')).send({});
  expect([post.status, post.headers['allow']]).toEqual([405, 'GET, HEAD']);
  expect((await request(app).head(account('/balance'))).status).toBe(200);
});

test('every operation is documented as it is served', async () => {
  const { app } = bank();
  const { body } = await request(app).get('/openapi.json');
  expect(Object.keys(body.paths)).toEqual(
    [...QUERY_OPERATIONS, ...PERSON_QUERIES].map(({ path }) => path),
  );
  for (const { path, answer } of QUERY_OPERATIONS) {
    if (path.endsWith('/events')) continue;
    const query = path === '/v1/accounts' ? '?ownerId=jana-novakova' : '';
    const shown = await request(app).get(path.replace('{id}', idOf(1)) + query);
    expect(answer.safeParse(shown.body).error).toBeUndefined();
  }
});
