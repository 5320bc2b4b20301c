import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen } from '../platform/http.ts';
import { ACCOUNT, open, silent, testHost, testLog } from './actor-fixtures.ts';
import { actorHost } from './actor-host.ts';
import { memoryJournal } from './memory-journal.ts';

const TOKEN = 'a-token-of-the-app';
let server: http.Server;
let url: string;

beforeAll(async () => {
  const { accounts } = testHost(memoryJournal(), testLog());
  const host = actorHost({
    accounts,
    started: Promise.resolve(),
    appToken: TOKEN,
    logger: silent,
    otherwise: (_request, response) => response.writeHead(418).end(),
  });
  server = await listen(host, 0);
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

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
    method: 'DELETE', headers: { 'dapr-api-token': TOKEN },
  });
  expect(gone.status).toBe(200);
  const again = (await (await put(path, body)).json()) as { results: { replayed: boolean }[] };
  expect(again.results[0]?.replayed).toBe(true);
});

test('given any other path, it is left to the rest of the app', async () => {
  expect((await put('/healthz', '')).status).toBe(418);
});
