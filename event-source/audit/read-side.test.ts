import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AccountId } from '../../domain/ids.ts';
import { createLogger } from '../../platform/logger.ts';
import { alarmBook } from '../alarms.ts';
import { eventsOf, newAccount } from '../log/events-for-tests.ts';
import { memoryLog } from '../log/memory-log.ts';
import type { Finding } from './entries.ts';
import { plantedLog } from './planted-log-for-tests.ts';
import { compareReadSide, readSideCheck, type ShownAccount } from './read-side.ts';
import { auditLines } from './report.ts';

const logger = createLogger('test', 'error');
logger.silent = true;

/** Two accounts with three events each, and a read side that shows what a test says. */
async function house() {
  const log = memoryLog();
  const [one, two] = [newAccount(), newAccount()];
  await log.append(eventsOf(one, 1, 3));
  await log.append(eventsOf(two, 1, 3));
  const shown = new Map<string, ShownAccount>();
  const alarms = alarmBook(logger);
  const readSide = { account: async (id: string) => shown.get(id) };
  const check = readSideCheck({ log, readSide, alarms, logger });
  const idOf = (stream: string) => stream.slice('acct/'.length) as AccountId;
  const show = (stream: string, version: number, ledger = `${100 * (version - 1)}.00`): void => {
    shown.set(idOf(stream), { version, balance: { ledger, held: '0.00', available: ledger } });
  };
  const compare = async (...streams: string[]): Promise<string[]> => {
    await check.compare(streams.map(idOf));
    return alarms.list().map(({ detail }) => detail);
  };
  return { one, two, show, compare, check };
}

test('given a read side that is equal or behind, then there is no alarm', async () => {
  const { one, two, show, compare, check } = await house();
  expect(await compare(one, two)).toEqual([]);
  show(one, 3);
  show(two, 1);
  for (let look = 0; look < 3; look += 1) expect(await compare(one, two)).toEqual([]);
  expect(check.compared()).toBeGreaterThanOrEqual(6);
});

test('given another balance than the log has, then the alarm names both', async () => {
  const { one, show, compare } = await house();
  show(one, 3, '999.00');
  expect(await compare(one)).toEqual([expect.stringMatching(/"999.00".* version 3 .*"200.00"/)]);
});

test('given a version that the log does not have, then there is an alarm', async () => {
  const { one, show, compare } = await house();
  show(one, 4);
  expect(await compare(one)).toEqual([expect.stringMatching(/version 4 .* the log does not have/)]);
});

test('given an account that was left behind for good, then the second look tells', async () => {
  const { one, two, show, compare } = await house();
  show(two, 3);
  show(one, 2);
  expect(await compare(two)).toEqual([]);
  expect(await compare(one)).toEqual([]);
  expect(await compare()).toEqual([expect.stringMatching(/version 2 .* gone on to position/)]);
  show(one, 3);
  expect(await compare(one)).toEqual([]);
});

test('given an account that is gone from the read side, then there is an alarm too', async () => {
  const { one, two, show, compare } = await house();
  show(two, 3);
  await compare(two);
  await compare(one);
  expect(await compare(one)).toEqual([expect.stringMatching(/shows version 0/)]);
});

describe('npm run audit', () => {
  /** Three accounts with 100.00 in the log, and a query API that answers as a test says. */
  async function audited(answer: (serial: number, asked: number) => object | number) {
    const bank = plantedLog();
    const ids = [1, 2, 3].map(bank.account);
    for (const id of ids) bank.open(id, 10_000n);
    const asked = new Map<string, number>();
    const server = createServer((request, response) => {
      const id = /^\/v1\/accounts\/([^?]+)/.exec(request.url ?? '')?.[1];
      const times = (asked.get(id ?? '') ?? 0) + 1;
      if (id !== undefined) asked.set(id, times);
      const said = id === undefined ? {} : answer(ids.indexOf(id as AccountId) + 1, times);
      response.writeHead(typeof said === 'number' ? said : 200);
      response.end(JSON.stringify(said));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const findings: Finding[] = [];
    const [onFinding, onAccount] = [(one: Finding) => void findings.push(one), () => undefined];
    const authorization = () => Promise.resolve('Bearer token');
    const compare = (at: string) =>
      compareReadSide({ url: at, authorization, books: bank.books, onFinding, onAccount });
    const readSide = await compare(url);
    await new Promise((resolve) => server.close(resolve));
    const books = bank.books.books();
    const lines = (side: typeof readSide | undefined) =>
      auditLines({ books, findings, checkpoints: 0, readSide: side, seconds: 1 });
    return { readSide, findings, ...lines(readSide), lines, away: () => compare(url) };
  }
  const whole = (version = 2) => ({
    version,
    balance: { ledger: '100.00', held: '0.00', available: '100.00' },
  });

  test('given a read side that is equal, then it is well', async () => {
    const { ok, readSide } = await audited(() => whole());
    expect([ok, readSide]).toEqual([true, { equal: 3, behind: 0, movedOn: 0, lost: 0 }]);
  });
  test.each([404, 503])('given one that has lost every account (%i), it is not', async (status) => {
    const { ok, readSide, findings, lines } = await audited(() => status);
    expect(readSide).toEqual({ equal: 0, behind: 3, movedOn: 0, lost: 0 });
    expect([ok, findings]).toEqual([false, []]);
    expect(lines(readSide).lines.at(-1)).toMatch(/not proven: no balance could be compared/);
  });
  test('given one that has lost one account, then it is named', async () => {
    const { ok, readSide, findings } = await audited((serial) => (serial === 1 ? 404 : whole()));
    expect(readSide).toEqual({ equal: 2, behind: 0, movedOn: 0, lost: 1 });
    expect(findings[0]?.detail).toMatch(/shows version 0 .* has shown what came later/);
    expect(ok).toBe(false);
  });
  test('given one that is behind at its end, or caught up meanwhile, then it is well', async () => {
    const behind = await audited((serial) => (serial === 3 ? 503 : whole()));
    expect([behind.ok, behind.readSide]).toEqual([
      true,
      { equal: 2, behind: 1, movedOn: 0, lost: 0 },
    ]);
    const late = await audited((serial, times) => (serial === 1 && times === 1 ? 503 : whole()));
    expect([late.ok, late.findings]).toEqual([true, []]);
  });
  test('given nobody answers, then it is well only if nobody was to be asked', async () => {
    const { lines, away } = await audited(() => whole());
    const nobody = await away();
    expect(nobody).toMatch(/^nobody answers at/);
    expect([lines(nobody).ok, lines(undefined).ok]).toEqual([false, true]);
    expect(lines(nobody).lines.at(-1)).toMatch(/--no-read-side/);
  });
});
