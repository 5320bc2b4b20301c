import { connect, createServer, type AddressInfo } from 'node:net';
import { CannotRun } from './progress.ts';

/** The address of every listener. */
export const LOOPBACK = '127.0.0.1';
const PROBE_TIMEOUT_MS = 1_000;

/** Whether something accepts connections on that loopback port. */
export const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port, timeout: PROBE_TIMEOUT_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });

/** Whether GET on that loopback address answers 2xx within a second. */
export const answersOk = async (port: number, path: string): Promise<boolean> => {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const response = await fetch(`http://${LOOPBACK}:${port}${path}`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

/** A free loopback port, assigned by the system. */
export const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer();
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

/** Whether nothing listens on that loopback port. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    const listening = { host: LOOPBACK, port, exclusive: true };
    server.listen(listening, () => server.close(() => resolve(true)));
  });

const MOVE_ALL = 'set CORE_BANK_INSTANCE=1 to move every port of the bank by 1000';

/** Rejects with CannotRun that names the owners of taken ports. */
export const requireFreePorts = async (
  wanted: ReadonlyMap<number, string>,
  remedy = MOVE_ALL,
): Promise<void> => {
  for (const [port, owner] of wanted) {
    if (await isFree(port)) continue;
    throw new CannotRun(
      `Port ${port}, which ${owner} needs, is taken by another program: stop that program, ` +
        `or ${remedy}.`,
    );
  }
};
