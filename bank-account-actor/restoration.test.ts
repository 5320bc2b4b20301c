import { canonicalJson } from '../contracts/canonical-json.ts';
import { transferIdFor, type CommandMessage, type CommandResult } from '../contracts/commands.ts';
import { streamOf } from '../contracts/events.ts';
import { endMessage, factsOf, receiveMessage } from '../contracts/transfers.ts';
import { refusalsOf, streamOfPerson, type BankEvent } from '../contracts/bank-events.ts';
import { personIdFor, type PersonMessage } from '../contracts/person-commands.ts';
import { commandId, type AccountId, type StreamId } from '../domain/ids.ts';
import { accountIdOfSerial } from '../domain/account-number.ts';
import { message, open, testHost, testLog, type TestLog } from './actor-fixtures.ts';
import { JournalFull, type Journal } from './journal.ts';
import type { LogPages } from './log-pages.ts';
import { LogUnsound } from './log-fold.ts';
import { memoryJournal } from './memory-journal.ts';
import { restoreJournal } from './restoration.ts';

const ACCOUNTS = [1n, 2n, 3n, 4n, 5n].map(accountIdOfSerial);
const COMMANDS = 250;
const DAY_MS = 24 * 3_600_000;
const BEGAN = Date.parse('2026-03-01T12:00:00.000Z');

const seedOfRun = (): number => Number(process.env['SEED'] ?? Date.now() % 1_000_000);
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  };
}

/** The log of a bank, whatever order its streams came in. */
function pagesOf(log: Pick<TestLog, 'streams'>, pageEvents = 7): LogPages & { asked: number } {
  const events: BankEvent[] = [...log.streams.values()].flat();
  const all = events.map((event, at) => ({ position: 10 * (at + 1), event }));
  const pages = {
    asked: 0,
    readAfter: (position: number) => {
      pages.asked += 1;
      const entries = all.filter((entry) => entry.position > position).slice(0, pageEvents);
      return Promise.resolve({ entries, head: 10 * all.length });
    },
  };
  return pages;
}
function copyOf(log: TestLog): TestLog {
  const copy = testLog();
  for (const event of [...log.streams.values()].flat()) copy.take(structuredClone(event));
  return copy;
}
const silence = { read: () => undefined, wrote: () => undefined };
const restore = (
  log: Pick<TestLog, 'streams'>,
  journal = memoryJournal(),
  more: { streamsAtOnceMax?: number; keys?: ReadonlyMap<StreamId, string> } = {},
) => {
  const ports = { journal, log: pagesOf(log), keys: new Map(), now: () => new Date(BEGAN) };
  return restoreJournal({ ...ports, progress: silence, mayHaveRows: true, ...more });
};

function bankOn(journal: Journal, log: TestLog) {
  let nowMs = BEGAN;
  const host = testHost(journal, log, { now: () => new Date(nowMs) });
  return {
    host,
    forward: (ms: number) => void (nowMs += ms),
    give: (id: AccountId, ...commands: CommandMessage[]): Promise<CommandResult[]> =>
      host.accounts.execute(streamOf(id), commands),
  };
}
type BankOnJournal = ReturnType<typeof bankOn>;

type Asked = readonly [AccountId, readonly CommandMessage[]];

/** Calls of up to three commands; some end what an earlier one began. */
function randomCalls(random: () => number, count: number, from = 0): Asked[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const bodyOf = (id: AccountId, key: string): object => {
    const amount = (random() * 40 + 0.01).toFixed(2);
    const at = 1 + Math.floor(random() * 30);
    const earlier = commandId(`k${Math.floor(random() * (from + count))}`);
    const transferId = transferIdFor(id, commandId(key));
    const toAccountId = pick(ACCOUNTS.filter((other) => other !== id));
    const expiresAt = new Date(BEGAN + 10 * DAY_MS).toISOString();
    return pick<object>([
      { type: 'deposit', amount, description: 'x', metadata: { b: '1', a: '2' } },
      { type: 'withdraw', amount },
      { type: 'place-hold', amount },
      { type: 'place-hold', amount, expiresAt },
      { type: 'reserve-transfer', transferId, toAccountId, toCurrency: 'CZK', amount },
      { type: 'settle-transfer', transferId: transferIdFor(id, earlier) },
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

async function play(bank: BankOnJournal, calls: readonly Asked[]): Promise<CommandResult[][]> {
  const results: CommandResult[][] = [];
  for (const [id, commands] of calls) {
    bank.forward(1_234_567);
    results.push(await bank.give(id, ...commands));
  }
  return results;
}
async function lived(seed: number) {
  const [journal, log] = [memoryJournal(), testLog()];
  const bank = bankOn(journal, log);
  for (const id of ACCOUNTS) await bank.give(id, open('o', { initialDeposit: '300.00' }));
  const calls = randomCalls(randomOf(seed), COMMANDS);
  const results = await play(bank, calls);
  return { journal, log, bank, calls, results };
}
const lastState = async (journal: Journal, stream: StreamId): Promise<string> => {
  const row = (await journal.load(stream)).rows.at(-1);
  if (row === undefined) throw new Error(`${stream} has no row`);
  if ('refusals' in row) return canonicalJson(row.refusals);
  return canonicalJson('account' in row ? row.account : row.person);
};

describe('a journal that was lost', () => {
  test('is restored to the byte, and the bank goes on as one that lost nothing', async () => {
    const seed = seedOfRun();
    const { journal, log, bank, calls, results } = await lived(seed);
    const log2 = copyOf(log);
    const journal2 = memoryJournal();
    const restored = await restore(log2, journal2);
    expect(restored).toMatchObject({ accounts: ACCOUNTS.length, persons: 0, there: 0 });
    for (const stream of ACCOUNTS.map(streamOf)) {
      expect({ seed, state: await lastState(journal2, stream) }).toEqual({
        seed,
        state: await lastState(journal, stream),
      });
    }
    const executed = results.flat().filter(({ ok }) => ok).length;
    expect({ seed, many: executed > COMMANDS / 3 }).toEqual({ seed, many: true });

    const bank2 = bankOn(journal2, log2);
    for (const [at, [id, commands]] of calls.entries()) {
      for (const [n, command] of commands.entries()) {
        const first = results[at]?.[n];
        if (first?.ok !== true) continue;
        const [answer] = await bank2.give(id, command);
        expect({ seed, answer }).toEqual({ seed, answer: { ...first, replayed: true } });
      }
    }
    bank2.forward(COMMANDS * 1_234_567);
    const more = randomCalls(randomOf(seed + 1), COMMANDS, COMMANDS);
    const [went, goes] = [await play(bank, more), await play(bank2, more)];
    expect({ seed, goes }).toEqual({ seed, goes: went });
    expect(log2.forks).toEqual([]);
    expect([...log2.streams].sort()).toEqual([...log.streams].sort());
  });

  test('with more streams than fit in memory is restored in several readings', async () => {
    const { journal, log } = await lived(seedOfRun());
    for (const streamsAtOnceMax of [1, 2, 3]) {
      const other = memoryJournal();
      const restored = await restore(log, other, { streamsAtOnceMax });
      expect(restored).toMatchObject({ accounts: ACCOUNTS.length, there: 0 });
      for (const stream of ACCOUNTS.map(streamOf)) {
        expect(await lastState(other, stream)).toBe(await lastState(journal, stream));
      }
    }
  });

  test('lists accounts with open work only, and their work is ended without a client', async () => {
    const log = testLog();
    const bank = bankOn(memoryJournal(), log);
    const [source, target, idle] = ACCOUNTS as [AccountId, AccountId, AccountId];
    for (const id of [source, target, idle]) {
      await bank.give(id, open('o', { initialDeposit: '100.00' }));
    }
    const transferId = transferIdFor(source, commandId('t'));
    const terms = { transferId, toAccountId: target, toCurrency: 'CZK', amount: '30.00' };
    const reserved = await bank.give(source, message('t', { type: 'reserve-transfer', ...terms }));
    const journal = memoryJournal();
    await restore(log, journal);
    expect(await journal.unsettled()).toEqual([streamOf(source)]);

    const after = bankOn(journal, log);
    await after.host.accounts.recall(streamOf(source), ['x']);
    after.forward(4_000);
    await after.host.work.look();
    const types = log.eventsOf(source).map(({ type }) => type);
    expect(types.slice(2)).toEqual(['transfer-reserved', 'transfer-sent']);
    // The client comes back with the steps that it knows of: nothing happens twice.
    const [first] = reserved;
    if (first?.ok !== true) throw new Error('the reservation was refused');
    const received = await after.give(target, receiveMessage(factsOf(first.events)));
    if (received[0]?.ok !== true) throw new Error('the target does not know the transfer');
    const ended = await after.give(source, endMessage(received[0].events));
    expect([received[0], ended[0]]).toMatchObject([{ replayed: true }, { replayed: true }]);
    expect(log.eventsOf(target).at(-1)?.data).toMatchObject({ balance: { ledger: '130.00' } });
  });
});

test('records of refusals that were lost go on with the next number of the same day', async () => {
  const [id] = ACCOUNTS as [AccountId];
  const [journal, log] = [memoryJournal(), testLog()];
  const bank = bankOn(journal, log);
  const refuse = async (on: BankOnJournal, key: string) => {
    const [result] = await on.give(id, message(key, { type: 'withdraw', amount: '9.00' }));
    return result?.ok === false ? result.refusalId : '';
  };
  await bank.give(id, open('o', { recordRefusals: true }));
  for (const ms of [0, DAY_MS, 1_000]) {
    bank.forward(ms);
    await refuse(bank, `w${ms}`);
  }
  const journal2 = memoryJournal();
  expect(await restore(log, journal2)).toMatchObject({ accounts: 1, refusals: 1, persons: 0 });
  expect(await lastState(journal2, refusalsOf(id))).toBe(await lastState(journal, refusalsOf(id)));
  const bank2 = bankOn(journal2, log);
  bank2.forward(DAY_MS + 2_000);
  expect(await refuse(bank2, 'w')).toBe(`${refusalsOf(id)}/4`);
  expect(await lastState(journal2, refusalsOf(id))).toContain('"onDay":3');
  expect(log.forks).toEqual([]);
});

describe('a restore that', () => {
  test('is killed anywhere is run again, and what is there is not written twice', async () => {
    const { journal, log } = await lived(seedOfRun());
    for (let calls = 0; calls < 6; calls += 1) {
      const other = memoryJournal();
      let left = calls;
      const dies = <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) => {
        return (...args: Args): Promise<T> =>
          (left -= 1) < 0 ? Promise.reject(new Error('killed')) : work(...args);
      };
      const dying = { ...other, fill: dies(other.fill), commit: dies(other.commit) };
      await expect(restore(log, dying, { streamsAtOnceMax: 2 })).rejects.toThrow('killed');
      expect(await other.mark()).toMatchObject({ state: 'restoring' });
      const restored = await restore(log, other);
      expect(restored.accounts + restored.there).toBe(ACCOUNTS.length);
      expect(await other.mark()).toMatchObject({ state: 'whole' });
      for (const stream of ACCOUNTS.map(streamOf)) {
        expect((await other.load(stream)).rows).toHaveLength(1);
        expect(await lastState(other, stream)).toBe(await lastState(journal, stream));
      }
    }
  });

  test('finds an old copy adds to it, and leaves alone what is ahead of the log', async () => {
    const [journal, log] = [memoryJournal(), testLog()];
    const bank = bankOn(journal, log);
    const [old, ahead] = ACCOUNTS as [AccountId, AccountId];
    for (const id of [old, ahead]) await bank.give(id, open('o', { initialDeposit: '1.00' }));
    const early = testLog();
    for (const event of log.eventsOf(ahead)) early.take(event);
    for (let at = 0; at < 8; at += 1) {
      await bank.give(ahead, message(`d${at}`, { type: 'deposit', amount: '1.00' }));
    }
    // Of the other account the log has what the journal lacks.
    const elsewhere = memoryJournal();
    await restore(log, elsewhere);
    const other = bankOn(elsewhere, log);
    await other.give(old, message('later', { type: 'deposit', amount: '5.00' }));
    for (const event of log.eventsOf(old)) early.take(event);

    const restored = await restore(early, journal);
    expect(restored).toMatchObject({ accounts: 1, there: 1 });
    expect(await lastState(journal, streamOf(old))).toContain('"ledger":"6.00"');
    expect(await lastState(journal, streamOf(ahead))).toContain('"ledger":"9.00"');
    const { rows } = await journal.load(streamOf(old));
    expect(rows.map(({ events }) => events.map(({ version }) => version))).toEqual([[3]]);
    const after = bankOn(journal, log);
    const [again] = await after.give(old, open('o', { initialDeposit: '1.00' }));
    expect(again).toMatchObject({ ok: true, replayed: true });
  });

  test('completes more accounts than may be listed as unsettled', async () => {
    const log = testLog();
    const bank = bankOn(memoryJournal(), log);
    const older = memoryJournal();
    for (const id of ACCOUNTS) await bank.give(id, open('o'));
    await restore(log, older);
    for (const id of ACCOUNTS)
      await bank.give(id, message('d', { type: 'deposit', amount: '1.00' }));
    let room = 3;
    const commit: Journal['commit'] = (wanted) =>
      (room -= 1) < 0 ? Promise.reject(new JournalFull()) : older.commit(wanted);
    const settle: Journal['settle'] = async (isSettled) => {
      await older.settle(isSettled);
      room = 3 - (await older.unsettled()).length;
    };
    const restored = await restore(log, { ...older, commit, settle });
    expect(restored).toMatchObject({ accounts: ACCOUNTS.length, there: 0 });
  });

  test('is told that a stream is empty which is not looks for itself', async () => {
    const { log } = await lived(seedOfRun());
    const journal = memoryJournal();
    await restore(log, journal);
    const lying = { ...journal, areEmpty: (asked: readonly StreamId[]) => lie(asked) };
    const lie = (asked: readonly StreamId[]) => Promise.resolve(asked.map(() => true));
    expect(await restore(log, lying)).toMatchObject({ accounts: 0, there: ACCOUNTS.length });
  });

  test('finds another story in the log than in the journal refuses', async () => {
    const { log } = await lived(1);
    const { journal } = await lived(2);
    await expect(restore(log, journal)).rejects.toThrow(LogUnsound);
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
  ])('reads a stream %s refuses, and no host may serve what is there', async (_how, spoil) => {
    const { log } = await lived(3);
    const [stream, events] = [...log.streams][0]!;
    log.streams.set(stream, spoil(events));
    const journal = memoryJournal();
    await expect(restore(log, journal)).rejects.toThrow(LogUnsound);
    expect(await journal.mark()).toMatchObject({ state: 'restoring' });
  });
});

describe('a person whose journal was lost', () => {
  const ID = personIdFor(commandId('register'));
  const STREAM = streamOfPerson(ID);
  const person = (id: string, command: object): PersonMessage => ({
    commandId: commandId(id),
    fresh: false,
    command: command as PersonMessage['command'],
  });
  const register = person('register', {
    type: 'register-person',
    givenName: 'Jana',
    familyName: 'Malá',
  });
  const registered = async (log: TestLog, journal: Journal) => {
    const { host } = bankOn(journal, log);
    const [result] = await host.persons.execute(STREAM, [register]);
    if (result?.ok !== true) throw new Error('not registered');
    return { host, key: (await journal.secrets([STREAM]))[0] as string };
  };

  test('comes back with their key out of its backup, and a retry is answered', async () => {
    const log = testLog();
    const { key } = await registered(log, memoryJournal());
    const journal = memoryJournal();
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ persons: 1, withoutKey: 0 });
    expect(await journal.secrets([STREAM])).toEqual([key]);
    const { host } = bankOn(journal, log);
    const [again] = await host.persons.execute(STREAM, [register]);
    expect(again).toMatchObject({ ok: true, replayed: true });
  });
  test('without a backup of the key is counted, and the key may come later', async () => {
    const log = testLog();
    const { key } = await registered(log, memoryJournal());
    const journal = memoryJournal();
    expect(await restore(log, journal)).toMatchObject({ persons: 1, withoutKey: 1 });
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ there: 1, withoutKey: 0 });
    expect(await journal.secrets([STREAM])).toEqual([key]);
  });
  test('who was erased since the backup stays erased', async () => {
    const log = testLog();
    const { key, host } = await registered(log, memoryJournal());
    await host.persons.execute(STREAM, [person('erase', { type: 'erase-person' })]);
    const journal = memoryJournal();
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ persons: 1, withoutKey: 0 });
    expect(await journal.secrets([STREAM])).toEqual([undefined]);
  });
  test('who was erased since an older journal stays erased: the key in it goes', async () => {
    const log = testLog();
    const { key, host } = await registered(log, memoryJournal());
    const older = memoryJournal();
    await restore(log, older, { keys: new Map([[STREAM, key]]) });
    await host.persons.execute(STREAM, [person('erase', { type: 'erase-person' })]);
    expect(await older.secrets([STREAM])).toEqual([key]);
    expect(await restore(log, older)).toMatchObject({ persons: 1, withoutKey: 0 });
    expect(await older.secrets([STREAM])).toEqual([undefined]);
  });
});
