import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { createLogger } from './logger.ts';
import { createApp, finish, listen, stopListening } from './http.ts';

const logger = createLogger('test', 'error');
logger.silent = true;

/** An app that notes what was done through it. */
function house() {
  const done: string[] = [];
  const app = createApp({ logger });
  app.get('/money', (_request, response) => void response.json({ balance: '1.00' }));
  app.post('/money', (_request, response) => {
    done.push('paid');
    response.status(201).json({});
  });
  finish(app, logger);
  return { app, done };
}

const ATTACKERS = [
  ...['attacker.example', 'attacker.example:3000', 'localhost.attacker.example', '', 'localhost:x'],
  ...[
    '127.0.0.1.attacker.example:3000',
    '127.0.0.2',
    '10.0.0.1:3000',
    '[::2]',
    '[::1',
    'localhost.',
  ],
  ...['user@localhost', 'localhost/x', '0.0.0.0:3000', '2130706433', 'a, localhost'],
];

describe('a page whose name points to loopback (DNS rebinding)', () => {
  test.each(ATTACKERS)('with Host "%s" reads nothing and pays nothing', async (host) => {
    const { app, done } = house();
    for (const method of ['get', 'post', 'options'] as const) {
      const { status, body, headers } = await request(app)[method]('/money').set('Host', host);
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
      await request(app).get('/money').set('Host', host).expect(200);
      await request(app).post('/money').set('Host', host).expect(201);
      expect(done).toEqual(['paid']);
    },
  );
  test('is not who says the address that the connection came to', async () => {
    process.env['LISTEN_HOST'] = '127.0.0.9';
    const server = await listen(house().app, 0);
    delete process.env['LISTEN_HOST'];
    const { port } = server.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.9:${port}/money`)).status).toBe(200);
    await stopListening(server);
  });
  test('is not who uses a name of ALLOWED_HOSTS', async () => {
    process.env['ALLOWED_HOSTS'] = 'bank.example, Api.Bank.Example';
    const { app } = house();
    delete process.env['ALLOWED_HOSTS'];
    for (const host of ['bank.example', 'api.bank.example:3000', 'localhost']) {
      await request(app).get('/money').set('Host', host).expect(200);
    }
    await request(app).get('/money').set('Host', 'www.bank.example').expect(421);
    const proxied = request(app).post('/money').set('Host', 'localhost:3000');
    await proxied.set('Origin', 'https://bank.example').expect(201);
  });
});

describe('a page of another origin, which may send what needs no preflight', () => {
  test.each(['https://attacker.example', 'null', 'http://localhost:5173', 'http://localhost', ''])(
    'from "%s" changes nothing',
    async (origin) => {
      const { app, done } = house();
      const post = request(app).post('/money').set({ Host: 'localhost:3000', Origin: origin });
      const { status, body } = await post;
      expect([status, body.code]).toEqual([403, 'foreign-origin']);
      expect(done).toEqual([]);
    },
  );
  test('is not the page of this server itself', async () => {
    const { app } = house();
    const own = { Host: 'localhost:3000', Origin: 'http://localhost:3000' };
    await request(app).post('/money').set(own).expect(201);
  });
});
