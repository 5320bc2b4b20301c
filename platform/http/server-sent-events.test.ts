import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { eventStream, frameText, type EventStream } from './server-sent-events.ts';

test.each([
  [{ id: '7', event: 'paid', data: '{"a":1}' }, 'id: 7\nevent: paid\ndata: {"a":1}\n\n'],
  [{ data: 'one\ntwo\r\nthree' }, 'data: one\ndata: two\ndata: three\n\n'],
  [{ comment: 'hello', id: '0', retryMs: 1_000 }, ': hello\nretry: 1000\nid: 0\n\n'],
  [{ data: '' }, 'data: \n\n'],
])('%j is written as the standard says', (frame, text) => {
  expect(frameText(frame)).toBe(text);
});

test.each([{ id: '7\n8' }, { id: '7\0' }, { event: 'a\rb' }])(
  '%j would be another frame and is refused',
  (frame) => {
    expect(() => frameText(frame)).toThrow('line end');
  },
);

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

/** A server whose only answer is a stream; `stream()` is the one that was opened last. */
async function served(pace = { heartbeatMs: 60_000, stalledMs: 60_000 }) {
  const streams: EventStream[] = [];
  const app = express().get('/', (_request, response) => {
    streams.push(eventStream(response, pace));
  });
  const server = http.createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const get = (): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      http.get({ port, host: '127.0.0.1', agent: false }, resolve).once('error', reject);
    });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { get, stream: () => streams.at(-1) as EventStream };
}

async function textOf(answer: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk as string;
  return text;
}

test('frames arrive at once and in order, and the end is a clean end', async () => {
  const { get, stream } = await served();
  const answer = await get();
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  const text = textOf(answer);
  await stream().send({ id: '1', data: 'a' });
  await stream().send({ id: '2', data: 'b' });
  stream().end();
  await stream().send({ id: '3', data: 'after the end' });
  expect(await text).toBe('id: 1\ndata: a\n\nid: 2\ndata: b\n\n');
  expect(stream().signal.aborted).toBe(true);
});

test('a silent stream is kept alive by comments', async () => {
  const { get, stream } = await served({ heartbeatMs: 10, stalledMs: 60_000 });
  let text = '';
  for await (const chunk of (await get()).setEncoding('utf8')) {
    text += chunk as string;
    if (text.length >= 2 * ': heartbeat\n\n'.length) stream().end();
  }
  expect(text).toMatch(/^(: heartbeat\n\n){2,}$/);
});

test('a client that goes aborts the stream', async () => {
  const { get, stream } = await served();
  const answer = await get();
  const { signal } = stream();
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
  answer.destroy();
  await aborted;
  await stream().send({ data: 'to nobody' });
});

test('a consumer that takes nothing is cut off, with little kept for it', async () => {
  const { get, stream } = await served({ heartbeatMs: 5, stalledMs: 50 });
  const answer = await get();
  answer.on('error', () => undefined).pause();
  const data = 'x'.repeat(64 * 1024);
  let frames = 0;
  // Far more than what the sockets of both sides take.
  for (; !stream().signal.aborted && frames < 10_000; frames += 1) await stream().send({ data });
  expect(stream().signal.aborted).toBe(true);
  expect(frames).toBeLessThan(1_000);
});
