import { once } from 'node:events';
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
  const left: string[] = [];
  const identified = gate(async ({ headers, socket }) => {
    // As a gate that asks an issuer, for which this client does not wait.
    if (headers['x-goes'] !== undefined) await once(socket, 'close');
    left.push(String(headers['x-client']));
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
  const until = async (is: () => boolean): Promise<void> => {
    while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const ask = async (client: string, path = '/slow/1', init: RequestInit = {}) => {
    const headers = { 'x-client': client, ...(init.headers as Record<string, string>) };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  return { ask, until, waiting, left, pass: (ms: number) => void (now += ms) };
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
  await until(() => waiting.length === 2);
  const { status, headers, body } = await ask('greedy');
  expect([status, headers.get('retry-after'), body]).toEqual([
    429,
    '5',
    expect.objectContaining({ code: 'too-many-requests', limit: 'perClient', most: 2 }),
  ]);
  const others = [ask('modest'), ask('third')];
  await until(() => waiting.length === 4);
  expect(await ask('third')).toMatchObject({ status: 503, body: { code: 'service-unavailable' } });
  for (const response of waiting) response.json({});
  for (const { status: answered } of await Promise.all([...under, ...others])) {
    expect(answered).toBe(200);
  }
  const again = ask('greedy');
  await until(() => waiting.length === 5);
  waiting.at(-1)?.json({});
  expect((await again).status).toBe(200);
});

test('each answer tells how much more its sender may have under way', async () => {
  const { ask, until, waiting } = await house();
  const told = (headers: Headers) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];
  const policy = '"streams";q=2;qu="concurrent-requests"';
  const [first] = [ask('greedy')];
  await until(() => waiting.length === 1);
  const second = ask('greedy');
  await until(() => waiting.length === 2);
  expect(told((await ask('greedy')).headers)).toEqual([policy, '"streams";r=0']);
  for (const response of waiting) response.json({});
  expect(told((await first).headers)).toEqual([policy, '"streams";r=1']);
  expect(told((await second).headers)).toEqual([policy, '"streams";r=0']);
  const again = ask('greedy');
  await until(() => waiting.length === 3);
  waiting.at(-1)?.json({});
  expect(told((await again).headers)).toEqual([policy, '"streams";r=1']);
});

test('given a client that goes away, its part is free again', async () => {
  const { ask, until, waiting } = await house();
  const gone = new AbortController();
  const leaves = { signal: gone.signal };
  const left = [ask('a', '/slow/1', leaves), ask('a', '/slow/2', leaves)];
  await until(() => waiting.length === 2);
  gone.abort();
  await Promise.allSettled(left);
  await until(() => waiting.every(({ destroyed }) => destroyed));
  const again = ask('a');
  await until(() => waiting.length === 3);
  waiting[2]?.json({});
  expect((await again).status).toBe(200);
});

test('given clients that go while the gate is asked, no part of theirs stays taken', async () => {
  const { ask, until, waiting, left } = await house();
  for (let times = 1; times <= 3; times += 1) {
    const gone = new AbortController();
    const asked = ask('a', '/slow/1', { headers: { 'x-goes': '1' }, signal: gone.signal });
    setTimeout(() => gone.abort(), 20);
    await expect(asked).rejects.toThrow('aborted');
    await until(() => left.length === times);
  }
  expect(waiting).toHaveLength(0);
  const again = ask('a');
  await until(() => waiting.length === 1);
  waiting[0]?.json({});
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
