import { accountId } from '../../domain/ids.ts';
import { commandHouse } from '../simulation/command-house.ts';
import { placesOf } from './places.ts';
import { send, type RawAnswer } from './raw-http.ts';

/** What RFC 9110 and 9562 allow to say in more than one way, and what one POST may leave out. */

const JSON_TYPE = { 'content-type': 'application/json' };
const OK = '{"amount":"1.00"}';

let house: Awaited<ReturnType<typeof commandHouse>>;
let account: string;
let number: string;
beforeAll(async () => {
  house = await commandHouse();
  const body = `{"ownerId":"${house.ownerId}","currency":"CZK","initialDeposit":"100.00"}`;
  // An id with letters: of one without there is no upper case.
  do {
    const opened = JSON.parse((await post('/v1/accounts', body)).body) as Record<string, string>;
    account = String(opened['accountId']);
    number = String(opened['accountNumber']);
  } while (!/[a-f]/.test(account));
});
afterAll(() => house.close());

type Headers = Readonly<Record<string, string>>;
const call = (method: string, path: string, headers: Headers = {}, body?: string) =>
  send(house.url, { name: '', method, path, headers, ...(body === undefined ? {} : { body }) });
const post = (path: string, body?: string, headers: Headers = JSON_TYPE): Promise<RawAnswer> =>
  call('POST', path, headers, body);
const deposits = (id = account): string => `/v1/accounts/${id}/deposits`;
const versionOf = (): number => house.log.eventsOf(accountId(account)).length;
const codeOf = ({ body }: RawAnswer): string => String((JSON.parse(body) as { code: string }).code);

describe('a POST without a body', () => {
  test.each([
    ['no type of content', {}],
    [
      'one for forms, as curl -d "" has it',
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['one for JSON', JSON_TYPE],
    ['chunks of nothing', { ...JSON_TYPE, 'transfer-encoding': 'chunked' }],
  ])('and %s is enough where no member is required', async (_name, headers: Headers) => {
    const person = JSON.parse((await post('/v1/persons', PERSON)).body) as { personId: string };
    const { pendingId } = await placesOf(house.url, account, house.ownerId);
    const hold = JSON.parse((await post(`/v1/accounts/${account}/holds`, OK)).body) as {
      event: { holdId: string };
    };
    const paths = [
      `/v1/accounts/${account}/freeze`,
      `/v1/accounts/${account}/unfreeze`,
      `/v1/accounts/${account}/holds/${hold.event.holdId}/void`,
      `/v1/transfers/${pendingId}/void`,
      `/v1/persons/${person.personId}/erasure`,
    ];
    for (const path of paths) {
      expect([path, (await post(path, undefined, headers)).status]).toEqual([path, 200]);
    }
  });
  test('names the members that are missing where some are', async () => {
    const answer = await post(deposits(), undefined, {});
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('"at":"/amount"');
  });
  test('replaces nothing by PUT: a body that got lost would take limits away', async () => {
    for (const path of ['limits', 'details']) {
      const answer = await call('PUT', `/v1/accounts/${account}/${path}`);
      expect(answer.status).toBe(415);
    }
  });
  test('from a page of another origin is refused, though it needs no preflight', async () => {
    const before = versionOf();
    const headers = { origin: 'https://attacker.example', 'content-type': 'text/plain' };
    const answer = await post(`/v1/accounts/${account}/freeze`, undefined, headers);
    expect([answer.status, codeOf(answer)]).toEqual([403, 'foreign-origin']);
    expect(versionOf()).toBe(before);
  });
});

const PERSON = '{"givenName":"Ada","familyName":"Novak"}';

test.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'UTF8', '"utf8"'])(
  'the charset %s is UTF-8',
  async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    expect((await post(deposits(), OK, headers)).status).toBe(201);
  },
);

describe('an id in upper case', () => {
  const upper = (): string => account.toUpperCase();
  test('in a path is that account, and its key replays what lower case did', async () => {
    const headers = { ...JSON_TYPE, 'idempotency-key': 'either-case' };
    const [lower, same] = [
      await post(deposits(), OK, headers),
      await post(deposits(upper()), OK, headers),
    ];
    expect([same.status, JSON.parse(same.body)]).toEqual([201, JSON.parse(lower.body)]);
    const found = await call('GET', `/v1/commands/either-case?accountId=${upper()}`);
    expect([found.status, JSON.parse(found.body)]).toMatchObject([200, { accountId: account }]);
  });
  test('in bodies, batches and for transfers, holds, owners and persons too', async () => {
    const places = await placesOf(house.url, account, house.ownerId);
    const legs = { fromAccountId: upper(), toAccountId: places.other.toUpperCase() };
    const body = JSON.stringify({ ...legs, amount: '1.00' });
    const transfer = await post('/v1/transfers', body);
    expect([transfer.status, JSON.parse(transfer.body)]).toMatchObject([
      201,
      { fromAccountId: account, toAccountId: places.other },
    ]);
    const path = `/v1/transfers/${places.transferId.toUpperCase()}`;
    expect((await call('GET', path)).status).toBe(200);
    const item = { type: 'deposit', accountId: upper(), amount: '1.00' };
    const batch = await post('/v1/batches', JSON.stringify({ commands: [item] }));
    expect(JSON.parse(batch.body)).toMatchObject({
      results: [{ status: 201, accountId: account }],
    });
    const hold = JSON.parse((await post(`/v1/accounts/${account}/holds`, OK)).body) as {
      event: { holdId: string };
    };
    const voids = `/v1/accounts/${upper()}/holds/${hold.event.holdId.toUpperCase()}/void`;
    expect((await post(voids, '{}')).status).toBe(200);
    const owner = house.ownerId.toUpperCase();
    const opened = await post('/v1/accounts', `{"ownerId":"${owner}","currency":"CZK"}`);
    expect(JSON.parse(opened.body)).toMatchObject({ ownerId: house.ownerId });
    const erased = await post(`/v1/persons/${owner}/erasure?dryRun=true`, '{}');
    expect(erased.status).toBe(200);
  });
});

describe('If-Match', () => {
  const deposit = (tags: string, id = account) =>
    post(deposits(id), OK, { ...JSON_TYPE, 'if-match': tags });
  const nobody = '00000000-0000-4000-8000-000000000000';
  test.each<[string, number]>([
    ['*', 201],
    ['"{v}"', 201],
    ['"1", "{v}"', 201],
    ['"{v}","999"', 201],
    [', "{v}" ,, W/"x"', 201],
    ['"a,b", "{v}"', 201],
    ['W/"{v}"', 412],
    ['W/"{v}", "999"', 412],
    ['"999", "998"', 412],
    ['"x"', 412],
    ['""', 412],
    ['"0{v}"', 412],
  ])('%s is answered %d', async (tags, status) => {
    const before = versionOf();
    const answer = await deposit(tags.replaceAll('{v}', String(before)));
    expect(answer.status).toBe(status);
    expect(versionOf()).toBe(status === 201 ? before + 1 : before);
    if (status === 412) expect(JSON.parse(answer.body)).toMatchObject({ version: before });
  });
  test('* matches nothing where no account is', async () => {
    expect((await deposit('*', nobody)).status).toBe(412);
    const body = `{"ownerId":"${house.ownerId}","currency":"CZK"}`;
    const opening = await post('/v1/accounts', body, { ...JSON_TYPE, 'if-match': '*' });
    expect(opening.status).toBe(412);
  });
  test.each(['', '1', "'1'", '"1" "2"', '"1""2"', '*, "1"', 'w/"1"', 'W/ "1"', '"1', ',', 'x'])(
    '%s is no such thing',
    async (tags) => {
      const answer = await deposit(tags);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid-request']);
      expect(answer.body).toContain('header/If-Match');
    },
  );
  test('of more members than anybody needs is refused', async () => {
    expect((await deposit(Array.from({ length: 101 }, () => '"1"').join(','))).status).toBe(400);
  });
});

describe('HEAD and OPTIONS', () => {
  test('are answered at every path of the API, with what it serves', async () => {
    await post(deposits(), OK, { ...JSON_TYPE, 'idempotency-key': 'head' });
    const paths: [path: string, allow: string][] = [
      [deposits(), 'OPTIONS, POST'],
      [`/v1/accounts/${account}/limits`, 'OPTIONS, PUT'],
      [`/v1/commands/head?accountId=${number}`, 'GET, HEAD, OPTIONS'],
      ['/openapi.json', 'GET, HEAD, OPTIONS'],
      ['/docs', 'GET, HEAD, OPTIONS'],
      ['/docs/assets/swagger-ui.css', 'GET, HEAD, OPTIONS'],
      ['/healthz', 'GET, HEAD, OPTIONS'],
    ];
    for (const [path, allow] of paths) {
      const options = await call('OPTIONS', path);
      expect([path, options.status, options.headers['allow']]).toEqual([path, 204, allow]);
      const head = await call('HEAD', path);
      expect([path, head.status]).toEqual([path, allow.startsWith('GET') ? 200 : 405]);
      expect([head.body, head.headers['allow'] ?? allow]).toEqual(['', allow]);
      const removed = await call('DELETE', path);
      expect([removed.status, removed.headers['allow']]).toEqual([405, allow]);
    }
  });
  test('the docs have what they need and no more, and no other page may frame them', async () => {
    const docs = await call('GET', '/docs');
    expect(docs.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    const own = [...docs.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => String(path));
    expect(own).toHaveLength(3);
    for (const path of own) expect([path, (await call('GET', path)).status]).toEqual([path, 200]);
    expect((await call('GET', '/docs/assets/index.html')).status).toBe(404);
  });
  test('nothing about an account may be kept by a cache, nor a refusal', async () => {
    const answers = [
      await post(deposits(), OK),
      await post(`/v1/accounts/${account}/withdrawals`, '{"amount":"99999.00"}'),
      await call('GET', '/v1/commands/never-sent'),
      await call('GET', '/nothing'),
    ];
    expect(answers.map(({ headers }) => headers['cache-control'])).toEqual(
      answers.map(() => 'no-store'),
    );
  });
});
