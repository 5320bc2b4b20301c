import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import type { AccountId } from '../../domain/ids.ts';
import { deposit, open, testLog, type TestLog } from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { bankOn, copyOf, restore } from './restoration-for-tests.ts';

const ACCOUNTS = [1n, 2n, 3n].map(accountIdOfSerial) as [AccountId, AccountId, AccountId];
const [ID] = ACCOUNTS;
const STREAM = streamOf(ID);

/** Three accounts with six events each, all of which the log has. */
async function bank() {
  const [journal, log] = [memoryJournal(), testLog()];
  const { host, give, time } = await bankOn(journal, log);
  for (const id of ACCOUNTS) {
    await give(id, open('o', { initialDeposit: '1.00' }));
    for (const key of ['a', 'b', 'c', 'd']) await give(id, deposit(key));
  }
  await time.pass(3_000);
  host.stop();
  return { journal, log };
}
const spoilt = (log: TestLog, spoil: (events: BankEvent[]) => BankEvent[]): TestLog => {
  const copy = copyOf(log);
  copy.streams.set(STREAM, spoil(copy.streams.get(STREAM)!));
  return copy;
};
const other = (event: BankEvent): BankEvent => ({ ...event, commandHash: 'x'.repeat(43) });
const rows = async (journal: Journal): Promise<string> =>
  canonicalJson((await journal.load(ACCOUNTS.map(streamOf))).streams);

describe('given a journal that has all of it', () => {
  test.each([
    ['a version is missing', (all: BankEvent[]) => all.filter((_, at) => at !== 2), 4],
    ['two have changed places', ([a, b, c, d, ...l]: BankEvent[]) => [a!, b!, d!, c!, ...l], 4],
    ['one is another event', (all: BankEvent[]) => all.map((e, n) => (n === 2 ? other(e) : e)), 4],
    ['one comes twice', (all: BankEvent[]) => all.flatMap((e, n) => (n === 2 ? [e, e] : [e])), 3],
  ])('a log in which %s is refused, with its stream and version', async (_what, spoil, version) => {
    const { journal, log } = await bank();
    const before = await rows(journal);
    const restoring = restore(spoilt(log, spoil), journal);
    await expect(restoring).rejects.toThrow(`${STREAM}/${version} does not follow`);
    expect(await rows(journal)).toBe(before);
    expect(await journal.mark()).toMatchObject({ state: 'restoring' });
  });
  test('a last event that differs is reported with both digests', async () => {
    const { journal, log } = await bank();
    const restoring = restore(
      spoilt(log, (all) => all.map((e, n) => (n === 5 ? other(e) : e))),
      journal,
    );
    await expect(restoring).rejects.toThrow(
      /differs at version 6 or before it: the journal has the event \S{43}, the log \S+ \S{43}/,
    );
  });
});

describe('given a journal that continues an older log', () => {
  const wentApart = async () => {
    const { journal, log } = await bank();
    const deaf = await bankOn(journal, log, false);
    await deaf.give(ID, deposit('x', '2.00'), deposit('secret-key', '3.00'));
    deaf.host.stop();
    const elsewhere = memoryJournal();
    await restore(log, elsewhere);
    const heard = await bankOn(elsewhere, log);
    await heard.give(ID, deposit('x', '2.00'), deposit('z', '4.00'));
    for (const id of ACCOUNTS.slice(1)) await heard.give(id, deposit('more'));
    await heard.time.pass(1_000);
    return { journal, log, elsewhere };
  };

  test.each([undefined, 1])('what differs is named (memory for %s)', async (heldBytesMax) => {
    const { journal, log, elsewhere } = await wentApart();
    const restoring = restore(log, journal, { ...(heldBytesMax && { heldBytesMax }) });
    const told = await restoring.catch((error: Error) => error.message);
    expect(told).toMatch(
      new RegExp(
        `1 streams[^]*\\n${STREAM} differs at version 8 in commandHash, commandId, data: the ` +
          'journal has money-deposited \\S{43}, the log money-deposited \\S{43}$',
      ),
    );
    expect(told).not.toContain('secret-key');
    // The others are back.
    for (const id of ACCOUNTS.slice(1)) {
      const [back, lost] = await Promise.all(
        [journal, elsewhere].map(async (each) => (await each.load([streamOf(id)])).streams[0]),
      );
      expect(back).toMatchObject({ version: lost!.version, digest: lost!.digest });
    }
  });
  test('a stream that is unsound does not keep the others away', async () => {
    const { log, elsewhere } = await wentApart();
    const journal = memoryJournal();
    const restoring = restore(
      spoilt(log, (all) => all.slice(1)),
      journal,
    );
    await expect(restoring).rejects.toThrow(/1 streams/);
    const [, second, third] = ACCOUNTS.map(streamOf);
    const back = (await journal.load([STREAM, second!, third!])).streams;
    expect(back.map(({ stream }) => stream)).toEqual([second, third]);
    const [row] = (await elsewhere.load([second!])).streams;
    expect(back[0]!.digest).toBe(row!.digest);
  });
  test('a row that cannot be read is named', async () => {
    const { journal, log } = await wentApart();
    const older = memoryJournal();
    const [row] = (await journal.load([STREAM])).streams;
    const first = log.streams.get(STREAM)![1]!;
    const { secret: _none, ...torn } = { ...row!, version: 1, digest: first.prev! };
    await older.restore([{ ...torn, state: '{"torn":', due: null }], []);
    await expect(restore(log, older)).rejects.toThrow(/row of \S+ cannot be read/);
  });
});

test('given big rows, statements and loads are cut by what they may hold', async () => {
  const log = testLog();
  const { give, time } = await bankOn(memoryJournal(), log);
  const metadata = Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`key${n}`, 'x'.repeat(500)]),
  );
  const many = Array.from({ length: 300 }, (_, n) => accountIdOfSerial(BigInt(n + 100)));
  for (const id of many) await give(id, open('o', { metadata }));
  await time.pass(1_000);
  const journal = memoryJournal();
  let [bytes, loaded] = [0, 0];
  await restore(
    log,
    {
      ...journal,
      restore(made, names) {
        const size = made.reduce((sum, { state }) => sum + state.length, 0);
        bytes = Math.max(bytes, size);
        return journal.restore(made, names);
      },
      load(streams) {
        loaded = Math.max(loaded, streams.length);
        return journal.load(streams);
      },
    },
    { pageEvents: 1_000 },
  );
  expect(bytes).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(bytes).toBeGreaterThan(1024 * 1024);
  expect(loaded).toBe(64);
});
