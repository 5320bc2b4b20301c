import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { gate } from '../http/gate.ts';
import { EVERY_RIGHT } from '../http/gate-for-tests.ts';
import { createApp, Failure, finish, listen } from '../http/http.ts';
import { silentLogger as logger } from '../silent-logger-for-tests.ts';
import { admission } from './admission.ts';
import { boundFailedLogins } from './failed-logins.ts';

const access = { scope: 'proofs:read', object: 'bank' } as const;

/** Answers when the test says so; who asks is named by a header, and "nobody" is not let in. */
async function house(perMinute = 2) {
  const waiting: Response[] = [];
  const app = createApp({ logger });
  const identified = gate(({ headers }) => {
    const client = String(headers['x-client']);
    if (client === 'nobody') throw new Failure('unauthenticated');
    return { ...EVERY_RIGHT, client, strength: 'client' };
  });
  let now = 0;
  const guard = boundFailedLogins(identified, perMinute, () => now);
  const admit = admission({ what: 'streams', total: 3, perClient: 2, retryAfterSeconds: 5 });
  app.get('/slow/:id', guard(access), admit, (_request, response) => void waiting.push(response));
  app.get('/quick', guard(access), (_request, response) => void response.json({}));
  finish(app, logger);
  const server = await listen(app, 0);
  servers.push(server as http.Server);
  const { port } = server.address() as AddressInfo;
  const ask = async (client: string, path = '/slow/1', signal?: AbortSignal) => {
    const url = `http://127.0.0.1:${port}${path}`;
    const answer = await fetch(url, { headers: { 'x-client': client }, signal: signal ?? null });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const until = async (count: number) => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { ask, until, waiting, pass: (ms: number) => void (now += ms) };
}
const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test('given one client with all of its part, it hears so, and others go on', async () => {
  const { ask, until, waiting } = await house();
  const under = [ask('greedy'), ask('greedy')];
  await until(2);
  const { status, headers, body } = await ask('greedy');
  expect([status, headers.get('retry-after'), body]).toEqual([
    429,
    '5',
    expect.objectContaining({ code: 'too-many-requests', limit: 'perClient', most: 2 }),
  ]);
  const others = [ask('modest'), ask('third')];
  await until(4);
  expect(await ask('third')).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
  for (const response of waiting) response.json({});
  for (const { status: answered } of await Promise.all([...under, ...others])) {
    expect(answered).toBe(200);
  }
  const again = ask('greedy');
  await until(5);
  waiting.at(-1)?.json({});
  expect((await again).status).toBe(200);
});

test('given a client that goes away, its part is free again', async () => {
  const { ask, until, waiting } = await house();
  const gone = new AbortController();
  const left = [ask('a', '/slow/1', gone.signal), ask('a', '/slow/2', gone.signal)];
  await until(2);
  gone.abort();
  await Promise.allSettled(left);
  while (!waiting.every(({ destroyed }) => destroyed)) await new Promise(setImmediate);
  const again = ask('a');
  await until(3);
  waiting[2]?.json({});
  expect((await again).status).toBe(200);
});

test('given an address that fails to log in, it waits, and a good token does not', async () => {
  const { ask, pass } = await house();
  const failing = async () => (await ask('nobody', '/quick')).status;
  expect([await failing(), await failing(), await failing()]).toEqual([401, 401, 429]);
  const { headers, body } = await ask('nobody', '/quick');
  expect([headers.get('retry-after'), body]).toEqual([
    '60',
    expect.objectContaining({ limit: 'failedLoginsPerAddress', most: 2 }),
  ]);
  expect((await ask('somebody', '/quick')).status).toBe(200);
  pass(60_000);
  expect(await failing()).toBe(401);
});
