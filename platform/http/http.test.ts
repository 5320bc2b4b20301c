import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import request from 'supertest';
import { health } from './health.ts';
import { createApp, finish, listen, stopListening } from './http.ts';
import { createLogger } from '../logger.ts';

const SLOW_MS = 400;

/** A server that answers after a while, and a client that keeps its connections. */
async function slowServer(afterMs = SLOW_MS) {
  const count = { came: 0, answered: 0 };
  const server = await listen((request, response) => {
    request.resume();
    count.came += 1;
    response.once('finish', () => (count.answered += 1));
    setTimeout(() => response.end('done'), afterMs);
  }, 0);
  const agent = new http.Agent({ keepAlive: true });
  const { port } = server.address() as AddressInfo;
  const ask = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const answered = (response: http.IncomingMessage) => {
        response.resume().once('end', () => resolve(response.statusCode));
      };
      http.get({ port, host: '127.0.0.1', agent }, answered).once('error', reject);
    });
  const until = async (came: number): Promise<void> => {
    while (count.came < came) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { server, count, ask, until, end: () => agent.destroy() };
}

describe('bytes that are not HTTP', () => {
  const send = async (text: string): Promise<string> => {
    const { server, end } = await slowServer();
    const { port } = server.address() as AddressInfo;
    const answers = await new Promise<string>((resolve, reject) => {
      let got = '';
      const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (data) => void (got += data.toString()));
      socket.once('error', reject).once('close', () => resolve(got));
    });
    await stopListening(server);
    end();
    return answers;
  };
  test('given nothing else, then they are answered by 400', async () => {
    expect(await send('garbage\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  });
  test('given a request under way before them, then only that is answered', async () => {
    const request = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';
    const answers = await send(`${request}garbage\r\n\r\n`);
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(answers).toMatch(/done/);
  });
});

describe('a server that stops', () => {
  test('given requests under way, then it answers them before it has stopped', async () => {
    const { server, count, ask, until, end } = await slowServer();
    const answers = [ask(), ask(), ask()];
    await until(3);
    await stopListening(server);
    expect(count.answered).toBe(3);
    expect(await Promise.all(answers)).toEqual([200, 200, 200]);
    await expect(ask()).rejects.toThrow();
    end();
  });
  test('given requests that come on connections it has, then none of them is lost', async () => {
    const { server, ask, end } = await slowServer(5);
    await Promise.all([ask(), ask()]);
    const stopped = stopListening(server);
    expect(await Promise.all([ask(), ask()])).toEqual([200, 200]);
    await stopped;
    end();
  });
  test('given clients that keep idle connections, then it does not wait for them', async () => {
    const { server, ask, end } = await slowServer();
    await ask();
    const before = performance.now();
    await stopListening(server);
    expect(performance.now() - before).toBeLessThan(1_000);
    end();
  });
});

describe('the methods of a path', () => {
  const logger = createLogger('test', 'error');
  logger.silent = true;
  const app = createApp({ logger });
  app.get('/things/:id', (_request, response) => void response.json({ thing: 1 }));
  app.put('/things/:id', (_request, response) => void response.json({}));
  app.post('/things', (_request, response) => void response.json({}));
  health(app, {}, () => true);
  finish(app, logger);

  test.each([
    ['/things/1', 'GET, HEAD, OPTIONS, PUT'],
    ['/things', 'OPTIONS, POST'],
    ['/healthz', 'GET, HEAD, OPTIONS'],
  ])('%s are named by OPTIONS, and by the 405 of any other', async (path, allow) => {
    const { status, headers, text } = await request(app).options(path);
    expect([status, headers['allow'], text]).toEqual([204, allow, '']);
    const refused = await request(app).delete(path);
    expect([refused.status, refused.headers['allow']]).toEqual([405, allow]);
    expect(refused.body.code).toBe('method-not-allowed');
  });
  test('HEAD is GET without the body, also of what is not there', async () => {
    for (const path of ['/things/1', '/nothing']) {
      const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`;
      const names = { 'x-request-id': 'one', traceparent };
      const get = await request(app).get(path).set(names);
      const head = await request(app).head(path).set(names);
      expect([head.status, head.text]).toEqual([get.status, undefined]);
      const { date: _date, ...headers } = head.headers;
      expect(get.headers).toMatchObject(headers);
    }
    expect((await request(app).head('/things')).status).toBe(405);
  });
  test('of a path that is not there are none', async () => {
    expect((await request(app).options('/nothing')).status).toBe(404);
  });
  test('of the server as a whole (OPTIONS *) are all', async () => {
    const server = await listen(app, 0);
    const { port } = server.address() as AddressInfo;
    const answer = await new Promise<http.IncomingMessage>((resolve) => {
      http.request({ port, host: '127.0.0.1', method: 'OPTIONS', path: '*' }, resolve).end();
    });
    answer.resume();
    await stopListening(server);
    const { statusCode, headers } = answer;
    expect([statusCode, headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS, POST, PUT']);
  });
});
