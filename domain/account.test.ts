import fc from 'fast-check';
import { available, evolve, NO_ACCOUNT, type Account, type ExistingAccount } from './account.ts';
import type { Command } from './account-commands.ts';
import { decide } from './account-decisions.ts';
import type { AccountEvent } from './account-events.ts';
import { currencyOf, type Currency } from './currency.ts';
import { ownerId } from './ids.ts';
import { createLedgerCheck, type LogStep } from './invariants.ts';
import { minor, ZERO } from './money.ts';
import { runsOf } from './runs-for-tests.ts';

const CZK = currencyOf('CZK') as Currency;
const AT = '2026-01-02T03:04:05.678Z';
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(10_000) };

const open = (overdraft = 0n, deposit = 0n): Command => ({
  type: 'open-account',
  ownerId: ownerId('jana'),
  currency: CZK,
  overdraftLimit: minor(overdraft),
  initialDeposit: minor(deposit),
});
const deposit = (units: bigint): Command => ({ type: 'deposit', amount: minor(units) });
const withdraw = (units: bigint): Command => ({ type: 'withdraw', amount: minor(units) });

const eventsOf = (account: Account, command: Command): readonly AccountEvent[] => {
  const decision = decide(account, command, AT);
  return decision.ok ? decision.events : [];
};
const after = (account: Account, ...commands: Command[]): Account =>
  commands.reduce<Account>(
    (state, command) => eventsOf(state, command).reduce(evolve, state),
    account,
  );

describe('opening', () => {
  test('given no account, when it is opened, then it exists with nothing on it', () => {
    const account = after(NO_ACCOUNT, open(500n)) as ExistingAccount;
    expect(account).toMatchObject({ status: 'open', version: 1, ledger: ZERO, openedAt: AT });
    expect(available(account)).toBe(500n);
  });
  test('given no account, when it is opened with a deposit, then two events say so', () => {
    const events = eventsOf(NO_ACCOUNT, open(0n, 700n));
    expect(events.map(({ type }) => type)).toEqual(['account-opened', 'money-deposited']);
    expect(after(NO_ACCOUNT, open(0n, 700n))).toMatchObject({ version: 2, ledger: 700n });
  });
  test('given an account, when it is opened again, then it is refused', () => {
    expect(decide(after(NO_ACCOUNT, open()), open(), AT)).toEqual({
      ok: false,
      refusal: { code: 'account-already-exists' },
    });
  });
});

describe('moving money', () => {
  test.each([deposit(1n), withdraw(1n)])(
    'given no account, when %j, then it is refused',
    (command) => {
      expect(decide(NO_ACCOUNT, command, AT)).toEqual({
        ok: false,
        refusal: { code: 'account-not-found' },
      });
    },
  );
  test('given 7.00, when 3.00 are withdrawn, then 4.00 are left', () => {
    const account = after(NO_ACCOUNT, open(0n, 700n), withdraw(300n));
    expect(account).toMatchObject({ version: 3, ledger: 400n });
  });
  test('given 7.00 and an overdraft of 5.00, then all 12.00 can be withdrawn', () => {
    const account = after(NO_ACCOUNT, open(500n, 700n), withdraw(1_200n)) as ExistingAccount;
    expect(account.ledger).toBe(-500n);
    expect(available(account)).toBe(0n);
  });
  test('given 7.00 and an overdraft of 5.00, then a withdrawal of 12.01 says what lacks', () => {
    const decision = decide(after(NO_ACCOUNT, open(500n, 700n)), withdraw(1_201n), AT);
    expect(decision).toEqual({
      ok: false,
      refusal: { code: 'insufficient-funds', available: 1_200n, shortfall: 1n },
    });
  });
  test('given remarks, when money moves, then the event keeps them', () => {
    const remarks = { description: 'rent', reference: 'inv-1', metadata: { shop: 'x' } };
    const events = eventsOf(after(NO_ACCOUNT, open()), { ...deposit(5n), ...remarks } as Command);
    expect(events).toEqual([{ type: 'money-deposited', at: AT, amount: 5n, ...remarks }]);
  });
});

describe('corruption', () => {
  const [opened] = eventsOf(NO_ACCOUNT, open()) as [AccountEvent];
  test('given an account, an opening event throws', () => {
    expect(() => evolve(after(NO_ACCOUNT, open()), opened)).toThrow('opened twice');
  });
  test('given no account, an event of money throws', () => {
    const event: AccountEvent = { type: 'money-deposited', at: AT, amount: minor(1n) };
    expect(() => evolve(NO_ACCOUNT, event)).toThrow('before the account was opened');
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
    expect(observed).toBeGreaterThan(runsOf(50_000));
  });

  test('decide is total and deterministic, and a refusal names exactly what lacks', () => {
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
