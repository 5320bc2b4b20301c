import { accountIdOfSerial } from '../domain/account-number.ts';
import { evolve, NO_ACCOUNT, type Account } from '../domain/account.ts';
import type { Command } from '../domain/account-commands.ts';
import { decide } from '../domain/account-decisions.ts';
import type { Currency } from '../domain/currency.ts';
import { commandId, ownerId, type AccountId } from '../domain/ids.ts';
import { minor, ZERO } from '../domain/money.ts';
import { encodeEvent } from '../contracts/events.ts';
import type { LedgerMessage, PositionedAccountEvent } from '../contracts/topics.ts';
import type { LogSource } from './projection.ts';

/** Small seeded generator (mulberry32), so that a failing run can be repeated. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export const seedOfRun = (): number => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
  process.stdout.write(`SEED=${seed}\n`);
  return seed;
};

/** A log as the real actors would write it: every event is decided by the domain. */
export function logForTests(firstSerial = 1) {
  const accounts = new Map<AccountId, Account>();
  const entries: PositionedAccountEvent[] = [];
  let position = 65_536;

  const run = (id: AccountId, command: Command): PositionedAccountEvent[] => {
    let account = accounts.get(id) ?? NO_ACCOUNT;
    const at = new Date(Date.UTC(2026, 10, 21) + entries.length).toISOString();
    const decision = decide(account, command, at);
    if (!decision.ok) return [];
    const cause = { commandId: commandId(`c-${entries.length}`), commandHash: 'hash' };
    const added = decision.events.map((event) => {
      const after = evolve(account, event);
      account = after;
      position += 3;
      return { position, event: encodeEvent(id, event, after, cause) };
    });
    accounts.set(id, account);
    entries.push(...added);
    return added;
  };

  return {
    entries,
    accounts,
    id: (index: number): AccountId => accountIdOfSerial(BigInt(firstSerial + index)),
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
    message: (from: number, to = entries.length): LedgerMessage => ({
      after: entries[from - 1]?.position ?? 0,
      entries: entries.slice(from, to),
    }),
  };
}

export type LogForTests = ReturnType<typeof logForTests>;

/** Random deposits and withdrawals over some accounts, all opened on the way. */
export function randomLog(random: (below: number) => number, events: number, accounts: number) {
  const log = logForTests(random(1_000_000));
  while (log.entries.length < events) {
    const id = log.id(random(accounts));
    if (!log.accounts.has(id)) log.open(id, `owner-${random(3)}`);
    else if (random(3) === 0) log.withdraw(id, BigInt(1 + random(20_000)));
    else log.deposit(id, BigInt(1 + random(20_000)));
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
