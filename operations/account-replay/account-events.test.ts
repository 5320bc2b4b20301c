import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { questions } from '../../event-source/log/routes.ts';
import { eventsOf, newAccount } from '../../event-source/log/events-for-tests.ts';
import { memoryLog } from '../../event-source/log/memory-log.ts';
import { memoryQuarantine, openQuarantine } from '../../event-source/quarantine.ts';
import { accountOfStream } from '../../contracts/account/events.ts';
import { createApp, finish } from '../../platform/http/http.ts';
import { listenForOperator, operatorSocket } from '../../platform/http/operator-socket.ts';
import { createLogger } from '../../platform/logger.ts';
import { accountEvents } from './account-events.ts';

const TOKEN = 'a-token-of-the-sidecar';
const STREAM = newAccount();
const ID = accountOfStream(STREAM);
const logger = createLogger('test', 'error');
logger.silent = true;

let server: Server;
let socket: string;
const folder = mkdtempSync(join(tmpdir(), 'operator-'));
beforeAll(async () => {
  const log = memoryLog();
  await log.append(eventsOf(STREAM, 1, 7));
  const app = createApp({ logger, appToken: TOKEN });
  questions(app, log, await openQuarantine(memoryQuarantine([])));
  finish(app, logger);
  server = await listenForOperator(app, 'log', folder);
  socket = operatorSocket(folder, 'log');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const versionsOf = async (to?: number, pageEvents?: number) => {
  const address = { socket, token: TOKEN };
  const events = await accountEvents(address, ID, to, pageEvents);
  const pages: number[][] = [];
  for await (const page of events.pages()) pages.push(page.map(({ version }) => version));
  return { pages, to: events.to, lastVersion: events.lastVersion };
};

test('given an account, all its events come, in pages', async () => {
  const all = { to: 7, lastVersion: 7 };
  expect(await versionsOf()).toEqual({ pages: [[1, 2, 3, 4, 5, 6, 7]], ...all });
  expect(await versionsOf(undefined, 3)).toEqual({ pages: [[1, 2, 3], [4, 5, 6], [7]], ...all });
});

test('given a version, nothing after it comes', async () => {
  expect(await versionsOf(4, 3)).toEqual({ pages: [[1, 2, 3], [4]], to: 4, lastVersion: 7 });
});

test('given a version beyond the end, the last one is named', async () => {
  await expect(versionsOf(8)).rejects.toThrow(
    'The log has no version 8 of this account: its last one is 7.',
  );
});

test('given an account that the log does not have, the answer says so', async () => {
  const unknown = accountOfStream(newAccount());
  const asked = accountEvents({ socket, token: TOKEN }, unknown);
  await expect(asked).rejects.toThrow(`The log has no account ${unknown}`);
});

test('given the token of another bank, the answer says so', async () => {
  const asked = accountEvents({ socket, token: 'another-token' }, ID);
  await expect(asked).rejects.toThrow('does not take the token of this data folder');
});

test('given no bank, the answer says how to start one', async () => {
  const asked = accountEvents({ socket: join(folder, 'none.sock'), token: TOKEN }, ID);
  await expect(asked).rejects.toThrow('start the bank with "npm start"');
});
