import fc from 'fast-check';
import { available, evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import type { Command } from './account-commands.ts';
import { decide } from './account-decisions.ts';
import type { AccountEvent } from './account-events.ts';
import { deposit, deposited, open, opened, withdraw } from './account-events-for-tests.ts';
import { AT } from './account-specification-for-tests.ts';
import { createLedgerCheck, type LogStep } from './invariants.ts';
import { runsOf } from './runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(4_000) };

const eventsOf = (account: Account, command: Command): readonly AccountEvent[] => {
  const decision = decide(account, command, AT);
  return decision.ok ? decision.events : [];
};
const after = (account: Account, ...commands: Command[]): Account =>
  commands.reduce<Account>(
    (state, command) => eventsOf(state, command).reduce(evolve, state),
    account,
  );

describe('corruption', () => {
  test('given an account, an opening event throws', () => {
    expect(() => evolve(evolve(NO_ACCOUNT, opened()), opened())).toThrow('opened twice');
  });
  test('given no account, an event of money throws', () => {
    expect(() => evolve(NO_ACCOUNT, deposited(1n))).toThrow('before the account was opened');
  });
});

const units = fc.oneof(fc.bigInt(1n, 1_000n), fc.bigInt(1n, 10n ** 17n));
const opening = fc.tuple(units, units).map(([limit, first]) => open(limit, first));
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: opening },
  { weight: 5, arbitrary: units.map(deposit) },
  { weight: 6, arbitrary: units.map(withdraw) },
);

describe(`over any commands (SEED=${seed})`, () => {
  test('money is conserved, nothing falls below the overdraft limit, versions have no gap', () => {
    let observed = 0;
    fc.assert(
      fc.property(opening, fc.array(command, { maxLength: 60, size: '+1' }), (first, commands) => {
        const check = createLedgerCheck();
        const violations: unknown[] = [];
        let account: Account = NO_ACCOUNT;
        [first, ...commands].forEach((next, index) => {
          for (const event of eventsOf(account, next)) {
            account = evolve(account, event);
            const step: LogStep = {
              accountId: 'a',
              version: account.version,
              commandId: String(index),
              event,
              ledgerAfter: (account as ExistingAccount).ledger,
            };
            violations.push(...check.observe(step));
            if (account.status === 'open' && available(account) < 0n) violations.push(account);
          }
        });
        expect(violations).toEqual([]);
        observed += check.steps();
      }),
      runs,
    );
    expect(observed).toBeGreaterThan(runsOf(20_000));
  });

  test('decide is total and deterministic, and a refusal names exactly the shortfall', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), command, (commands, last) => {
        const account = after(NO_ACCOUNT, ...commands);
        const decision = decide(account, last, AT);
        expect(decide(account, last, AT)).toEqual(decision);
        if (decision.ok || decision.refusal.code !== 'insufficient-funds') return;
        expect(last.type).toBe('withdraw');
        const { available: left, shortfall } = decision.refusal;
        expect(left + shortfall).toBe((last as { amount: bigint }).amount);
        expect(decide(account, withdraw(left), AT).ok).toBe(true);
      }),
      runs,
    );
  });

  test('a deposit and the withdrawal of the same amount leave the balance as it was', () => {
    fc.assert(
      fc.property(units, units, (first, amount) => {
        const before = after(NO_ACCOUNT, open(0n, first)) as ExistingAccount;
        const later = after(before, deposit(amount), withdraw(amount)) as ExistingAccount;
        expect(later.ledger).toBe(before.ledger);
        expect(later.version).toBe(before.version + 2);
      }),
      runs,
    );
  });
});
