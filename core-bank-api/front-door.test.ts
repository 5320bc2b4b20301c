import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { QUERY_API_OPERATIONS } from '../contracts/catalogue.ts';
import { principalFor, sentBy, toldGate } from '../platform/http/gate-for-tests.ts';
import { listen } from '../platform/http/http.ts';
import { FRONT_DOOR } from '../platform/http/requests.ts';
import { silentLogger as logger } from '../platform/silent-logger-for-tests.ts';
import { commandApi } from './app.ts';
import { frontDoor } from './front-door.ts';
import type { CommandApiLimits } from './limits.ts';

const ANSWER_MS_MAX = 200;
const BALANCE = '/v1/accounts/00000000-0000-8000-8000-00000000000a/balance';
const EVENTS = '/v1/accounts/00000000-0000-8000-8000-00000000000a/events/stream';
const TELLER = sentBy(principalFor('teller'));

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const neverAsked = () => Promise.reject(new Error('no command is sent'));

/** The command API before a query API that answers like this; it keeps what that was asked. */
async function house(answer: RequestListener, limits?: CommandApiLimits) {
  const asked: IncomingMessage[] = [];
  const queries = http.createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  servers.push(queries.listen(0, '127.0.0.1'));
  await once(queries, 'listening');
  const queriesUrl = `http://127.0.0.1:${(queries.address() as AddressInfo).port}`;
  const app = commandApi({
    gate: toldGate,
    record: () => undefined,
    docs: 'read',
    approvals: {
      decide: () => Promise.reject(new Error('not asked')),
      find: () => Promise.reject(new Error('not asked')),
      waiting: () => Promise.reject(new Error('not asked')),
    },
    actors: { execute: neverAsked, lookup: neverAsked },
    executePerson: neverAsked,
    queries: frontDoor({ queriesUrl, logger, answerMsMax: ANSWER_MS_MAX }),
    checks: {},
    logger,
    ...(limits === undefined ? {} : { limits }),
  });
  const server = await listen(app, 0);
  servers.push(server as http.Server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, {
      ...init,
      headers: { ...TELLER, ...Object.fromEntries(new Headers(init.headers)) },
    });
  return { asked, ask, queries, url };
}

test('a query is passed on with its headers, and its answer comes back as it is', async () => {
  const { ask, asked, url } = await house((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', ETag: '"7"', Trailer: 'x' });
    response.end('{"ledger":"1.00"}');
  });
  const headers = { authorization: 'DPoP a', dpop: 'b', 'if-none-match': '"6"' };
  const answer = await ask(`${BALANCE}?minVersion=7`, { headers });
  expect([answer.status, await answer.text()]).toEqual([200, '{"ledger":"1.00"}']);
  expect(answer.headers.get('etag')).toBe('"7"');
  expect(answer.headers.get('trailer')).toBeNull();
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(asked[0]!.url).toBe(`${BALANCE}?minVersion=7`);
  expect(asked[0]!.headers).toMatchObject({ ...headers, [FRONT_DOOR]: url });
});

test('given a request target that names another server, the query API is asked', async () => {
  const { asked, url } = await house((_request, response) => response.end('{}'));
  let strangers = 0;
  const stranger = http.createServer((_request, response) => {
    strangers += 1;
    response.end('not of the bank');
  });
  servers.push(stranger.listen(0, '127.0.0.1'));
  await once(stranger, 'listening');
  const { port } = stranger.address() as AddressInfo;
  const path = `http://127.0.0.1:${port}${BALANCE}?minVersion=7`;
  const sent = http.get(url, { path, headers: TELLER });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  expect((await answer.toArray()).join('')).toBe('{}');
  expect([strangers, asked.map((one) => one.url)]).toEqual([0, [`${BALANCE}?minVersion=7`]]);
});

test('a client passes neither for a sidecar nor for another front door', async () => {
  const { ask, asked, url } = await house((_request, response) => response.end('{}'));
  const forged = { 'dapr-api-token': 'a-token', [FRONT_DOOR]: 'https://evil.example' };
  await ask(BALANCE, { headers: forged });
  expect(asked[0]!.headers['dapr-api-token']).toBeUndefined();
  expect(asked[0]!.headersDistinct[FRONT_DOOR]).toEqual([url]);
});

test('who may not ask is refused here, and the query API is not asked', async () => {
  const { ask, asked } = await house((_request, response) => response.end('{}'));
  const answer = await ask('/v1/audit/access');
  expect([answer.status, asked.length]).toEqual([403, 0]);
});

test('OPTIONS, 405 and HEAD know commands and queries of a path', async () => {
  const { ask } = await house((request, response) => {
    response.writeHead(200, { 'x-method': request.method, 'content-length': '2' });
    response.end(request.method === 'HEAD' ? undefined : '{}');
  });
  const options = await ask('/v1/accounts', { method: 'OPTIONS' });
  expect(options.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
  expect((await ask(BALANCE, { method: 'POST' })).status).toBe(405);
  const head = await ask(BALANCE, { method: 'HEAD' });
  expect([head.status, head.headers.get('x-method')]).toEqual([200, 'HEAD']);
});

test('a stream begins at once, and ends at the query API when its client leaves', async () => {
  let left: () => void;
  const closed = new Promise<void>((resolve) => (left = resolve));
  const { ask } = await house((_request, response) => {
    response.once('close', () => left());
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    setTimeout(() => response.write('id: 1\n\n'), ANSWER_MS_MAX + 100);
  });
  const leave = new AbortController();
  const answer = await ask(EVENTS, { signal: leave.signal });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  const { value } = await answer.body!.getReader().read();
  expect(Buffer.from(value as Uint8Array).toString()).toBe('id: 1\n\n');
  leave.abort();
  await closed;
});

test.each<[string, RequestListener]>([
  ['closes the connection', (_request, response) => response.destroy()],
  ['hangs', () => undefined],
])('a query API that %s is 503, to be asked again', async (_what, answer) => {
  const { ask } = await house(answer);
  const { status, headers } = await ask(BALANCE);
  expect([status, headers.get('retry-after')]).toEqual([503, '1']);
});

test('a query API that is away is 503, and is asked again when it is back', async () => {
  const { ask, queries } = await house((_request, response) => response.end('{}'));
  const { port } = queries.address() as AddressInfo;
  expect((await ask(BALANCE)).status).toBe(200);
  queries.closeAllConnections();
  await new Promise((resolve) => queries.close(resolve));
  const answer = await ask(BALANCE);
  expect([answer.status, (await answer.json()).code]).toEqual([503, 'service-unavailable']);
  queries.listen(port, '127.0.0.1');
  await once(queries, 'listening');
  expect((await ask(BALANCE)).status).toBe(200);
});

test('an answer that breaks off is not taken for a whole one', async () => {
  const { ask } = await house((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('{}\n');
    setTimeout(() => response.destroy(), 20);
  });
  await expect((await ask(BALANCE)).text()).rejects.toThrow();
});

test('one document describes commands and queries', async () => {
  const { ask } = await house(() => undefined);
  const { paths } = (await (await ask('/openapi.json')).json()) as { paths: object };
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(QUERY_API_OPERATIONS.map(({ path }) => path)),
  );
});

test('given a query API that hangs, a client waits for so many answers; others go on', async () => {
  const waiting: ServerResponse[] = [];
  const { ask, asked } = await house((_request, response) => void waiting.push(response), {
    REQUESTS_MAX: 10,
    REQUESTS_PER_CLIENT_MAX: 2,
    BATCHES_MAX: 1,
    BATCHES_PER_CLIENT_MAX: 1,
  });
  const service = (client: string) => ({
    headers: sentBy({ ...principalFor('service', undefined, client), strength: 'client' }),
  });
  const greedy = [ask(BALANCE, service('greedy')), ask(BALANCE, service('greedy'))];
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  const more = await ask(BALANCE, service('greedy'));
  expect([more.status, more.headers.get('ratelimit')]).toEqual([429, '"queries";r=0']);
  const other = ask(BALANCE, service('modest'));
  while (asked.length < 3) await new Promise((resolve) => setTimeout(resolve, 2));
  for (const response of waiting) response.end('{}');
  for (const one of [...greedy, other]) expect((await one).status).toBe(200);
});
