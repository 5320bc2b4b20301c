import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { listen, stopListening } from './http.ts';

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
