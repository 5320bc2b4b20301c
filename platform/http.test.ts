import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen, stopListening } from './http.ts';

const SLOW_MS = 150;

/** A server that answers after a while, and a client that keeps its connections. */
async function slowServer() {
  const count = { came: 0, answered: 0 };
  const server = await listen((_request, response) => {
    count.came += 1;
    response.once('finish', () => (count.answered += 1));
    setTimeout(() => response.end('done'), SLOW_MS);
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
  test('given clients that keep idle connections, then it does not wait for them', async () => {
    const { server, ask, end } = await slowServer();
    await ask();
    const before = performance.now();
    await stopListening(server);
    expect(performance.now() - before).toBeLessThan(SLOW_MS);
    end();
  });
});
