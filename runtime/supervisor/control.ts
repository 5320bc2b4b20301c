import { existsSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { listenForOperator, operatorSocket } from '../../platform/http/operator-socket.ts';
import { CannotRun } from '../progress.ts';

const SUPERVISOR = 'supervisor';
/** Only who started the bank may enter this folder, so who comes here is that one. */
const folderOf = (dataDir: string): string => join(dataDir, SUPERVISOR);
const socketOf = (dataDir: string): string => operatorSocket(folderOf(dataDir), SUPERVISOR);
const PATH = '/rotate/';

/** Serves what the operator asks of the supervisor itself; one thing at a time. */
export const serveControl = async (
  dataDir: string,
  rotate: (name: string) => Promise<void>,
): Promise<void> => {
  let isBusy = false;
  const answer = async (name: string, response: http.ServerResponse): Promise<void> => {
    if (isBusy) return void response.writeHead(409).end('Another rotation is under way.');
    isBusy = true;
    try {
      await rotate(name);
      response.writeHead(200).end();
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error));
    } finally {
      isBusy = false;
    }
  };
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const { method, url = '' } = request;
    if (method !== 'POST' || !url.startsWith(PATH)) return void response.writeHead(404).end();
    void answer(url.slice(PATH.length), response);
  };
  (await listenForOperator(listener, SUPERVISOR, folderOf(dataDir))).unref();
};

/**
 * Asks the supervisor of a running bank to replace secrets.
 * @throws CannotRun with what it says when it cannot.
 */
export const askToRotate = async (dataDir: string, name: string): Promise<void> => {
  const socketPath = socketOf(dataDir);
  const asked = existsSync(socketPath)
    ? new Promise<http.IncomingMessage>((resolve, reject) => {
        const request = http.request(
          { socketPath, method: 'POST', path: `${PATH}${name}` },
          resolve,
        );
        request.once('error', reject).end();
      })
    : Promise.reject(new Error('there is no socket'));
  const answer = await asked.catch((cause: unknown) => {
    throw new CannotRun(`No bank runs in ${dataDir}: start it with "npm start".`, { cause });
  });
  const said = await text(answer);
  if (answer.statusCode !== 200) throw new CannotRun(said);
};
