import { rmSync } from 'node:fs';
import { copyOwned } from '../../runtime/programs/instance-for-tests.ts';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamId } from '../../domain/ids.ts';
import { createLogger } from '../../platform/logger.ts';
import { alarmBook, type Alarms } from '../alarms.ts';
import { LogUnavailable, TamperError } from '../log/event-log.ts';
import { eventOf, eventsOf, newAccount } from '../log/events-for-tests.ts';
import { immudbClient } from './client.ts';
import { BUILD_MS_MAX, flipBit, startImmudb, type ImmudbForTests } from './immudb-for-tests.ts';
import { openImmudbLog, type ImmudbLog } from './log.ts';

jest.setTimeout(60_000);

const silent = createLogger('test', 'error');
silent.silent = true;
let immudb: ImmudbForTests;
let alarms: Alarms;
let data: string;
let log: ImmudbLog;
let id: StreamId;

beforeEach(async () => {
  immudb = await startImmudb();
  alarms = alarmBook(silent);
  data = join(immudb.dataDir, 'immudb', 'data');
  log = await openImmudbLog(immudb.options, alarms);
  id = newAccount();
  await log.append(eventsOf(id, 1, 5));
}, BUILD_MS_MAX);
afterEach(async () => {
  await log.close();
  await immudb.stop();
});

const alarm = (): string | undefined => alarms.first('tampered', 'rolled-back')?.detail;
const proven = async (): Promise<number> => {
  await log.trust.verify(log.ask);
  return log.trust.trusted()!.txId;
};
const eachRefused = async (message: RegExp): Promise<void> => {
  await expect(log.append([eventOf(newAccount(), 1)])).rejects.toThrow(TamperError);
  await expect(log.readStream(id, 1, 10)).rejects.toThrow(message);
  await expect(openImmudbLog(immudb.options, alarms)).rejects.toThrow(message);
  // Anyone who looks while the forger is still at work sees a log that is too short.
  expect(alarm()).toMatch(/rolled back|another transaction/);
};
/** The connection waits a little before it tries again; that is no answer of the log. */
const comeBack = async (): Promise<void> => {
  await immudb.up();
  for (;;) {
    const error: unknown = await log.check().catch((caught: unknown) => caught);
    if (!(error instanceof LogUnavailable)) return;
    await delay(20);
  }
};
const rollBack = async (): Promise<void> => {
  await immudb.down();
  copyOwned(data, `${data}-old`);
  await comeBack();
  for (let at = 0; at < 5; at += 1) await log.append(eventsOf(newAccount(), 1, 3));
  expect(await proven()).toBe(7);
  await immudb.down();
  rmSync(data, { recursive: true });
  copyOwned(`${data}-old`, data);
  await comeBack();
};

describe('given a log that was proven', () => {
  test('when its server restarts, then it goes on', async () => {
    await immudb.down();
    await comeBack();
    expect((await log.append([eventOf(id, 6)])).outcomes[0]!.outcome).toBe('appended');
    expect(await proven()).toBe(3);
    expect(alarms.list()).toEqual([]);
  });

  test('when its data folder is rolled back, then nothing is written or read', async () => {
    await rollBack();
    await eachRefused(/rolled back. It ends at transaction 2, but had 7 already/);
  });

  test('when a forged history with right signatures takes its place, it is refused', async () => {
    await rollBack();
    const forger = immudbClient(immudb.options);
    for (let at = 0; at < 20; at += 1) {
      const KVs = [{ key: Buffer.from(`${newAccount()}/1`), value: Buffer.from('{}') }];
      await forger.call('Set', { KVs, preconditions: [] });
    }
    expect((await forger.call('CurrentState', {})).txId).toBe(22);
    await forger.close();
    await eachRefused(/The log has another transaction 7 than the one that is known/);
  });

  test('when the trusted state is gone too, then it is a first contact, which shows', async () => {
    await rollBack();
    await expect(log.readStream(id, 1, 10)).rejects.toThrow(TamperError);
    rmSync(join(immudb.dataDir, 'trusted-state.json'));
    const reopened = await openImmudbLog(immudb.options, alarms);
    expect(reopened.trust.trusted()!.firstContact.txId).toBe(2);
    await reopened.close();
  });

  test('when a bit of a value flips on its disk, then the value is refused', async () => {
    await immudb.down();
    flipBit(join(data, 'corebank', 'val_0'), '"version":3', 11);
    await comeBack();
    await expect(log.readStream(id, 1, 10)).rejects.toThrow(/was changed on its disk/);
    expect(alarm()).toMatch(/was changed on its disk/);
  });

  test('when another key signs it, then it is refused', async () => {
    const other = await startImmudb();
    const { publicKey } = other.options;
    await other.stop();
    const opened = openImmudbLog({ ...immudb.options, publicKey }, alarms);
    await expect(opened).rejects.toThrow(/not what the holder of this key signed/);
  });
});
