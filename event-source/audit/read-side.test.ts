import type { AccountId } from '../../domain/ids.ts';
import { createLogger } from '../../platform/logger.ts';
import { alarmBook } from '../alarms.ts';
import { eventsOf, newAccount } from '../log/events-for-tests.ts';
import { memoryLog } from '../log/memory-log.ts';
import { readSideCheck, type ShownAccount } from './read-side.ts';

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
