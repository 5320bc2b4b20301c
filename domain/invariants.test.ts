import { evolve } from './account.ts';
import type { AccountEvent } from './account-events.ts';
import { accountIdOfSerial } from './account-number.ts';
import { currencyOf, type Currency } from './currency.ts';
import { ownerId, type AccountId } from './ids.ts';
import { transferIdOf } from './transfer-id.ts';
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
      'rules',
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

describe('I8: of the legs of a transfer', () => {
  const [A, B, C] = [1n, 2n, 3n].map(accountIdOfSerial) as [AccountId, AccountId, AccountId];
  const KWD = currencyOf('KWD') as Currency;
  const transferId = transferIdOf(A, 7n);
  const ten = { at: AT, transferId, otherAccountId: B, amount: minor(10n) };
  const sent: AccountEvent = { type: 'transfer-sent', ...ten };
  const received: AccountEvent = { type: 'transfer-received', ...ten, otherAccountId: A };
  const reserved: AccountEvent = { type: 'transfer-reserved', ...ten };
  const captured = (amount: bigint, released: bigint): AccountEvent => ({
    type: 'transfer-captured',
    ...ten,
    amount: minor(amount),
    released: minor(released),
  });
  const released: AccountEvent = { type: 'transfer-released', ...ten, reason: 'voided' };
  type Placed = readonly [AccountId, AccountEvent];

  /** What is wrong with these transactions, after accounts with 100 units were opened. */
  function wrongs(...transactions: readonly (readonly Placed[])[]): string[] {
    return wrongsWith(CZK, ...transactions);
  }
  function wrongsWith(ofB: Currency, ...transactions: readonly (readonly Placed[])[]): string[] {
    const check = createLedgerCheck();
    const found: string[] = [];
    let commands = 0;
    const observe = ([accountId, event]: Placed): void => {
      const before = check.account(accountId);
      const after = evolve(before, event);
      const { version, ledger: ledgerAfter } = after;
      commands += 1;
      const step = { accountId, version, commandId: `c${commands}`, event, ledgerAfter };
      for (const { invariant, detail } of check.observe(step))
        found.push(`${invariant}: ${detail}`);
    };
    const end = (): void => {
      for (const { invariant, detail } of check.endOfTransaction()) {
        found.push(`${invariant}: ${detail}`);
      }
    };
    for (const [id, currency] of [
      [A, CZK],
      [B, ofB],
      [C, CZK],
    ] as const) {
      observe([id, { ...opened, currency } as AccountEvent]);
      observe([id, { type: 'money-deposited', at: AT, amount: minor(100n) }]);
      end();
    }
    for (const transaction of transactions) {
      transaction.forEach(observe);
      end();
    }
    return found;
  }
  const NAMES = (found: string[]): string[] => found.map((what) => what.split(':')[0]!);

  test('nothing is wrong when both stand in one transaction, in any order', () => {
    expect(
      wrongs([
        [A, sent],
        [B, received],
      ]),
    ).toEqual([]);
    expect(
      wrongs([
        [B, received],
        [A, sent],
      ]),
    ).toEqual([]);
    expect(
      wrongs(
        [[A, reserved]],
        [
          [A, captured(10n, 0n)],
          [B, received],
        ],
      ),
    ).toEqual([]);
    expect(wrongs([[A, reserved]], [[A, released]])).toEqual([]);
    const four = { ...received, amount: minor(4n) };
    expect(
      wrongs(
        [[A, reserved]],
        [
          [A, captured(4n, 6n)],
          [B, four],
        ],
      ),
    ).toEqual([]);
    // A turn may reserve and capture; the target's stream may come first in its transaction.
    expect(
      wrongs([
        [B, four],
        [A, reserved],
        [A, captured(4n, 6n)],
      ]),
    ).toEqual([]);
  });
  test('two transactions are too late, and both legs are reported', () => {
    const found = wrongs([[A, sent]], [[B, received]]);
    expect(NAMES(found)).toEqual([
      'transfer-legs',
      'conservation',
      'transfer-legs',
      'conservation',
    ]);
    expect(found[0]).toMatch(/was sent without its other leg: 10 CZK/);
    expect(found[1]).toBe('conservation: 10 CZK (minor units) stay in flight');
    expect(found[2]).toMatch(/was received without its other leg/);
  });
  test('one leg alone is reported once, not after every transaction that follows', () => {
    const later: Placed = [C, { type: 'money-deposited', at: AT, amount: minor(1n) }];
    expect(NAMES(wrongs([[B, received]], [later], [later]))).toEqual([
      'transfer-legs',
      'conservation',
    ]);
    expect(NAMES(wrongs([[A, sent]], [later]))).toEqual(['transfer-legs', 'conservation']);
  });
  test('another amount', () => {
    const eleven = { ...received, amount: minor(11n) };
    const found = wrongs([
      [A, sent],
      [B, eleven],
    ]);
    expect(found[0]).toMatch(/^transfer-legs: received 11 CZK .* but sent was 10 CZK/);
    expect(found[1]).toMatch(/^conservation: -1 CZK/);
    const partial = wrongs(
      [[A, reserved]],
      [
        [A, captured(4n, 6n)],
        [B, received],
      ],
    );
    expect(NAMES(partial)).toEqual(['transfer-legs', 'conservation']);
  });
  test('another currency, where the same units are other money', () => {
    const found = wrongsWith(KWD, [
      [A, sent],
      [B, received],
    ]);
    expect(NAMES(found)).toEqual(['rules', 'transfer-legs', 'conservation', 'conservation']);
  });
  test('another account', () => {
    const fromC = { ...received, otherAccountId: C };
    expect(
      NAMES(
        wrongs([
          [A, sent],
          [C, received],
        ]),
      ),
    ).toEqual(['transfer-legs']);
    expect(
      NAMES(
        wrongs([
          [A, sent],
          [B, fromC],
        ]),
      ),
    ).toEqual(['transfer-legs']);
    expect(
      NAMES(
        wrongs([
          [A, { ...sent, otherAccountId: C }],
          [B, received],
        ]),
      ),
    ).toEqual(['transfer-legs']);
    const toC = { ...captured(10n, 0n), otherAccountId: C } as AccountEvent;
    expect(
      NAMES(
        wrongs(
          [[A, reserved]],
          [
            [A, toC],
            [C, received],
          ],
        ),
      ),
    ).toEqual(['rules', 'transfer-legs']);
  });
  test('captured beyond the reservation, or less and the rest not released', () => {
    for (const [amount, rest] of [
      [11n, 0n],
      [4n, 0n],
      [4n, 7n],
    ] as const) {
      const leg = { ...received, amount: minor(amount) };
      expect(
        wrongs(
          [[A, reserved]],
          [
            [A, captured(amount, rest)],
            [B, leg],
          ],
        ),
      ).toContainEqual(expect.stringMatching(/^transfer-legs: .* ended, but reserved was 10 CZK/));
    }
  });
  test('another amount released than was reserved', () => {
    const less = { ...released, amount: minor(9n) };
    expect(NAMES(wrongs([[A, reserved]], [[A, less]]))).toEqual(['rules', 'transfer-legs']);
  });
  test('sent at once what was reserved, which would stay held', () => {
    const found = wrongs(
      [[A, reserved]],
      [
        [A, sent],
        [B, received],
      ],
    );
    expect(found).toContainEqual(expect.stringMatching(/^transfer-legs: .* is still reserved/));
    expect(found).toContainEqual(expect.stringMatching(/^settled-once: transfer /));
  });
  test('an event after the end cannot follow', () => {
    const whole: Placed[] = [
      [A, captured(10n, 0n)],
      [B, received],
    ];
    expect(() => wrongs([[A, reserved]], whole, [[A, released]])).toThrow('not pending');
    expect(() => wrongs([[A, reserved]], [[A, released]], whole)).toThrow('not pending');
  });
  test('the same transfer again', () => {
    const both: Placed[] = [
      [A, sent],
      [B, received],
    ];
    const once = expect.stringMatching(/^settled-once: transfer .* was there before/) as string;
    expect(wrongs(both, both)).toEqual([once, once]);
    expect(
      wrongs([
        [A, sent],
        [B, received],
        [B, received],
      ]),
    ).toContainEqual(once);
  });
});
