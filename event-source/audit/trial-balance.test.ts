import fc from 'fast-check';
import { GENESIS_KEY } from '../immudb/log-end.ts';
import { isTestSigned } from '../../platform/signer-for-tests.ts';
import { createAuditBooks } from './books.ts';
import { booksSnapshots, type BooksSnapshot } from './snapshots.ts';
import { positionOf } from '../../proofs/entry-proof.ts';
import {
  digestOf,
  eventOf,
  eventsOf,
  newAccount,
  linked,
  personLike,
} from '../log/events-for-tests.ts';
import { hashedLog } from './hashed-log-for-tests.ts';
import { memoryLog } from '../log/memory-log.ts';
import { pastTrialBalance, pastBooks } from './trial-balance.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { bankForTests } from '../../domain/bank-for-tests.ts';
import { STEPS, type Step } from '../../domain/commands-for-tests.ts';
import { livedCommands } from './lived-events-for-tests.ts';
import { createLedgerCheck, type LogStep } from '../../domain/invariants.ts';
import { rareOf, runsOf } from '../../domain/runs-for-tests.ts';

const account = newAccount();

/** A log of an opening (transaction 2), two deposits (3) and one more (4), which is audited. */
async function audited() {
  const [log, hashed, books, snapshots] = [
    memoryLog(),
    hashedLog(),
    createAuditBooks(isTestSigned),
    booksSnapshots(),
  ];
  books.take(hashed.add({ key: GENESIS_KEY, value: Buffer.from('{}') }));
  for (const events of [
    eventsOf(account, 1, 1),
    eventsOf(account, 2, 3),
    eventsOf(account, 4, 4),
  ]) {
    await log.append(events);
    expect(books.take(hashed.append(...events))).toEqual([]);
  }
  const ask = (position: number) => {
    const report = { books: books.books(), violatedFrom: books.violatedFrom() };
    return pastTrialBalance({ log, snapshots, report }, position);
  };
  return { log, hashed, books, ask };
}
const line = (money: string) => ({
  currency: 'EUR',
  externalIn: money,
  externalOut: '0.00',
  ledgers: money,
  inFlight: '0.00',
  balanced: true,
});

test('given an audited log, then its trial balance at a position is what it was', async () => {
  const { ask } = await audited();
  expect(await ask(positionOf(3, 0))).toEqual({
    position: positionOf(3, 0),
    transaction: 3,
    at: eventOf(account, 2).at,
    balanced: true,
    verdict: 'balanced',
    events: 2,
    accounts: 1,
    openTransfers: 0,
    currencies: [line('100.00')],
  });
  const between = await ask(positionOf(3, 60_000));
  expect(between).toMatchObject({ position: positionOf(3, 1), transaction: 3, events: 3 });
  expect(await ask(positionOf(4, 0))).toMatchObject({ currencies: [line('300.00')] });
});

test('given a position before the first event, then it is not found', async () => {
  const { ask } = await audited();
  await expect(ask(positionOf(2, 0) - 1)).rejects.toMatchObject({ code: 'position-not-found' });
  await expect(ask(1)).rejects.toMatchObject({ code: 'position-not-found' });
  expect(await ask(positionOf(2, 0))).toMatchObject({ events: 1, currencies: [line('0.00')] });
});

test('given a position beyond what is audited, then it says how far that is', async () => {
  const { log, ask } = await audited();
  await log.append(eventsOf(account, 5, 5));
  for (const position of [positionOf(4, 1), positionOf(5, 0), Number.MAX_SAFE_INTEGER]) {
    await expect(ask(position)).rejects.toMatchObject({
      code: 'position-not-audited',
      headers: { 'Retry-After': '1' },
      parts: {
        detail: expect.stringMatching(
          /^The log is audited up to position 262144 \(transaction 4\)/,
        ),
        more: { auditedPosition: positionOf(4, 0) },
      },
    });
  }
});

describe('given a log that is not sound', () => {
  test('then what was before the first fault balances, and nothing after it', async () => {
    const { log, hashed, books, ask } = await audited();
    const lie = eventOf(account, 5, { amount: '7.00' });
    await log.append([lie]);
    expect(books.take(hashed.append(lie))).toHaveLength(1);
    expect(await ask(positionOf(5, 0) - 1)).toMatchObject({ verdict: 'balanced', balanced: true });
    expect(await ask(positionOf(5, 0))).toMatchObject({ verdict: 'violated', balanced: false });
    const next = eventOf(account, 6, { prev: digestOf(lie) });
    await log.append([next]);
    books.take(hashed.append(next));
    expect(await ask(positionOf(6, 0))).toMatchObject({ verdict: 'violated', events: 6 });
  });

  test('when it was rolled back, then nothing of it balances any more', async () => {
    const { books, ask } = await audited();
    books.violated();
    expect(await ask(positionOf(2, 0))).toMatchObject({ verdict: 'violated', balanced: false });
  });

  test('when an event cannot be read, then the answer says where', async () => {
    const { books } = await audited();
    const json = Buffer.from('{');
    const torn = { readAfter: () => Promise.resolve([{ position: positionOf(4, 0), json }]) };
    const report = { books: books.books(), violatedFrom: null };
    const asked = pastTrialBalance(
      { log: torn, snapshots: booksSnapshots(), report },
      positionOf(4, 0),
    );
    await expect(asked).rejects.toThrow(/has no event at position 262144/);
  });
});

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const ACCOUNTS = 4;

const step: fc.Arbitrary<Step> = fc.record({
  account: fc.nat(ACCOUNTS - 1),
  kind: fc.nat(STEPS.length - 1),
  amount: fc.bigInt(1n, 500n),
  pick: fc.nat(4_000),
  minutes: fc.nat(10),
});
const life = fc.record({
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
  /** Which stream goes on next: the log may have them in another order than they happened. */
  order: fc.array(fc.nat(ACCOUNTS), { minLength: 1, maxLength: 40 }),
  batch: fc.integer({ min: 1, max: 6 }),
  snapshotsMax: fc.integer({ min: 2, max: 6 }),
});
type Life = typeof life extends fc.Arbitrary<infer Value> ? Value : never;

interface Made {
  readonly event: BankEvent;
  /** Undefined for what is no event of an account. */
  readonly step?: LogStep;
}

/** What commands made of some accounts and a person, in some order that a log may have it in. */
function commandsOf({ steps, order }: Life): Made[][] {
  const bank = bankForTests({ currencies: ['CZK', 'CZK', 'JPY'] });
  for (let account = 0; account < ACCOUNTS; account += 1) {
    bank.step({ account, kind: 0, amount: 400n, pick: account, minutes: 0 });
  }
  for (const next of steps) bank.step(next);
  const person = personLike(newAccount());
  const left = [
    ...livedCommands(bank.entries).map(({ events, entries }) =>
      events.map((event, index): Made => {
        const { accountId, commandId, event: happened, after } = entries[index]!;
        const { version, ledger: ledgerAfter } = after;
        return { event, step: { accountId, commandId, event: happened, version, ledgerAfter } };
      }),
    ),
    ...[1, 2].map((version): Made[] => [{ event: eventOf(person, version) }]),
  ];
  const commands: Made[][] = [];
  for (let turn = 0; left.length > 0; turn += 1) {
    const wanted = order[turn % order.length]! % left.length;
    commands.push(...left.splice(firstThat(left, wanted), 1));
  }
  const chained = linked(commands.flat().map(({ event }) => event));
  return commands.map((made) => made.map((one) => ({ ...one, event: chained.shift()! })));
}

/** What a command was decided on: its streams, and the target of a reservation. */
const streamsOf = (made: readonly Made[]): string[] =>
  made.flatMap(({ event: { stream, data } }) =>
    'otherAccountId' in data ? [stream, `acct/${data.otherAccountId}`] : [stream],
  );
/** Where the first command is that has to come before the wanted one, or with nothing before it. */
function firstThat(left: readonly Made[][], wanted: number): number {
  const needed = new Set(streamsOf(left[wanted]!));
  const before = left.findIndex((made) => streamsOf(made).some((stream) => needed.has(stream)));
  return before < wanted ? firstThat(left, before) : wanted;
}

/** Transactions of so many commands at least. */
function transactionsOf(commands: readonly Made[][], batch: number): BankEvent[][] {
  const transactions: BankEvent[][] = [];
  for (let first = 0; first < commands.length; first += batch) {
    const made = commands.slice(first, first + batch).flat();
    transactions.push(made.map(({ event }) => event));
  }
  return transactions;
}

/** A log of what was made, and the snapshots that the audit made of it on the way. */
async function auditedLife(made: Life) {
  const [log, hashed, books] = [memoryLog(), hashedLog(), createAuditBooks(isTestSigned)];
  const snapshots = booksSnapshots(made.snapshotsMax, 3);
  books.take(hashed.add({ key: GENESIS_KEY, value: Buffer.from('{}') }));
  const commands = commandsOf(made);
  for (const events of transactionsOf(commands, made.batch)) {
    await log.append(events);
    expect(books.take(hashed.append(...events))).toEqual([]);
    snapshots.add(books.snapshot());
  }
  return { log, snapshots, books: books.books(), made: commands.flat() };
}

test(`given any log, then its books at a position are a fresh look's, SEED=${seed}`, async () => {
  const seen = { kept: 0, thinned: 0, open: 0, flying: 0, positions: 0 };
  await fc.assert(
    fc.asyncProperty(life, async (one) => {
      const { log, snapshots, books, made } = await auditedLife(one);
      const entries = await log.readAfter(0, 1_000);
      expect(entries).toHaveLength(made.length);
      const check = createLedgerCheck();
      for (const [index, { event, step: logStep }] of made.entries()) {
        if (logStep !== undefined) expect(check.observe(logStep)).toEqual([]);
        const { position } = entries[index]!;
        const fresh = {
          position,
          at: event.at,
          events: index + 1,
          accounts: check.accountCount(),
          totals: check.totals(),
          openTransfers: check.openTransfers().length,
        };
        const until = entries[index + 1]?.position ?? position + 1;
        // Also between two events, where nothing happened.
        for (const asked of new Set([position, until - 1])) {
          expect(await pastBooks(log, snapshots, asked)).toEqual(fresh);
        }
        if (snapshots.before(position).position === position) seen.kept += 1;
        if (fresh.openTransfers > 0) seen.open += 1;
        if ([...fresh.totals.values()].some(({ inFlight }) => inFlight !== 0n)) seen.flying += 1;
        seen.positions += 1;
      }
      if (snapshots.count() < made.length / 3) seen.thinned += 1;
      expect(books).toMatchObject({ events: made.length, accounts: check.accountCount() });
    }),
    { seed, numRuns: runsOf(200) },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(rareOf(20));
});

test('given more open transfers than a snapshot keeps, then their number is not said', async () => {
  const snapshot = { position: 5, at: 'x', events: 2, accounts: 1, totals: new Map() };
  const none = { before: () => ({ ...snapshot, open: undefined }) } as never;
  const books = await pastBooks(memoryLog(), none, 5);
  expect(books).toEqual({ ...snapshot, openTransfers: undefined });
});

test('given ever more snapshots, then only so many are kept, at even distances', () => {
  const snapshots = booksSnapshots(8, 256);
  const snapshotAt = (events: number): BooksSnapshot => ({
    position: events * 10,
    at: 'x',
    events,
    accounts: 1,
    totals: new Map(),
    open: [],
  });
  for (let events = 100; events <= 10_000; events += 100) {
    snapshots.add(snapshotAt(events));
    expect(snapshots.count()).toBeLessThanOrEqual(8);
  }
  // They came at every third of these, because 256 lie between; three times every second one went.
  for (let events = 0; events <= 9_000; events += 37) {
    const before = snapshots.before(events * 10);
    expect(before.events).toBeLessThanOrEqual(events);
    expect(events - before.events).toBeLessThan(2_400);
  }
});
