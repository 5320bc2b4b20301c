import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { LIVE_EVENTS_OPERATION } from '../../contracts/log/live-events.ts';
import { EVERY_RIGHT, openGate } from '../../platform/http/gate-for-tests.ts';
import { gate, type Gate } from '../../platform/http/gate.ts';
import { createApp, Failure, finish } from '../../platform/http/http.ts';
import { idOf } from '../accounts/accounts-for-tests.ts';
import { eventStreams } from './event-streams.ts';
import { eventOf, logForTests } from './log-for-tests.ts';
import { silentLogger as logger } from '../../platform/silent-logger-for-tests.ts';

const quiet = { heartbeatMs: 60_000, stalledMs: 60_000 };
const pace = { ...quiet, everyMs: 1, awayMsMax: 4, tokenLookMs: 5 };
const WAIT_MS = 100;

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Account 1 has 5 versions. */
async function api(guard: Gate = openGate) {
  const { log, state, grow } = logForTests(new Map([[1, 5]]));
  const streams = eventStreams({ log, logger, waitMs: WAIT_MS, pace });
  const app = createApp({ logger });
  const path: RequestHandler = (request, response) => streams.handle(request, response);
  app.get('/v1/accounts/:id/events/stream', guard(LIVE_EVENTS_OPERATION.access), path);
  finish(app, logger);
  const server = http.createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const open = async (query = '', headers: Record<string, string> = {}, index = 1) => {
    const stop = new AbortController();
    const url = `http://127.0.0.1:${port}/v1/accounts/${idOf(index)}/events/stream${query}`;
    const answer = await fetch(url, { headers, signal: stop.signal });
    const heard = { text: '' };
    const ended = (async () => {
      for await (const chunk of answer.body ?? []) heard.text += Buffer.from(chunk).toString();
      return 'a clean end';
    })().catch((error: Error) => error.name);
    const until = async (part: string): Promise<string> => {
      for (let tries = 0; !heard.text.includes(part) && tries < 200; tries += 1) await sleep(5);
      return heard.text;
    };
    return {
      status: answer.status,
      headers: answer.headers,
      until,
      ended,
      leave: () => stop.abort(),
    };
  };
  return { open, streams, grow, state };
}
const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

test('without a version the stream begins now, and says where that is', async () => {
  const { open, grow } = await api();
  const stream = await open();
  expect(stream.headers.get('content-type')).toMatch('text/event-stream');
  expect(await stream.until('\n\n')).toBe(`: ${idOf(1)} from version 5 on\nretry: 1000\nid: 5\n\n`);
  grow(1, 2);
  const text = await stream.until('id: 7');
  expect(ids(text)).toEqual([5, 6, 7]);
  stream.leave();
});

test('a message has the version, the type, the event and the balance after it', async () => {
  const { open } = await api();
  const stream = await open('', { 'Last-Event-ID': '4' });
  const [, message = ''] = (await stream.until('id: 5')).split('\n\n');
  const [id, event, data = ''] = message.split('\n');
  expect([id, event]).toEqual(['id: 5', 'event: money-deposited']);
  const { type, version, at, data: logged } = eventOf(1, 5);
  expect(JSON.parse(data.slice('data: '.length))).toEqual({
    commandId: 'command-5',
    accountId: idOf(1),
    version: 5,
    event: { id: eventOf(1, 5).id, type, version, at, amount: '1.00', currency: logged.currency },
    balance: { ledger: '4.00', held: '0.00', available: '4.00' },
    position: 5 * 65_536,
  });
  stream.leave();
});

test.each<[string, Record<string, string>, number[]]>([
  ['?lastEventId=0', {}, [0, 1, 2, 3, 4, 5]],
  ['?lastEventId=3', {}, [3, 4, 5]],
  ['?lastEventId=1', { 'Last-Event-ID': '4' }, [4, 5]],
  ['', { 'Last-Event-ID': '2', Accept: 'text/*' }, [2, 3, 4, 5]],
])('the stream %s with %j goes on after that version', async (query, headers, expected) => {
  const { open } = await api();
  const stream = await open(query, headers);
  expect(ids(await stream.until('id: 5'))).toEqual(expected);
  stream.leave();
});

test('while the log is away the stream waits, then goes on', async () => {
  const { open, grow, state } = await api();
  const stream = await open();
  await stream.until('id: 5');
  state.away = true;
  grow(1, 3);
  await sleep(20);
  expect(ids(await stream.until('id: 5'))).toEqual([5]);
  state.away = false;
  expect(ids(await stream.until('id: 8'))).toEqual([5, 6, 7, 8]);
  stream.leave();
});

test('a version that the log gets a moment later is waited for', async () => {
  const { open, grow } = await api();
  setTimeout(() => grow(2, 1), WAIT_MS / 3);
  const stream = await open('', { 'Last-Event-ID': '1' }, 2);
  expect(stream.status).toBe(200);
  stream.leave();
});

test.each<[string, Record<string, string>, number, number, string]>([
  ['an unknown account', {}, 9, 404, 'account-not-found'],
  ['an unknown account and a version', { 'Last-Event-ID': '3' }, 9, 404, 'account-not-found'],
  ['a version that is none', { 'Last-Event-ID': '1x' }, 1, 400, 'invalid-request'],
  ['two versions', { 'Last-Event-ID': '1, 2' }, 1, 400, 'invalid-request'],
  ['an empty version', { 'Last-Event-ID': '' }, 1, 400, 'invalid-request'],
  ['a version far ahead', { 'Last-Event-ID': '6' }, 1, 400, 'invalid-request'],
  ['another media type', { Accept: 'application/json' }, 1, 406, 'not-acceptable'],
])('%s is refused by a problem', async (_name, headers, index, status, code) => {
  const { open } = await api();
  const refused = await open('', headers, index);
  expect([refused.status, refused.headers.get('content-type')]).toEqual([
    status,
    expect.stringContaining('application/problem+json'),
  ]);
  expect(await refused.until('}')).toContain(`"code":"${code}"`);
});

test('at the shutdown every stream ends cleanly and no other begins', async () => {
  const { open, streams } = await api();
  const stream = await open();
  await stream.until('id: 5');
  streams.close();
  expect(await stream.ended).toBe('a clean end');
  expect((await open()).status).toBe(503);
});

test.each<[string, 'unauthenticated' | 'service-unavailable', boolean]>([
  ['given a token that has ended, the stream says so and ends', 'unauthenticated', true],
  ['given an issuer that is away, the stream goes on', 'service-unavailable', false],
])('%s', async (_name, code, ends) => {
  let isOver = false;
  const { open, grow } = await api(
    gate(() => {
      if (isOver) throw new Failure(code, { detail: 'The access token has expired.' });
      return EVERY_RIGHT;
    }),
  );
  const stream = await open();
  await stream.until('id: 5');
  isOver = true;
  await sleep(30);
  grow(1, 1);
  if (ends) {
    expect(await stream.ended).toBe('a clean end');
    const said = 'event: token-ended\ndata: {"detail":"The access token has expired."}\n\n';
    expect(await stream.until('token-ended')).toContain(said);
  } else {
    expect(await stream.until('id: 6')).not.toContain('token-ended');
    stream.leave();
  }
});
