import type { IncomingMessage } from 'node:http';
import request from 'supertest';
import { createLogger } from '../logger.ts';
import { foreignCheck } from './cross-origin-request.ts';
import { createApp, finish } from './http.ts';

const logger = createLogger('test', 'error');
logger.silent = true;

/** An app that notes what was done through it. */
function house() {
  const done: string[] = [];
  const app = createApp({ logger });
  app.get('/things', (_request, response) => void response.json({ secret: 1 }));
  app.post('/things', (_request, response) => {
    done.push('done');
    response.status(201).json({});
  });
  finish(app, logger);
  return { app, done };
}

const ATTACKERS = [
  'attacker.example',
  'attacker.example:3000',
  'localhost.attacker.example',
  '',
  'localhost:x',
  '127.0.0.1.attacker.example:3000',
  '127.0.0.2',
  '10.0.0.1:3000',
  '[::2]',
  '[::1',
  'localhost.',
  'user@localhost',
  'localhost/x',
  '0.0.0.0:3000',
  '2130706433',
  'a, localhost',
];

describe('a page whose name points to loopback (DNS rebinding)', () => {
  test.each(ATTACKERS)('with Host "%s" reads nothing and does nothing', async (host) => {
    const { app, done } = house();
    for (const method of ['get', 'post', 'options'] as const) {
      const { status, body, headers } = await request(app)[method]('/things').set('Host', host);
      expect([status, body.code]).toEqual([421, 'misdirected-request']);
      expect(body.detail).toContain('ALLOWED_HOSTS');
      expect(headers['content-type']).toMatch('application/problem+json');
      expect(headers['cache-control']).toBe('no-store');
    }
    expect(done).toEqual([]);
  });
  test.each(['localhost', 'LOCALHOST:80', '127.0.0.1', '127.0.0.1:3999', '[::1]', '[::1]:3000'])(
    'is not who says "%s"',
    async (host) => {
      const { app, done } = house();
      await request(app).get('/things').set('Host', host).expect(200);
      await request(app).post('/things').set('Host', host).expect(201);
      expect(done).toEqual(['done']);
    },
  );
  test.each([
    ['10.1.2.3:3000', '10.1.2.3', undefined],
    ['10.1.2.3', '::ffff:10.1.2.3', undefined],
    ['[fd00::7]:3000', 'fd00::7', undefined],
    ['10.1.2.4:3000', '10.1.2.3', 'misdirected-request'],
  ])('is not who says %s where the connection came to %s: %s', (host, localAddress, code) => {
    const came = { headersDistinct: { host: [host] }, method: 'GET', socket: { localAddress } };
    expect(foreignCheck()(came as unknown as IncomingMessage)?.code).toBe(code);
  });
  test('is who says two names at once', () => {
    const host = ['localhost', 'localhost'];
    const came = { headersDistinct: { host }, method: 'GET', socket: {} };
    expect(foreignCheck()(came as unknown as IncomingMessage)?.code).toBe('misdirected-request');
  });
  test('is not who uses a name of ALLOWED_HOSTS', async () => {
    process.env['ALLOWED_HOSTS'] = 'bank.example, Api.Bank.Example';
    const { app } = house();
    delete process.env['ALLOWED_HOSTS'];
    for (const host of ['bank.example', 'api.bank.example:3000', 'localhost']) {
      await request(app).get('/things').set('Host', host).expect(200);
    }
    await request(app).get('/things').set('Host', 'www.bank.example').expect(421);
    const proxied = request(app).post('/things').set('Host', 'localhost:3000');
    await proxied.set('Origin', 'https://bank.example').expect(201);
  });
});

describe('a page of another origin, which may send what needs no preflight', () => {
  test.each(['https://attacker.example', 'null', 'http://localhost:5173', 'http://localhost', ''])(
    'from "%s" changes nothing',
    async (origin) => {
      const { app, done } = house();
      const post = request(app).post('/things').set({ Host: 'localhost:3000', Origin: origin });
      const { status, body } = await post;
      expect([status, body.code]).toEqual([403, 'foreign-origin']);
      expect(done).toEqual([]);
    },
  );
  test('is not the page of this server itself', async () => {
    const { app } = house();
    const own = { Host: 'localhost:3000', Origin: 'http://localhost:3000' };
    await request(app).post('/things').set(own).expect(201);
  });
});
