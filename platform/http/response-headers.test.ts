import net, { type AddressInfo } from 'node:net';
import request from 'supertest';
import { silentLogger as logger } from '../silent-logger-for-tests.ts';
import { docs, type DocsMode } from './docs.ts';
import { answer, listenH2c } from './h2c.ts';
import { health } from './health.ts';
import { createApp, finish, listen, stopListening } from './http.ts';

const DATA = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-frame-options': 'DENY',
};

function house(mode: DocsMode = 'try') {
  const app = createApp({ logger, appToken: 'a token of some length' });
  const token = { 'dapr-api-token': 'a token of some length' };
  app.get('/things', (_request, response) => void response.json({}));
  app.get('/broken', () => {
    throw new Error('broken');
  });
  health(app, {}, () => true);
  docs(app, 'Things', () => ({ info: { title: 'Things' } }), mode);
  finish(app, logger);
  return { app, get: (path: string) => request(app).get(path).set(token) };
}

/** The header lines of the answer to these bytes, by name in lower case. */
async function headersOf(port: number, text: string): Promise<Record<string, string>> {
  const answer = await new Promise<string>((resolve, reject) => {
    let got = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.end(text));
    socket.on('data', (data) => void (got += data.toString()));
    socket.once('error', reject).once('close', () => resolve(got));
  });
  const [, ...lines] = (answer.split('\r\n\r\n')[0] ?? '').split('\r\n');
  return Object.fromEntries(
    lines.map((line) => [line.split(': ')[0]!.toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
  );
}

describe('every answer carries the same headers', () => {
  test.each(['/things', '/broken', '/nothing', '/health/ready', '/healthz', '/%'])(
    '%s',
    async (path) => {
      const { headers } = await house().get(path);
      expect(headers).toMatchObject(DATA);
      expect(headers).not.toHaveProperty('strict-transport-security');
      expect(headers).not.toHaveProperty('x-powered-by');
    },
  );
  test('also without the token, to another host and to another method', async () => {
    const { app } = house();
    const answers = [
      await request(app).get('/things').expect(401),
      await request(app).get('/things').set('Host', 'attacker.example').expect(421),
      await request(app).delete('/healthz').expect(405),
      await request(app).options('/healthz').expect(204),
    ];
    for (const { headers } of answers) expect(headers).toMatchObject(DATA);
  });
  test('also what node itself refuses, before there is a request', async () => {
    const server = await listen(house().app, 0);
    const { port } = server.address() as AddressInfo;
    for (const text of ['garbage\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`]) {
      expect(await headersOf(port, text)).toMatchObject(DATA);
    }
    await stopListening(server);
  });
  test('also of the port that speaks HTTP/1.1 and HTTP/2', async () => {
    const server = await listenH2c((_request, response) => answer(response, 200, {}), 0);
    for (const host of ['localhost', 'attacker.example']) {
      const text = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      expect(await headersOf(server.port, text)).toMatchObject(DATA);
    }
    server.close();
  });
});

describe('the documentation', () => {
  const PAGE = {
    ...DATA,
    'cache-control': 'no-cache',
    'content-security-policy':
      "default-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;" +
      "object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
  };
  test('may not be framed, and loads from here only', async () => {
    const { headers, text } = await house().get('/docs').expect(200);
    expect(headers).toMatchObject(PAGE);
    const loaded = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path);
    expect(loaded.every((path) => path?.startsWith('/docs/'))).toBe(true);
  });
  test('sends requests only where it is asked to', async () => {
    const start = async (mode: DocsMode) => (await house(mode).get('/docs/start.js')).text;
    expect(await start('try')).toContain('tryItOutEnabled: true');
    expect(await start('read')).not.toContain('tryItOutEnabled');
    expect(await start('read')).toContain('supportedSubmitMethods: []');
  });
  test('is not there when it is switched off', async () => {
    for (const path of [
      '/docs',
      '/docs/start.js',
      '/docs/assets/swagger-ui.css',
      '/openapi.json',
    ]) {
      await house('read').get(path).expect(200);
      await house('off').get(path).expect(404);
    }
  });
  test('has no other file of its package', async () => {
    for (const file of ['index.html', 'oauth2-redirect.html', 'swagger-ui.js', '../package.json']) {
      await house().get(`/docs/assets/${file}`).expect(404);
    }
  });
});
