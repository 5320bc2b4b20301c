import http2 from 'node:http2';
import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, listenH2c, readText, type Listening } from './h2c.ts';

const TIMES = {
  keepAliveTimeout: 300,
  headersTimeout: 150,
  requestTimeout: 250,
  connectionsCheckingInterval: 20,
};
const LONGER_MS = 1_500;

let server: Listening;
beforeAll(async () => {
  server = await listenH2c(
    (request, response) => {
      readText(request, 1_000).then(
        (text) => answer(response, 200, { text }),
        () => answer(response, 408),
      );
    },
    0,
    TIMES,
  );
});
afterAll(() => server.close());

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';

test.each([
  ['no byte', ''],
  ['half a header', 'PUT /x HTTP/1.1\r\nHost: loc'],
  ['half a body', 'PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf'],
  ['a whole request and nothing after it', 'GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['half the preface of HTTP/2', 'PRI * HT'],
  ['the preface of HTTP/2', PREFACE],
  ['the preface and settings', PREFACE + SETTINGS],
])('given %s, the connection is not kept', async (_name, bytes) => {
  const socket = net.connect(server.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
  socket.on('error', () => undefined).resume();
  const kept = await Promise.race([
    once(socket, 'close').then(() => 'closed'),
    sleep(LONGER_MS, 'still open', { ref: false }),
  ]);
  socket.destroy();
  expect(kept).toBe('closed');
});

test('given HTTP/2, only a body that stops is given up, and an idle session ended', async () => {
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  session.on('error', () => undefined);
  const closed = once(session, 'close');
  const put = (write: (stream: http2.ClientHttp2Stream) => void): Promise<unknown> => {
    const stream = session.request({ ':method': 'PUT', ':path': '/x' });
    stream.on('error', () => undefined).resume();
    const answered = once(stream, 'response') as Promise<[http2.IncomingHttpHeaders]>;
    write(stream);
    return answered.then(([headers]) => headers[':status']);
  };
  const slow = put((stream) => void stream.write('half'));
  const quick = put((stream) => void stream.end('whole'));
  expect(await Promise.all([slow, quick])).toEqual([408, 200]);
  await closed;
});
