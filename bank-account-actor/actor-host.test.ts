import http2 from 'node:http2';
import { listenH2c, type Listening } from '../platform/h2c.ts';
import { ACCOUNT, deposit, open, silent, testHost, testLog } from './actor-fixtures.ts';
import { actorHost } from './actor-host.ts';
import { memoryJournal } from './memory-journal.ts';
import { servedAccounts } from './served-actors.ts';

const TOKEN = 'a-token-of-the-app';
const ADA = { givenName: 'Ada', familyName: 'Novak' };
let server: Listening;
let ledger: unknown;
let url: string;

beforeAll(async () => {
  const { accounts, lookup } = testHost(memoryJournal(), testLog());
  const host = actorHost({
    actors: { BankAccount: servedAccounts(accounts, lookup) },
    openPersons: (persons) => Promise.resolve(persons.map(() => ({ ...ADA }))),
    keysOf: (streams) => Promise.resolve(streams.map((_one, at) => (at === 0 ? 'key' : undefined))),
    started: Promise.resolve(),
    appToken: TOKEN,
    logger: silent,
    onLedger: (cloudEvent) => void (ledger = cloudEvent),
    checks: { journal: () => ({ active: 1 }) },
  });
  server = await listenH2c(host, 0);
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => server.close());

const put = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, { method: 'PUT', body, headers: { 'dapr-api-token': TOKEN, ...headers } });
const path = `/actors/BankAccount/${ACCOUNT}/method/execute`;
const body = JSON.stringify({ commands: [open('o')] });

test('given a command from the sidecar, it is executed; a refusal travels as 200 too', async () => {
  const first = await put(path, body);
  expect(first.status).toBe(200);
  const results = (await first.json()) as { results: { ok: boolean }[] };
  expect(results.results[0]?.ok).toBe(true);
  const second = await put(path, JSON.stringify({ commands: [open('again')] }));
  expect(await second.json()).toEqual({
    results: [{ ok: false, refusal: { code: 'account-already-exists' } }],
  });
});

test.each([
  ['no token', { 'dapr-api-token': '' }],
  ['another token', { 'dapr-api-token': 'a-token-of-the-ape' }],
])('given %s, it is refused', async (_name, headers) => {
  expect((await put(path, body, headers)).status).toBe(401);
});

test('given a call by service invocation, it is refused', async () => {
  expect((await put(path, body, { 'dapr-callee-app-id': 'bank-account-actor' })).status).toBe(403);
});

test.each([
  '/actors/Other/00000000-0000-8000-8000-000000000001/method/execute',
  '/actors/BankAccount/X/method/execute',
  `/actors/BankAccount/${ACCOUNT}/method/drop`,
  `/actors/BankAccount/${ACCOUNT}/method/remind/x`,
])('given %s, there is nothing', async (other) => {
  expect((await put(other, body)).status).toBe(404);
});

test('given a body that is no request, it is an error, not a command', async () => {
  expect((await put(path, '{"commands":[]}')).status).toBe(500);
  expect((await put(path, 'x')).status).toBe(500);
});

test('given a deactivation, the account is active again with its next command', async () => {
  const gone = await fetch(`${url}/actors/BankAccount/${ACCOUNT}`, {
    method: 'DELETE',
    headers: { 'dapr-api-token': TOKEN },
  });
  expect(gone.status).toBe(200);
  const again = (await (await put(path, body)).json()) as { results: { replayed: boolean }[] };
  expect(again.results[0]?.replayed).toBe(true);
});

test('given many calls over one connection of HTTP/2, each is answered', async () => {
  const session = http2.connect(url);
  const call = (id: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'PUT', ':path': path, 'dapr-api-token': TOKEN });
      let text = '';
      stream.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      stream.on('end', () => resolve(text));
      stream.on('error', reject);
      stream.end(JSON.stringify({ commands: [deposit(id)] }));
    });
  const answers = await Promise.all(Array.from({ length: 50 }, (_unused, at) => call(`h2-${at}`)));
  session.close();
  const versions = answers.map((text) => {
    const { results } = JSON.parse(text) as { results: { events: { version: number }[] }[] };
    return results[0]?.events[0]?.version;
  });
  expect(versions.sort((left, right) => Number(left) - Number(right))).toEqual(
    Array.from({ length: 50 }, (_unused, at) => at + 2),
  );
});

test('given what the log committed, it is taken', async () => {
  const headers = { 'dapr-api-token': TOKEN };
  const event = JSON.stringify({ data: { entries: [] } });
  const taken = await fetch(`${url}/events/ledger`, { method: 'POST', body: event, headers });
  expect(await taken.json()).toEqual({ status: 'SUCCESS' });
  expect(ledger).toEqual({ data: { entries: [] } });
});

test.each([
  ['queries-bank-api', 200],
  ['event-source', 403],
  ['core-bank-api', 403],
  [undefined, 403],
])('given persons to open for %s, the answer is %s', async (caller, status) => {
  const times = { registeredAt: '2026-01-01', at: '2026-01-01' };
  const person = { personId: ACCOUNT, status: 'registered', version: 1, index: 0, ...times };
  const named = caller === undefined ? {} : { 'dapr-caller-app-id': caller };
  const answer = await fetch(`${url}/persons/open`, {
    method: 'POST',
    body: JSON.stringify({ persons: [person] }),
    headers: { 'dapr-api-token': TOKEN, ...named },
  });
  expect(answer.status).toBe(status);
  const text = await answer.text();
  if (status === 200) expect(JSON.parse(text)).toEqual({ persons: [ADA] });
  else expect(text).not.toContain('Ada');
});

test('given anybody, health is told, and nothing else', async () => {
  expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({ status: 'ready' });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/dapr/config`)).status).toBe(401);
});

test('given a lookup, it tells what was executed and null for what was not', async () => {
  const lookup = `/actors/BankAccount/${ACCOUNT}/method/lookup`;
  const answer = await put(lookup, JSON.stringify({ commandIds: ['o', 'never'] }));
  expect(answer.status).toBe(200);
  const { found } = (await answer.json()) as { found: ({ version: number }[] | null)[] };
  expect(found.map((events) => events?.[0]?.version)).toEqual([1, undefined]);
  expect(found[1]).toBeNull();
});

describe('the keys of persons', () => {
  const streams = [1, 2].map((at) => `person/00000000-0000-8000-8000-00000000000${at}`);
  const ask = (headers: Record<string, string>) =>
    fetch(`${url}/operator/keys`, {
      method: 'POST',
      body: JSON.stringify({ streams }),
      headers,
    });

  test('are given to the operator, who calls with the token of the app', async () => {
    const answer = await ask({ 'dapr-api-token': TOKEN });
    expect(await answer.json()).toEqual({ keys: ['key', null] });
  });
  test.each([
    ['who has no token', 401, {}],
    ['another service', 403, { 'dapr-api-token': TOKEN, 'dapr-caller-app-id': 'event-source' }],
    ['a sidecar', 403, { 'dapr-api-token': TOKEN, 'dapr-callee-app-id': 'bank-account-actor' }],
  ])('are not given to %s', async (_who, status, headers) => {
    const answer = await ask(headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain('key"');
  });
});
