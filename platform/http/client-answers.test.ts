import express from 'express';
import request from 'supertest';
import { PROBLEMS, type ProblemCode } from '../../contracts/http/problems.ts';
import { createLogger } from '../logger.ts';
import { silentLogger } from '../silent-logger-for-tests.ts';
import { createApp, Failure, finish } from './http.ts';
import { problemPages } from './problem-pages.ts';
import { namesOf } from './trace-context.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const DESK = 'https://desk.example.org';

/** An API as clients know it. */
function api(origins: readonly string[] = [], logger = silentLogger) {
  const app = createApp({ logger, clients: { origins } });
  app.get('/names', (asked, response) => void response.json(namesOf(asked)));
  app.get('/long', (_asked, response) => void response.json({ text: 'x'.repeat(5_000) }));
  app.get('/events', (_asked, response) => {
    response.set('Content-Type', 'text/event-stream').write(`data: ${'x'.repeat(5_000)}\n\n`);
    response.end();
  });
  app.get('/pdf', (_asked, response) => {
    response.type('pdf').send(Buffer.alloc(5_000));
  });
  app.post('/things', express.json(), (_asked, response) => void response.status(201).json({}));
  app.get('/refused', () => {
    throw new Failure('event-not-found', { more: { position: 7 } });
  });
  app.get('/broken', () => {
    throw new Error('a bug');
  });
  problemPages(app);
  finish(app, logger);
  return request(app);
}

describe('the names of a request', () => {
  test('given those of its client, they are kept, and stand in the answer', async () => {
    const sent = { 'x-request-id': 'desk-7/0001', traceparent: TRACE };
    const { body, headers } = await api().get('/names').set(sent);
    expect(body).toEqual(sent);
    expect(headers).toMatchObject(sent);
  });

  test.each([
    ['none', {}],
    ['too long ones', { 'x-request-id': 'x'.repeat(129), traceparent: `${TRACE}0` }],
    ['unreadable ones', { 'x-request-id': 'a b', traceparent: TRACE.toUpperCase() }],
    [
      'a trace of zeros',
      { 'x-request-id': '', traceparent: `00-${'0'.repeat(32)}-${'1'.repeat(16)}-00` },
    ],
  ])('given %s, the bank makes new ones', async (_what, sent) => {
    const server = api();
    const first = (await server.get('/names').set(sent)).headers;
    const second = (await server.get('/names').set(sent)).headers;
    expect(first['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(first['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(second['x-request-id']).not.toBe(first['x-request-id']);
    expect(second['traceparent']).not.toBe(first['traceparent']);
  });

  test('given a problem, it tells them, and a member of its own stays', async () => {
    const { body } = await api().get('/refused').set('x-request-id', 'mine');
    expect(body).toMatchObject({ code: 'event-not-found', position: 7, requestId: 'mine' });
  });

  test.each(['/nothing', '/broken'])('given %s, its problem tells it too', async (path) => {
    const { body, headers } = await api().get(path);
    expect(body.requestId).toBe(headers['x-request-id']);
  });

  test('given something broken, the line of the log has that id', async () => {
    const logger = createLogger('test', 'error');
    const written = jest.spyOn(logger, 'error').mockImplementation(() => logger);
    await api([], logger).get('/broken').set('x-request-id', 'mine');
    expect(written.mock.calls).toEqual([
      ['a request failed', expect.objectContaining({ path: '/broken', requestId: 'mine' })],
    ]);
  });
});

describe('the type of a problem', () => {
  test('is a page at the same address, which says what happened and what to do', async () => {
    const { body } = await api().get('/refused');
    const { status, text, headers } = await api().get(body.type);
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    for (const part of ['event-not-found', ...PROBLEMS['event-not-found'].slice(1)]) {
      expect(text).toContain(part);
    }
  });

  test('each has one, and the list names each', async () => {
    const server = api();
    const { text } = await server.get('/problems');
    for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
      expect(text).toContain(`"/problems/${code}"`);
      expect((await server.get(`/problems/${code}`)).status).toBe(200);
    }
  });

  test.each(['x', 'constructor', '__proto__'])('%s is none', async (code) => {
    expect((await api().get(`/problems/${code}`)).status).toBe(404);
  });
});

describe('compression', () => {
  const asked = { 'accept-encoding': 'gzip' };
  test('given a long answer to who takes it, it is compressed', async () => {
    const { headers, body } = await api().get('/long').set(asked);
    expect([headers['content-encoding'], headers['vary']]).toEqual(['gzip', 'Accept-Encoding']);
    expect(body.text).toHaveLength(5_000);
  });
  test.each([
    ['a short one', '/names', asked],
    ['a stream of events', '/events', asked],
    ['a PDF', '/pdf', asked],
    ['who does not take it', '/long', { 'accept-encoding': 'identity' }],
  ])('given %s, it is not', async (_what, path, headers) => {
    expect((await api().get(path).set(headers)).headers['content-encoding']).toBeUndefined();
  });
});

describe('pages of other origins', () => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,idempotency-key',
  };

  test('given none are allowed, no answer lets one read, and no command is taken', async () => {
    const server = api();
    const read = await server.get('/names').set('origin', DESK);
    expect(read.headers['access-control-allow-origin']).toBeUndefined();
    expect((await server.post('/things').set('origin', DESK)).body.code).toBe('foreign-origin');
  });

  test('given an allowed one, its browser may ask, send and read the headers', async () => {
    const server = api([DESK]);
    const asked = await server.options('/things').set({ origin: DESK, ...preflight });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, DESK]);
    expect(asked.headers['access-control-allow-headers']).toContain('Idempotency-Key');
    const { status, headers } = await server.post('/things').set('origin', DESK);
    expect([status, headers['access-control-allow-origin']]).toEqual([201, DESK]);
    expect(headers['access-control-expose-headers']).toContain('X-Request-Id');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  test.each(['https://desk.example.org.evil.example', 'http://desk.example.org', 'null'])(
    'given %s when another one is allowed, it may nothing',
    async (origin) => {
      const server = api([DESK]);
      const asked = await server.options('/things').set({ origin, ...preflight });
      expect(asked.headers['access-control-allow-origin']).toBeUndefined();
      expect(asked.headers['vary']).toContain('Origin');
      expect((await server.post('/things').set('origin', origin)).status).toBe(403);
    },
  );
});
