import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closedLoop } from './closed-loop.ts';
import { openLoop } from './open-loop.ts';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const closed = { warmUpMs: 50, measureMs: 200, status: 201, onStart: () => {}, onEnd: () => {} };
const next = () => ({ method: 'POST', path: '/x', body: '{"a":1}' }) as const;

test('given 4 clients and 10 ms per answer, the closed loop sees about 400 a second', async () => {
  const url = await serve((_request, response) => {
    setTimeout(() => response.writeHead(201).end('{}'), 10);
  });
  const result = await closedLoop({ ...closed, url, clients: 4, next });
  expect(result.errors).toBe(0);
  expect(result.latencies.p50).toBeGreaterThanOrEqual(9);
  expect(result.perSecond).toBeGreaterThan(20);
  expect(result.perSecond).toBeLessThan(450);
});

test('given wrong answers, they are counted as errors and the first is kept', async () => {
  const url = await serve((_request, response) => void response.writeHead(422).end('no'));
  const result = await closedLoop({ ...closed, url, clients: 2, next });
  expect(result.errors).toBeGreaterThan(0);
  expect(result.firstError).toBe('422 no');
  expect(result.latencies.count).toBe(0);
});

test('given a pause of the server, the open loop counts the waiting of all', async () => {
  let open = false;
  setTimeout(() => {
    open = true;
  }, 150);
  const url = await serve((_request, response) => {
    const answer = (): unknown =>
      open ? response.writeHead(201).end('{}') : setTimeout(answer, 5);
    answer();
  });
  const replies: number[] = [];
  const onReply = (_reply: unknown, at: number): void => void replies.push(at);
  const options = { url, perSecond: 200, durationMs: 300, next, status: 201, onReply };
  const result = await openLoop(options);
  expect(result.sent).toBe(60);
  expect(replies).toHaveLength(60);
  expect(result.latencies.max).toBeGreaterThan(120);
  expect(result.latencies.p95).toBeGreaterThan(80);
});
