import type { AccountEvent } from './account-events.ts';
import { currencyOf, type Currency } from './currency.ts';
import { ownerId } from './ids.ts';
import { createLedgerCheck, isBalanced, type LogStep } from './invariants.ts';
import { minor, ZERO } from './money.ts';

const CZK = currencyOf('CZK') as Currency;
const AT = '2026-01-02T03:04:05.678Z';
const opened: AccountEvent = {
  type: 'account-opened',
  at: AT,
  ownerId: ownerId('jana'),
  currency: CZK,
  overdraftLimit: ZERO,
};
const moved = (type: 'money-deposited' | 'money-withdrawn', units: bigint): AccountEvent => ({
  type,
  at: AT,
  amount: minor(units),
});
const step = (version: number, event: AccountEvent, after: bigint, command = version): LogStep => ({
  accountId: 'a',
  version,
  commandId: `c${command}`,
  event,
  ledgerAfter: minor(after),
});
const violationsOf = (...steps: LogStep[]): string[] => {
  const check = createLedgerCheck();
  return steps.flatMap((next) => check.observe(next)).map(({ invariant }) => invariant);
};

test('a sound history has no violation', () => {
  const history = [
    step(1, opened, 0n),
    step(2, moved('money-deposited', 700n), 700n, 1),
    step(3, moved('money-withdrawn', 700n), 0n),
  ];
  expect(violationsOf(...history)).toEqual([]);
});

describe('a forged history is seen', () => {
  test('a gap in the versions', () => {
    expect(violationsOf(step(1, opened, 0n), step(3, moved('money-deposited', 1n), 1n))).toEqual([
      'version-order',
    ]);
  });
  test('a version twice', () => {
    expect(violationsOf(step(1, opened, 0n), step(1, opened, 0n))).toEqual(['version-order']);
  });
  test('a balance below the overdraft limit', () => {
    expect(violationsOf(step(1, opened, 0n), step(2, moved('money-withdrawn', 1n), -1n))).toEqual([
      'overdraft-floor',
    ]);
  });
  test('a command that was executed twice', () => {
    const history = [
      step(1, opened, 0n),
      step(2, moved('money-deposited', 1n), 1n),
      step(3, moved('money-deposited', 1n), 2n),
      step(4, moved('money-deposited', 1n), 3n, 2),
    ];
    expect(violationsOf(...history)).toEqual(['command-once']);
  });
  test('a command that was executed again at once, as a retry would be', () => {
    const history = [
      step(1, opened, 0n),
      step(2, moved('money-deposited', 1n), 1n),
      step(3, moved('money-deposited', 1n), 2n, 2),
    ];
    expect(violationsOf(...history)).toEqual(['command-once']);
  });
  test('a balance that the events do not make', () => {
    expect(violationsOf(step(1, opened, 0n), step(2, moved('money-deposited', 1n), 2n))).toEqual([
      'fold',
    ]);
  });
  test('totals that do not balance', () => {
    const totals = {
      externalIn: minor(3n),
      externalOut: minor(1n),
      ledgers: minor(2n),
      inFlight: ZERO,
    };
    expect(isBalanced(totals)).toBe(true);
    expect(isBalanced({ ...totals, ledgers: minor(1n) })).toBe(false);
    expect(isBalanced({ ...totals, ledgers: minor(1n), inFlight: minor(1n) })).toBe(true);
  });
});
