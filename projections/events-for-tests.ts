import { TESTER } from '../contracts/access/sender-for-tests.ts';
import type { Command, TransferCommand } from '../domain/account-commands.ts';
import { bankForTests } from '../domain/bank-for-tests.ts';
import { STEPS, type Step } from '../domain/commands-for-tests.ts';
import type { Currency } from '../domain/currency.ts';
import { ownCommandId, ownerId, type AccountId } from '../domain/ids.ts';
import { minor, ZERO } from '../domain/money.ts';
import { encodeEvent } from '../contracts/account/events.ts';
import type { HistoryEntry } from '../contracts/account/read-models.ts';
import type { LogMessage, PositionedAccountEvent } from '../contracts/log/topics.ts';
import { historyLine, historyProjection } from './history/history-projection.ts';
import { balanceProjection } from './balances/balance-projection.ts';
import type { LogSource, Report } from './follower/projection.ts';
import { SetAside } from './follower/set-aside.ts';
import type { ReadStore } from './read-store/read-store.ts';

const OPENING = STEPS.indexOf('open-account');

/** So that a failing run can be repeated. */
export { seededBelow as randomOf } from '../platform/seeded-random.ts';

export const seedOfRun = (): number => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
  process.stdout.write(`SEED=${seed}\n`);
  return seed;
};

export interface LogOptions {
  readonly firstSerial?: number;
  readonly currencies?: readonly string[];
}

/** A log as the real actors would write it: every event is decided by the domain. */
export function logForTests(options: LogOptions = {}) {
  const bank = bankForTests(options);
  const entries: PositionedAccountEvent[] = [];
  let position = 65_536;
  // Tests cut the entries, so their length does not tell how far the log has come.
  let taken = 0;

  /** Takes what the bank has decided since into the log. */
  const take = (): PositionedAccountEvent[] => {
    const added = bank.entries.slice(taken).map((entry) => {
      position += 3;
      const cause = {
        commandId: ownCommandId(entry.commandId),
        by: TESTER.by,
        commandHash: 'hash',
      };
      return { position, event: encodeEvent(entry.accountId, entry.event, entry.after, cause) };
    });
    taken = bank.entries.length;
    entries.push(...added);
    return added;
  };
  const run = (id: AccountId, command: Command): PositionedAccountEvent[] => {
    bank.pass(1);
    bank.give(id, command);
    return take();
  };

  /** The same of a transfer, which its source is asked for. */
  const transfer = (from: AccountId, command: TransferCommand): PositionedAccountEvent[] => {
    bank.pass(1);
    bank.transfer(from, command);
    return take();
  };

  return {
    entries,
    transfer,
    accounts: bank.accounts,
    id: bank.id,
    run,
    step(step: Step): PositionedAccountEvent[] {
      bank.step(step);
      return take();
    },
    open: (id: AccountId, owner = 'jana-novakova') =>
      run(id, {
        type: 'open-account',
        ownerId: ownerId(owner),
        currency: 'CZK' as Currency,
        overdraftLimit: minor(5_000n),
        initialDeposit: ZERO,
      }),
    deposit: (id: AccountId, units: bigint) => run(id, { type: 'deposit', amount: minor(units) }),
    withdraw: (id: AccountId, units: bigint) => run(id, { type: 'withdraw', amount: minor(units) }),
    /** The message that tells of entries `from` (included) to `to` (excluded). */
    message: (from: number, to = entries.length): LogMessage => ({
      after: entries[from - 1]?.position ?? 0,
      entries: entries.slice(from, to),
    }),
  };
}

export type LogForTests = ReturnType<typeof logForTests>;

/** Random lives of some accounts, of all commands that there are, all opened on the way. */
export function randomLog(random: (below: number) => number, events: number, accounts: number) {
  const currencies = ['CZK', 'CZK', 'KWD', 'JPY', 'CZK'];
  const log = logForTests({ firstSerial: random(1_000_000), currencies });
  while (log.entries.length < events) {
    const account = random(accounts);
    log.step({
      account,
      kind: log.accounts.has(log.id(account)) ? random(STEPS.length) : OPENING,
      amount: BigInt(1 + random(20_000)),
      pick: random(4_000),
      minutes: random(200),
    });
  }
  return log;
}

/** Serves a log by pages as event-source does. */
export function sourceOf(log: Pick<LogForTests, 'entries'>): LogSource & { pulls: number } {
  const source = {
    pulls: 0,
    async readAfter(position: number, limit: number) {
      source.pulls += 1;
      const entries = log.entries.filter((entry) => entry.position > position).slice(0, limit);
      return { entries, head: log.entries.at(-1)?.position ?? 0 };
    },
  };
  return source;
}

/** The lines that a history of these events shows, each with the one that took it back. */
export function linesOf(entries: readonly PositionedAccountEvent[]): HistoryEntry[] {
  const lines = entries.map((entry) => historyLine(entry));
  const takenBack = new Map(
    lines.map(({ accountId, entry: { version: reversedBy, reverses, left } }) => {
      const link = left === undefined ? { reversedBy } : { reversedBy, left };
      return [`${accountId}/${reverses}`, link] as const;
    }),
  );
  return lines.map(({ accountId, entry }) => {
    const reversedBy = takenBack.get(`${accountId}/${entry.version}`);
    return reversedBy === undefined ? entry : { ...entry, ...reversedBy };
  });
}

export const QUIET: Report = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The projections of a generation, as a process has them that begins to follow. */
export async function balancesOf(store: ReadStore, generation = '1', report = QUIET) {
  const setAside = new SetAside(await store.setAside('balances', generation), report);
  const persons = await store.persons(generation);
  return balanceProjection({ accounts: await store.accounts(generation), persons, setAside });
}

export async function historyOf(store: ReadStore, generation = '1', report = QUIET) {
  const setAside = new SetAside(await store.setAside('history', generation), report);
  return historyProjection({ history: await store.history(generation), setAside });
}
