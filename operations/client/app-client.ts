import { existsSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { json, text } from 'node:stream/consumers';
import { join } from 'node:path';
import { operatorSocket } from '../../platform/http/operator-socket.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import { operatorTokenOf } from '../../runtime/environment.ts';
import { operatorFolders, resolveInstance } from '../../runtime/instance.ts';
import { CannotRun } from '../../runtime/progress.ts';

const ANSWER_MS_MAX = 30_000;

/** Where an app answers its operator, and the token that it wants to see. */
export interface AppAddress {
  readonly socket: string;
  readonly token: string;
}

/** Every host of that app of the instance CORE_BANK_INSTANCE. Throws CannotRun when none runs. */
export function appAddresses(id: string): AppAddress[] {
  const { dataDir } = resolveInstance();
  const parent = operatorFolders(dataDir);
  const folders = existsSync(parent) ? readdirSync(parent).sort() : [];
  const sockets = folders.map((folder) => operatorSocket(join(parent, folder), id));
  const there = sockets.filter((path) => existsSync(path));
  if (there.length === 0) {
    throw new CannotRun(`No ${id} runs in ${dataDir}: start the bank with "npm start".`);
  }
  return there.map((socket) => ({ socket, token: operatorTokenOf(dataDir, id) }));
}

/** The first of them. */
export const appAddress = (id: string): AppAddress => appAddresses(id)[0]!;

/** Calls apps as their operator. What is not answered with 2xx throws CannotRun. */
export const appClient = (addressOf: (app: string) => AppAddress): ServiceInvoker => ({
  async invokeService(app, method, path, body) {
    const { socket, token } = addressOf(app);
    const answer = await send({ socket, token, method, path, body }).catch((cause: unknown) => {
      throw new CannotRun(`No ${app} answers at ${socket}: start the bank with "npm start".`, {
        cause,
      });
    });
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) return { status, body: await json(answer) };
    if (status !== 401) {
      throw new CannotRun(`${app} cannot answer now (${status}): ${await text(answer)}`);
    }
    answer.resume();
    throw new CannotRun(
      `${app} at ${socket} does not take the token of this data folder: ` +
        'does CORE_BANK_DATA name that of another bank?',
    );
  },
});

interface Asked {
  readonly socket: string;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

const send = ({ socket, token, method, path, body }: Asked): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = http.request(
      {
        socketPath: socket,
        method,
        path: `/${path}`,
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
        headers: { 'dapr-api-token': token, 'content-type': 'application/json' },
      },
      resolve,
    );
    request.once('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
