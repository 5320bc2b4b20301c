import { testName } from '../../contracts/access/sender-for-tests.ts';
import { refusalsOf, type BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { CommandMessage, CommandResult } from '../../contracts/account/commands.ts';
import { transferIdFor } from '../../contracts/derived-ids.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { commandId, type AccountId, type StreamId } from '../../domain/ids.ts';
import { message, open, said, testLog } from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { LogUnsound } from './replay.ts';
import { bankOn, BEGAN, copyOf, restore, type BankOnJournal } from './restoration-for-tests.ts';

const ACCOUNTS = [1n, 2n, 3n, 4n, 5n].map(accountIdOfSerial);
const COMMANDS = 250;
const DAY_MS = 24 * 3_600_000;
const STEP_MS = 1_234_567;

const seedOfRun = (): number => Number(process.env['SEED'] ?? Date.now() % 1_000_000);
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  };
}

type Asked = readonly [AccountId, readonly CommandMessage[]];

/** Calls of up to three commands; some end what an earlier one began. */
function randomCalls(random: () => number, count: number, from = 0): Asked[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const bodyOf = (id: AccountId, key: string): object => {
    const amount = (random() * 40 + 0.01).toFixed(2);
    const at = 1 + Math.floor(random() * 30);
    const earlier = commandId(`k${Math.floor(random() * (from + count))}`);
    const transferId = transferIdFor(id, testName(key));
    const toAccountId = pick(ACCOUNTS.filter((other) => other !== id));
    const expiresAt = new Date(BEGAN + 10 * DAY_MS).toISOString();
    return pick<object>([
      { type: 'deposit', amount, description: 'x', metadata: { b: '1', a: '2' } },
      { type: 'withdraw', amount },
      { type: 'place-hold', amount },
      { type: 'place-hold', amount, expiresAt },
      { type: 'send-transfer', transferId, toAccountId, amount },
      { type: 'reserve-transfer', transferId, toAccountId, amount, expiresAt },
      { type: 'capture-transfer', transferId: transferIdFor(id, testName(earlier)) },
      { type: 'void-transfer', transferId: transferIdFor(id, testName(earlier)) },
      { type: 'reverse', version: at },
      { type: 'set-limits', perDay: '90.00', perWithdrawal: '39.00' },
      { type: 'set-overdraft-limit', amount },
      { type: pick(['freeze', 'unfreeze']) },
    ]);
  };
  return Array.from({ length: count }, (_unused, at) => {
    const id = pick(ACCOUNTS);
    const keys = Array.from({ length: 1 + Math.floor(random() * 3) }, (_one, n) =>
      n === 0 ? `k${from + at}` : `k${from + at}.${n}`,
    );
    return [id, keys.map((key) => message(key, bodyOf(id, key)))] as const;
  });
}

async function play(bank: BankOnJournal, calls: readonly Asked[], from = 0) {
  const results: CommandResult[][] = [];
  for (const [at, [id, commands]] of calls.entries()) {
    bank.setTo(BEGAN + (from + at) * STEP_MS);
    results.push(await bank.give(id, ...commands));
  }
  return results;
}
async function lived(seed: number) {
  const [journal, log] = [memoryJournal(), testLog()];
  const bank = await bankOn(journal, log);
  for (const id of ACCOUNTS) await bank.give(id, open('o', { initialDeposit: '300.00' }));
  const calls = randomCalls(randomOf(seed), COMMANDS);
  const results = await play(bank, calls);
  await bank.time.pass(3_000);
  return { journal, log, bank, calls, results };
}
/** Everything of a stream but whether the log has confirmed it. */
async function rowOf(journal: Journal, stream: StreamId): Promise<string> {
  const [row] = (await journal.load([stream])).streams;
  if (row === undefined) throw new Error(`${stream} has no row`);
  const { version, digest, state, secret, due } = row as typeof row & { due: number | null };
  return canonicalJson({ version, digest, due, secret, state: JSON.parse(state) as unknown });
}

describe('a journal that was lost', () => {
  test('is restored to the byte, and the bank goes on as one that lost nothing', async () => {
    const seed = seedOfRun();
    const { journal, log, bank, calls, results } = await lived(seed);
    const log2 = copyOf(log);
    const journal2 = memoryJournal();
    const restored = await restore(log2, journal2);
    expect(restored).toMatchObject({ accounts: ACCOUNTS.length, persons: 0, there: 0 });
    for (const stream of ACCOUNTS.map(streamOf)) {
      const [back, lost] = [await rowOf(journal2, stream), await rowOf(journal, stream)];
      expect({ seed, back }).toEqual({ seed, back: lost });
    }
    const executed = results.flat().filter(({ ok }) => ok);
    expect({ seed, many: executed.length > COMMANDS / 3 }).toEqual({ seed, many: true });

    const bank2 = await bankOn(journal2, log2);
    bank2.setTo(BEGAN + COMMANDS * STEP_MS);
    for (const [at, [id, commands]] of calls.entries()) {
      for (const [n, command] of commands.entries()) {
        const first = results[at]?.[n];
        if (first?.ok !== true) continue;
        const [answer] = await bank2.give(id, command);
        expect({ seed, answer }).toEqual({ seed, answer: { ...first, replayed: true } });
      }
    }
    const more = randomCalls(randomOf(seed + 1), COMMANDS, COMMANDS);
    const went = await play(bank, more, COMMANDS);
    const goes = await play(bank2, more, COMMANDS);
    expect({ seed, goes }).toEqual({ seed, goes: went });
    for (const { time } of [bank, bank2]) await time.pass(5_000);
    expect([log.forks, log2.forks]).toEqual([[], []]);
    expect(log2.streams).toEqual(log.streams);
  }, 60_000);

  test('with more than fits in memory is restored piece by piece', async () => {
    const { journal, log } = await lived(seedOfRun());
    for (const heldBytesMax of [1, 1_000, 10_000]) {
      const other = memoryJournal();
      const restored = await restore(log, other, { heldBytesMax });
      expect(restored).toMatchObject({ accounts: ACCOUNTS.length, there: 0 });
      for (const stream of ACCOUNTS.map(streamOf)) {
        expect(await rowOf(other, stream)).toBe(await rowOf(journal, stream));
      }
      const again = await restore(log, other, { heldBytesMax });
      expect(again).toMatchObject({ accounts: 0, there: ACCOUNTS.length });
    }
  }, 60_000);

  test('has its open work ended without a client', async () => {
    const log = testLog();
    const bank = await bankOn(memoryJournal(), log);
    const [source, target] = ACCOUNTS as [AccountId, AccountId];
    for (const id of [source, target]) await bank.give(id, open('o', { initialDeposit: '100.00' }));
    const transferId = transferIdFor(source, testName('t'));
    const expiresAt = new Date(BEGAN + 3_600_000).toISOString();
    const terms = { transferId, toAccountId: target, amount: '30.00', expiresAt };
    const reserve = message('t', { type: 'reserve-transfer', ...terms });
    const [reserved] = await bank.give(source, reserve);
    expect(reserved?.ok).toBe(true);
    const journal = memoryJournal();
    await restore(log, journal);

    const after = await bankOn(journal, log);
    after.setTo(BEGAN + 3_700_000);
    await after.time.pass(2_000);
    const types = log.eventsOf(source).map(({ type }) => type);
    expect(types.slice(2)).toEqual(['transfer-reserved', 'transfer-released']);
    // The client comes back with what it knows of: nothing happens twice.
    const capture = message('c', { type: 'capture-transfer', transferId });
    const results = await after.give(source, reserve, capture);
    expect(results[0]).toEqual({ ...reserved, replayed: true });
    expect(said(results[1])).toBe('transfer-already-ended');
    expect(log.eventsOf(target)).toHaveLength(2);
  });
});

test('records of refusals that were lost go on with the next number of the same day', async () => {
  const [id] = ACCOUNTS as [AccountId];
  const [journal, log] = [memoryJournal(), testLog()];
  const bank = await bankOn(journal, log);
  const refuse = async (on: BankOnJournal, key: string) => {
    const [result] = await on.give(id, message(key, { type: 'withdraw', amount: '9.00' }));
    return result?.ok === false ? result.refusalId : '';
  };
  await bank.give(id, open('o', { recordRefusals: true }));
  for (const ms of [0, DAY_MS, DAY_MS + 1_000]) {
    bank.setTo(BEGAN + ms);
    await refuse(bank, `w${ms}`);
  }
  const journal2 = memoryJournal();
  expect(await restore(log, journal2)).toMatchObject({ accounts: 1, refusals: 1, persons: 0 });
  expect(await rowOf(journal2, refusalsOf(id))).toBe(await rowOf(journal, refusalsOf(id)));
  const bank2 = await bankOn(journal2, log);
  bank2.setTo(BEGAN + DAY_MS + 2_000);
  expect(await refuse(bank2, 'w')).toBe(`${refusalsOf(id)}/4`);
  expect(await rowOf(journal2, refusalsOf(id))).toContain('"onDay":3');
  expect(log.forks).toEqual([]);
});

describe('a restore that', () => {
  test('is killed anywhere is run again, and what is there is not written twice', async () => {
    const { journal, log } = await lived(seedOfRun());
    for (let calls = 0; calls < 12; calls += 1) {
      const other = memoryJournal();
      let left = calls;
      const dies: Journal['restore'] = (...args) =>
        (left -= 1) < 0 ? Promise.reject(new Error('killed')) : other.restore(...args);
      const dying = { ...other, restore: dies };
      await expect(restore(log, dying, { heldBytesMax: 500 })).rejects.toThrow('killed');
      expect(await other.mark()).toMatchObject({ state: 'restoring' });
      const restored = await restore(log, other);
      expect(restored.accounts + restored.there).toBe(ACCOUNTS.length);
      expect(await other.mark()).toMatchObject({ state: 'whole' });
      for (const stream of ACCOUNTS.map(streamOf)) {
        expect(await rowOf(other, stream)).toBe(await rowOf(journal, stream));
      }
    }
  });

  test('finds an old copy adds to it, and leaves alone what is ahead of the log', async () => {
    const [journal, log] = [memoryJournal(), testLog()];
    const bank = await bankOn(journal, log);
    const [old, ahead] = ACCOUNTS as [AccountId, AccountId];
    for (const id of [old, ahead]) await bank.give(id, open('o', { initialDeposit: '1.00' }));
    await bank.time.pass(3_000);
    bank.host.stop();
    // The log never hears of these.
    const deaf = await bankOn(journal, log, false);
    for (let at = 0; at < 8; at += 1) {
      await deaf.give(ahead, message(`d${at}`, { type: 'deposit', amount: '1.00' }));
    }
    deaf.host.stop();
    // Of the other account the log has what the journal lacks.
    const elsewhere = memoryJournal();
    await restore(log, elsewhere);
    const other = await bankOn(elsewhere, log);
    await other.give(old, message('later', { type: 'deposit', amount: '5.00' }));

    const restored = await restore(log, journal);
    expect(restored).toMatchObject({ accounts: 1, there: 1 });
    expect(await rowOf(journal, streamOf(old))).toContain('"ledger":"6.00"');
    expect(await rowOf(journal, streamOf(ahead))).toContain('"ledger":"9.00"');
    const [row] = (await journal.load([streamOf(ahead)])).streams;
    expect(row).toMatchObject({ version: 10, logged: 2 });
    expect(row?.unlogged).toHaveLength(8);
    const after = await bankOn(journal, log);
    const later = message('later', { type: 'deposit', amount: '5.00' });
    const results = await after.give(old, open('o', { initialDeposit: '1.00' }), later);
    expect(results.map(said)).toEqual(['1+2 again', '3 again']);
  });

  test('finds another story in the log than in the journal refuses', async () => {
    const { log } = await lived(1);
    const { journal } = await lived(2);
    await expect(restore(log, journal)).rejects.toThrow(LogUnsound);
  });

  test('finds a decision that contradicts a longer log refuses and names the account', async () => {
    const [journal, log] = [memoryJournal(), testLog()];
    const [id, fine] = ACCOUNTS as [AccountId, AccountId];
    const bank = await bankOn(journal, log);
    for (const each of [id, fine]) await bank.give(each, open('o'));
    await bank.time.pass(3_000);
    bank.host.stop();
    const elsewhere = memoryJournal();
    await restore(log, elsewhere);
    // While the log is away, a host serves an old copy and answers 201.
    const blind = await bankOn(journal, log, false);
    await blind.give(id, message('mine', { type: 'deposit', amount: '2.00' }));
    blind.host.stop();
    const other = await bankOn(elsewhere, log);
    for (const key of ['a', 'b', 'c']) {
      await other.give(id, message(key, { type: 'deposit', amount: '1.00' }));
      await other.give(fine, message(key, { type: 'deposit', amount: '1.00' }));
    }
    await expect(restore(log, journal)).rejects.toThrow(`${streamOf(id)} differs at version 2`);
    expect(await journal.mark()).toMatchObject({ state: 'restoring' });
    expect(await rowOf(journal, streamOf(id))).toContain('"version":2');
    // The others are back.
    expect(await rowOf(journal, streamOf(fine))).toBe(await rowOf(elsewhere, streamOf(fine)));
  });

  test('finds that the log ends before what it confirmed refuses', async () => {
    const { log, journal } = await lived(4);
    const shorter = testLog();
    const [first, ...others] = [...log.streams.values()];
    for (const event of [...first!.slice(0, -1), ...others.flat()]) shorter.take(event);
    await expect(restore(shorter, journal)).rejects.toThrow(/the log ends acct/);
  });

  test.each([
    ['without its beginning', (events: BankEvent[]) => events.slice(1)],
    ['with a gap', (events: BankEvent[]) => [...events.slice(0, 5), ...events.slice(6)]],
    [
      'with a balance that does not follow',
      (events: BankEvent[]) =>
        events.map((event, at) =>
          at === 4 ? JSON.parse(JSON.stringify(event).replace(/"ledger":"/, '"ledger":"1')) : event,
        ) as BankEvent[],
    ],
    [
      'whose event does not name the one before it',
      (events: BankEvent[]) =>
        events.map((event, at) => (at === 4 ? { ...event, prev: 'A'.repeat(43) } : event)),
    ],
  ])('reads a stream %s refuses, and no host may serve what is there', async (_how, spoil) => {
    const { log } = await lived(3);
    const [stream, events] = [...log.streams][0]!;
    log.streams.set(stream, spoil(events));
    const journal = memoryJournal();
    await expect(restore(log, journal)).rejects.toThrow(LogUnsound);
    expect(await journal.mark()).toMatchObject({ state: 'restoring' });
  });
});
