import { queryApiForTests } from './query-api-for-tests.ts';
import request from 'supertest';
import { QUERY_API_OPERATIONS } from '../contracts/catalogue.ts';
import { QUERY_OPERATIONS } from '../contracts/account/queries.ts';
import type { HistoryEntry } from '../contracts/account/read-models.ts';
import { accountOf, changeOf, idOf, lineOf } from './accounts/accounts-for-tests.ts';
import { auditForTests, STATUS, TRIAL_BALANCE } from './log/audit-for-tests.ts';
import { writeCursor } from './cursors.ts';
import { eventStreams } from './log/event-streams.ts';
import { eventOf, logForTests, refusalOf } from './log/log-for-tests.ts';
import { memoryReadModels } from './read-models/memory-read-models.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';

const WAIT_MS = 120;

/** One account with 40 versions, in the read models and in the log. */
function bank() {
  const models = memoryReadModels();
  Object.assign(models.use, { balances: '1', history: '1' });
  models.of('1').accounts.set(idOf(1), accountOf(1, 40));
  for (let version = 1; version <= 40; version += 1) {
    models.of('1').lines.set(`${idOf(1)}/${version}`, lineOf(1, version));
  }
  const { log, state, grow, refuse } = logForTests(new Map([[1, 40]]));
  const pace = {
    heartbeatMs: 60_000,
    stalledMs: 60_000,
    everyMs: 1,
    awayMsMax: 4,
  };
  const streams = eventStreams({ log, logger, waitMs: WAIT_MS, pace });
  const { audit, state: auditState } = auditForTests();
  const app = queryApiForTests(models, log, WAIT_MS, { docs: 'try', audit, streams });
  return { app, models, state, streams, grow, refuse, auditState };
}

const account = (path = '') => `/v1/accounts/${idOf(1)}${path}`;

test('the audit is answered as event-source answers it, and 503 while that is away', async () => {
  const { app, auditState } = bank();
  const get = (path: string) => request(app).get(`/v1/audit/${path}`);
  expect((await get('status').expect(200)).body).toEqual(STATUS);
  expect((await get('trial-balance').expect(200)).body).toEqual(TRIAL_BALANCE);
  expect((await get('trial-balance?position=131073').expect(200)).body.position).toBe(131_073);
  expect((await get('trial-balance?position=1').expect(404)).body.code).toBe('position-not-found');
  expect((await get('alarms?limit=1').expect(200)).body).toMatchObject({ count: 2, items: [{}] });
  const position = ['0', '-1', '1.5', 'x', '', '01', '9007199254740992', '1&position=1'];
  const bads = position.map((value) => `trial-balance?position=${value}`);
  bads.push('status?x=1', 'trial-balance?limit=1', 'alarms?limit=0', 'alarms?limit=101');
  for (const bad of bads) {
    expect((await get(bad).expect(400)).body.code).toBe('invalid-request');
  }
  await request(app).post('/v1/audit/status').expect(405);
  auditState.away = true;
  const { headers } = await get('alarms').expect(503);
  expect(headers['retry-after']).toBe('1');
});

test('a page that was read tells of a reversal that came later', async () => {
  const { app, models } = bank();
  const page = async (minVersion: number) => {
    const path = account(`/history?limit=40&minVersion=${minVersion}`);
    const { body } = (await request(app).get(path)) as { body: { items: HistoryEntry[] } };
    return body.items.map(({ version, reversedBy }) => [version, reversedBy]);
  };
  expect(await page(40)).toContainEqual([3, undefined]);
  const reversal = { ...lineOf(1, 41), type: 'movement-reversed', reverses: 3 };
  models.of('1').changes.set(1, changeOf(1, 0, [{ ...accountOf(1, 41), reversals: 1 }]));
  // The history is later than the balances, and anyone who reads waits for it.
  setTimeout(() => models.of('1').lines.set(`${idOf(1)}/41`, reversal), WAIT_MS / 3);
  expect(await page(41)).toContainEqual([3, 41]);
  expect((await request(app).get(account())).body).not.toHaveProperty('reversals');
});

test('an account and its balance, by id and by number, tagged with the version', async () => {
  const { app } = bank();
  const { position: _at, ownerIndex: _place, index: _among, ...shown } = accountOf(1, 40);
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

test('a past balance comes from the log, without a tag for If-Match', async () => {
  const { app, state } = bank();
  const shown = { accountId: idOf(1), currency: 'CZK', version: 7, ledger: '6.00', held: '0.00' };
  const past = await request(app).get(account('/balance?version=7'));
  expect([past.status, past.headers['etag']]).toEqual([200, undefined]);
  expect(past.body).toMatchObject({ ...shown, available: '6.00', final: true });
  const { at } = accountOf(1);
  const then = await request(app).get(account(`/balance?at=${at}`));
  expect(then.body).toMatchObject({ version: 40, at, final: false });
  expect((await request(app).get(account('/balance?version=41'))).status).toBe(404);
  state.away = true;
  const statement = account('/statements?from=2026-11-21&to=2026-11-21');
  for (const path of [account('/balance?version=7'), account(`/balance?at=${at}`), statement]) {
    const answer = await request(app).get(path);
    expect([answer.status, answer.headers['content-disposition']]).toEqual([503, undefined]);
  }
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
  models.of('1').changes.set(1, changeOf(1, 0, [accountOf(1, 41)]));
  models.of('1').lines.set(`${idOf(1)}/41`, lineOf(1, 41));
  await new Promise((done) => setTimeout(done, 30));
  const { body } = await request(app).get(account('/history?limit=3'));
  expect(body.items.map((item: { version: number }) => item.version)).toEqual([41, 40, 39]);
});

test('a history that is behind the balance is waited for, then refused', async () => {
  const { app, models } = bank();
  models.of('1').lines.delete(`${idOf(1)}/40`);
  const late = await request(app).get(account('/history'));
  expect([late.status, late.body.code, late.headers['retry-after']]).toEqual([
    503,
    'version-not-reached',
    '1',
  ]);
  setTimeout(() => models.of('1').lines.set(`${idOf(1)}/40`, lineOf(1, 40)), WAIT_MS / 3);
  expect((await request(app).get(account('/history'))).status).toBe(200);
});

test('minVersion waits until the version is there', async () => {
  const { app, models } = bank();
  setTimeout(() => models.of('1').changes.set(1, changeOf(1, 0, [accountOf(1, 41)])), WAIT_MS / 3);
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
  models.of('1').accounts.clear();
  for (let place = 0; place < 5; place += 1) {
    models.of('1').accounts.set(idOf(place), accountOf(place));
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
      items: [3, 4].map((version) => ({ position: 65_536 * version, ...eventOf(1, version) })),
      nextFromVersion: 5,
    },
  ]);
  const last = await request(app).get(account('/events?fromVersion=39&limit=500'));
  expect(last.body.nextFromVersion).toBeNull();
  const none = await request(app).get(`/v1/accounts/${idOf(9)}/events`);
  expect([none.status, none.body.code]).toEqual([404, 'account-not-found']);
});

test('refusals come from the log, newest first, page by page without a hole', async () => {
  const { app, refuse } = bank();
  const none = await request(app).get(account('/refusals'));
  expect(none.body).toEqual({ accountId: idOf(1), recorded: 0, items: [], nextCursor: null });
  refuse(1, 7);
  const first = await request(app).get(account('/refusals?limit=4'));
  const record = (version: number) => ({
    position: 65_536 * version + 1,
    ...refusalOf(1, version),
  });
  const { nextCursor, ...page } = first.body as { nextCursor: string };
  expect(page).toEqual({ accountId: idOf(1), recorded: 7, items: [7, 6, 5, 4].map(record) });
  // What comes meanwhile moves no page that follows.
  refuse(1, 9);
  const second = await request(app).get(account(`/refusals?limit=4&cursor=${nextCursor}`));
  expect(second.body).toEqual({
    accountId: idOf(1),
    recorded: 9,
    items: [3, 2, 1].map(record),
    nextCursor: null,
  });
  const nobody = await request(app).get(`/v1/accounts/${idOf(9)}/refusals`);
  expect([nobody.status, nobody.body.code]).toEqual([404, 'account-not-found']);
});

test('while a part is away its queries are 503 and say when to retry', async () => {
  const { app, models, state } = bank();
  models.state.away = true;
  state.away = true;
  for (const path of [
    '',
    '/balance',
    '/history',
    '/events',
    '/refusals',
    '/balance?minVersion=2',
  ]) {
    const answer = await request(app).get(account(path));
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([
      503,
      'service-unavailable',
      '1',
    ]);
    expect(answer.headers['content-type']).toMatch('application/problem+json');
  }
});

const otherCursor = writeCursor(`history/${idOf(2)}`, 5);
const ownCursor = (place: number) => writeCursor(`history/${idOf(1)}`, place);
test.each([
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
  [account('/balance?version=0'), 'query/version'],
  [account('/balance?version=-1'), 'query/version'],
  [account('/balance?version=1&version=2'), 'query/version'],
  [account('/balance?at=2026-11-21T11:00:00Z&version=1'), 'query/version'],
  [account('/balance?minVersion=1&version=1'), 'query/minVersion'],
  [account('/balance?minVersion=1&at=2026-11-21T11:00:00Z'), 'query/minVersion'],
  [account('/balance?at=2026-11-21'), 'query/at'],
  [account('/balance?at=2026-11-21T11:00:00'), 'query/at'],
  [account('/balance?at=now'), 'query/at'],
  [account('/balance?at=9999-01-01T00:00:00Z'), 'query/at'],
  [account('/statements'), 'query/from'],
  [account('/statements?from=2026-11-21&to=2026-11-20'), 'query/to'],
  [account('/statements?from=2026-11-21&to=2026-11-21&format=xls'), 'query/format'],
  ['/v1/accounts/1/statements?from=2026-11-21&to=2026-11-21', 'path/id'],
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
  [account(`/history?direction=credit&cursor=${ownCursor(7)}`), 'query/cursor'],
  [account('/history?type=money-borrowed'), 'query/type'],
  [account('/history?type='), 'query/type'],
  [account('/history?type=money-deposited,'), 'query/type'],
  [account('/history?type=money-deposited&type=money-withdrawn'), 'query/type'],
  [account('/history?direction=up'), 'query/direction'],
  [account('/history?direction=credit&direction=debit'), 'query/direction'],
  [account('/history?from=2026-11-21'), 'query/from'],
  [account('/history?from=2026-11-21T10:00:00'), 'query/from'],
  [account('/history?from=2026-02-30T10:00:00Z'), 'query/from'],
  [account('/history?to=now'), 'query/to'],
  [account('/history?from=2026-11-21T10:00:00Z&to=2026-11-21T10:00:00Z'), 'query/to'],
  [account('/events/stream?lastEventId=-1'), 'query/lastEventId'],
  [account('/events/stream?lastEventId=1.5'), 'query/lastEventId'],
  [account('/events/stream?lastEventId='), 'query/lastEventId'],
  [account('/events/stream?lastEventId=1&lastEventId=2'), 'query/lastEventId'],
  [account('/events/stream?lastEventId=41'), 'query/lastEventId'],
  [account('/events/stream?limit=1'), 'query/limit'],
  ['/v1/accounts/1/events/stream', 'path/id'],
  [account('/refusals?limit=101'), 'query/limit'],
  [account('/refusals?minVersion=1'), 'query/minVersion'],
  [account(`/refusals?cursor=${ownCursor(2)}`), 'query/cursor'],
  [account(`/refusals?cursor=${writeCursor(`refusals/${idOf(2)}`, 2)}`), 'query/cursor'],
  ['/v1/accounts/1/refusals', 'path/id'],
  [account('/events?limit=501'), 'query/limit'],
  [account('/events?fromVersion=0'), 'query/fromVersion'],
  ['/v1/accounts?ownerId=JANA', 'query/ownerId'],
  ['/v1/accounts?ownerId=a&ownerId=b', 'query/ownerId'],
  ['/v1/accounts?ownerId=a&sort=x', 'query/sort'],
])('%s is refused at %s', async (path, at) => {
  const answer = await request(bank().app).get(path);
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request']);
  expect(answer.body.errors.map((error: { at: string }) => error.at)).toContain(at);
});

test('a filtered history has what passes, and its cursor keeps the filters', async () => {
  const { app, models } = bank();
  for (const version of [5, 20, 33]) {
    const line = { ...lineOf(1, version), type: 'money-withdrawn', direction: 'debit' as const };
    models.of('1').lines.set(`${idOf(1)}/${version}`, line);
  }
  const filter = '/history?limit=2&type=money-withdrawn,account-opened';
  const versions = (body: { items: { version: number }[] }) => body.items.map((one) => one.version);
  const first = await request(app).get(account(filter));
  expect([versions(first.body), first.headers['etag']]).toEqual([[33, 20], '"40"']);
  const { nextCursor } = first.body;
  const second = await request(app).get(account(`${filter}&cursor=${nextCursor}`));
  expect(versions(second.body)).toEqual([5, 1]);
  expect(second.body.nextCursor).toBeNull();
  const swapped = '/history?limit=9&type=account-opened,money-withdrawn';
  const same = await request(app).get(account(`${swapped}&cursor=${nextCursor}`));
  expect(versions(same.body)).toEqual([5, 1]);
  const other = await request(app).get(account(`/history?direction=debit&cursor=${nextCursor}`));
  expect(other.status).toBe(400);
  const debits = await request(app).get(
    account('/history?direction=debit&to=2027-01-01T00:00:00Z'),
  );
  expect(versions(debits.body)).toEqual([33, 20, 5]);
  // All lines are of one instant, so before it there is none: the log says where that is.
  const before = await request(app).get(account(`/history?to=${accountOf(1).at}`));
  expect([before.status, before.body.items, before.body.nextCursor]).toEqual([200, [], null]);
});

test('other paths and methods are refused, HEAD is answered', async () => {
  const { app } = bank();
  expect((await request(app).get('/v1/Accounts/x')).status).toBe(404);
  expect((await request(app).get(`${account()}/`)).status).toBe(404);
  expect((await request(app).get('/v1/accounts/%zz')).status).toBe(404);
  const post = await request(app).post(account('/balance')).send({});
  expect([post.status, post.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
  expect((await request(app).head(account('/balance'))).status).toBe(200);
});

test('no answer but the documents may be cached, and each path tells its methods', async () => {
  const { app } = bank();
  const shown = account('/statements?from=2026-11-21&to=2026-11-21T12:00:00Z');
  const personal = [account(), account('/balance'), account('/history'), account('/events'), shown];
  const nobody = '/v1/persons/00000000-0000-8000-8000-000000000000';
  for (const path of [...personal, nobody, '/v1/persons', '/v1/audit/status', '/nothing']) {
    const answer = await request(app).get(path);
    expect([path, answer.headers['cache-control']]).toEqual([path, 'no-store']);
  }
  expect((await request(app).get('/openapi.json')).headers['cache-control']).toBe('no-cache');
  for (const { path } of QUERY_API_OPERATIONS) {
    const at = path.replaceAll(/\{\w+\}/g, '1');
    const { status, headers } = await request(app).options(at);
    expect([at, status, headers['allow']]).toEqual([at, 204, 'GET, HEAD, OPTIONS']);
  }
});

test('what a client has already is answered with 304, and a cache may not keep it', async () => {
  const { app } = bank();
  const { status, headers, text } = await request(app).get(account()).set('If-None-Match', '"40"');
  expect([status, text, headers['cache-control']]).toEqual([304, '', 'no-store']);
  expect((await request(app).get(account()).set('If-None-Match', '"39"')).status).toBe(200);
});

test('an id in upper case is that account', async () => {
  const { app } = bank();
  const upper = `/v1/accounts/${idOf(1).toUpperCase()}`;
  for (const path of ['', '/balance', '/history', '/events']) {
    const { body } = await request(app).get(`${upper}${path}`).expect(200);
    expect(body).toEqual((await request(app).get(account(path))).body);
  }
  const nobody = '/v1/persons/ABCDEF00-0000-8000-8000-000000000000';
  expect((await request(app).get(nobody)).status).toBe(404);
  const owned = '/v1/accounts?ownerId=ABCDEF00-0000-8000-8000-000000000000';
  expect((await request(app).get(owned)).body).toEqual({ items: [], nextCursor: null });
});

test('a page whose name points to loopback reads nothing', async () => {
  const { app } = bank();
  const answer = await request(app).get(account()).set('Host', 'attacker.example:3001');
  expect([answer.status, answer.body.code]).toEqual([421, 'misdirected-request']);
});

test('every operation is documented as it is served', async () => {
  const { app } = bank();
  const { body } = await request(app).get('/openapi.json');
  expect(Object.keys(body.paths)).toEqual(QUERY_API_OPERATIONS.map(({ path }) => path));
  for (const { path, answer } of QUERY_OPERATIONS) {
    if (path.endsWith('/events/stream')) continue;
    const queries: Readonly<Record<string, string>> = {
      '/v1/accounts': '?ownerId=jana-novakova',
      '/v1/balances': '?ownerId=jana-novakova',
      '/v1/accounts/{id}/statements': '?from=2026-11-21&to=2026-11-21T12:00:00Z',
    };
    const query = queries[path] ?? '';
    const shown = await request(app).get(path.replace('{id}', idOf(1)) + query);
    expect(answer.safeParse(shown.body).error).toBeUndefined();
  }
});
