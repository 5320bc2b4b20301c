import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { httpClient } from './http-client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('given 503 and a broken connection first, the same request is sent again', async () => {
  const keys: unknown[] = [];
  const url = await serve((request, response) => {
    keys.push(request.headers['idempotency-key']);
    if (keys.length === 1) return void response.writeHead(503).end('{}');
    if (keys.length === 2) return void request.socket.destroy();
    return void response.writeHead(201).end('{"ok":true}');
  });
  const client = httpClient({ connectionsMax: 2, patienceMs: 5_000 });
  const headers = { 'idempotency-key': 'k1' };
  const answer = await client.send({ method: 'POST', url, body: { amount: '1.00' }, headers });
  expect(answer).toMatchObject({ status: 201, body: { ok: true } });
  expect(keys).toEqual(['k1', 'k1', 'k1']);
  expect(client.retries()).toBe(2);
  client.close();
});

test('given a refusal, it is an answer and not sent again', async () => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.writeHead(422).end('{"code":"insufficient-funds"}');
  });
  const client = httpClient({ connectionsMax: 1, patienceMs: 5_000 });
  expect((await client.send({ method: 'POST', url, body: {} })).status).toBe(422);
  expect(requests).toBe(1);
  client.close();
});

test('given a bank that stays away, patience ends with a sentence', async () => {
  const url = await serve((_request, response) => void response.writeHead(503).end());
  const client = httpClient({ connectionsMax: 1, patienceMs: 300 });
  await expect(client.send({ method: 'GET', url })).rejects.toThrow('no answer in 300 ms');
  client.close();
});
