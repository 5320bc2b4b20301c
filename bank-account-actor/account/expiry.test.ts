import { testName } from '../../contracts/access/sender-for-tests.ts';
import { holdIdFor, transferIdFor } from '../../contracts/derived-ids.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { ACCOUNT, deposit, message, open, said, STREAM } from '../host/bank-host-for-tests.ts';
import { testHost, testLog, virtualClock } from '../host/bank-host-for-tests.ts';
import type { Journal, Turn } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';

const OTHER = accountIdOfSerial(7n);
const NOON = '2026-05-01T12:00:00.000Z';
const EXPIRES_AT = '2026-05-01T12:00:10.000Z';
const hold = (id = 'h') =>
  message(id, { type: 'place-hold', amount: '60.00', expiresAt: EXPIRES_AT });
const transferId = transferIdFor(ACCOUNT, testName('t'));
const reserve = message('t', {
  type: 'reserve-transfer',
  transferId,
  toAccountId: OTHER,
  amount: '30.00',
  expiresAt: EXPIRES_AT,
});

async function house() {
  const time = virtualClock(NOON);
  const [journal, log] = [memoryJournal(time.clock.wall), testLog()];
  const host = await testHost(journal, log, { clock: time.clock });
  await host.execute([open('o', { initialDeposit: '100.00' }), { ...open('p'), accountId: OTHER }]);
  const held = async (): Promise<string | undefined> => {
    const [row] = (await journal.load([STREAM])).streams;
    return /"held":"([^"]+)"/.exec(row!.state)?.[1];
  };
  return { ...host, time, held };
}
const types = (log: ReturnType<typeof testLog>) =>
  log.eventsOf(ACCOUNT).map(({ type, at }) => `${type} ${at}`);

test('given a hold and a pending transfer, both end at their time without a client', async () => {
  const { time, start, stop, execute, log, held, counts } = await house();
  start();
  await execute([hold(), reserve]);
  await time.pass(9_000);
  expect(await held()).toBe('90.00');
  await time.pass(2_000);
  expect(await held()).toBe('0.00');
  const last = types(log).slice(-2);
  expect(last.map((text) => text.split(' ')[0])).toEqual(['hold-expired', 'transfer-released']);
  expect(counts().endedWithoutClient).toBe(2);
  // A command that comes too late learns it, and nothing happens twice.
  const late = message('v', { type: 'void-transfer', transferId });
  expect((await execute([late])).map(said)).toEqual(['transfer-already-ended']);
  await time.pass(20_000);
  expect(counts().endedWithoutClient).toBe(2);
  stop();
});

test('given the host that placed them is gone, another one ends them', async () => {
  const { time, journal, log, execute, held } = await house();
  await execute([hold(), reserve]);
  const other = await testHost(journal, log, { clock: time.clock, host: 'host2' });
  other.start();
  await time.pass(12_000);
  expect(await held()).toBe('0.00');
  other.stop();
});

test('given a host that claimed them and died, another one ends them after its lease', async () => {
  const { time, journal, log, execute, held } = await house();
  await execute([hold()]);
  await time.pass(11_000);
  expect(await journal.claimDue(time.clock.wall(), 3_000, 10)).toEqual([STREAM]);
  const other = await testHost(journal, log, { clock: time.clock, host: 'host2' });
  other.start();
  await time.pass(2_000);
  expect(await held()).toBe('60.00');
  await time.pass(2_000);
  expect(await held()).toBe('0.00');
  other.stop();
});

test('given two hosts, what is due ends once', async () => {
  const { time, journal, log, execute, start, stop, counts } = await house();
  const other = await testHost(journal, log, { clock: time.clock, host: 'host2' });
  start();
  other.start();
  await execute([hold(), reserve]);
  await time.pass(20_000);
  const ended = types(log).filter((text) => /expired|released/.test(text));
  expect(ended).toHaveLength(2);
  expect(counts().endedWithoutClient + other.counts().endedWithoutClient).toBe(2);
  stop();
  other.stop();
});

// Finding A1: holds were refused by the account's clock and released by the wall clock.
test('a clock that was ahead leaves no hold that is refused and not released', async () => {
  const { time, execute, start, stop, held } = await house();
  start();
  await execute([hold(), reserve]);
  time.set('2026-05-01T13:00:00.000Z');
  // The account's clock is ahead with it, and never goes back.
  await execute([deposit('d')]);
  time.set(NOON);
  const capture = message('c', {
    type: 'capture-hold',
    holdId: holdIdFor(ACCOUNT, testName('h')),
    amount: '1.00',
  });
  const [refused] = await execute([capture]);
  expect(said(refused)).toBe('hold-expired');
  await time.pass(1_500);
  expect(await held()).toBe('0.00');
  stop();
});

test('given more due at once than fit a commit, all end within a moment', async () => {
  const { time, execute, start, stop, held, counts } = await house();
  const holds = Array.from({ length: 150 }, (_, n) =>
    message(`h${n}`, { type: 'place-hold', amount: '0.01', expiresAt: EXPIRES_AT }),
  );
  const placed = execute(holds);
  await time.pass(1_000);
  expect(new Set((await placed).map(({ ok }) => ok))).toEqual(new Set([true]));
  start();
  await time.pass(10_500);
  expect([await held(), counts().endedWithoutClient]).toEqual(['0.00', 150]);
  stop();
});

describe('given the commit of a capture that is still on its way when the time is over', () => {
  const atOther = message('x', { type: 'capture-transfer', transferId });
  const ofHold = message('x', {
    type: 'capture-hold',
    holdId: holdIdFor(ACCOUNT, testName('h')),
  });
  test.each([
    ['a hold', ofHold, {}],
    ['a pending transfer', atOther, {}],
    ['a hold, in an atomic group', ofHold, { atomic: true }],
  ])(
    'when its retry learns that %s expired, then it comes too late',
    async (_of, capture, joint) => {
      const { time, journal, log, execute, held } = await house();
      await execute([hold(), reserve]);
      const late: Turn[] = [];
      const commit: Journal['commit'] = (turn) => {
        late.push(turn);
        return Promise.reject(new Error('no answer'));
      };
      const other = await testHost({ ...journal, commit }, log, {
        clock: time.clock,
        host: 'host2',
      });
      const [lost] = await other.execute([capture], joint);
      expect(said(lost)).toBe('service-unavailable');
      await time.pass(11_000);
      const [refused] = await execute([capture], joint);
      expect(said(refused)).toMatch(/^(?:hold|transfer)-expired$/);
      expect((await journal.commit(late[0]!)).outcome).toBe('overtaken');
      expect(await held()).toBe('0.00');
    },
  );
});

test('given a preview of a capture whose time is over, then nothing is ended by it', async () => {
  const { time, execute, held } = await house();
  await execute([hold(), reserve]);
  await time.pass(11_000);
  const capture = message('x', { type: 'capture-transfer', transferId }, { dryRun: true });
  expect((await execute([capture])).map(said)).toEqual(['transfer-expired']);
  expect((await execute([capture], { dryRun: true })).map(said)).toEqual(['transfer-expired']);
  expect(await held()).toBe('90.00');
});
