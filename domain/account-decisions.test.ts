import { available, type ExistingAccount } from './account.ts';
import { bankForTests, type BankForTests } from './bank-for-tests.ts';
import type { Command, Decision, TransferCommand } from './account-commands.ts';
import { HOLDS_OPEN_MAX } from './hold-decisions.ts';
import { TRANSFERS_PENDING_MAX, type TransferDecision } from './transfer-decisions.ts';
import { accountIdOfSerial } from './account-number.ts';
import { holdId, ownerId, version, type AccountId } from './ids.ts';
import { transferIdOf } from './transfer-id.ts';
import { minor, ZERO } from './money.ts';

const HOUR = 60;
const DAY = 24 * HOUR;
const id = accountIdOfSerial(1n);
const other = accountIdOfSerial(2n);

/** Accounts 1 and 2 with 100.00 each and no overdraft, at midnight of UTC. */
function given(...commands: (Command | TransferCommand)[]): BankForTests {
  const bank = bankForTests({ startMs: Date.UTC(2026, 10, 21) });
  for (const account of [id, other]) {
    bank.give(account, {
      type: 'open-account',
      ownerId: ownerId('jana'),
      currency: bank.currencyOf(0),
      overdraftLimit: ZERO,
      initialDeposit: minor(10_000n),
    });
  }
  for (const command of commands) give(bank, command);
  return bank;
}
const give = (
  bank: BankForTests,
  command: Command | TransferCommand,
  to: AccountId = id,
): Decision | TransferDecision | undefined =>
  isOfTransfer(command) ? bank.transfer(to, command) : bank.give(to, command);
const isOfTransfer = (command: Command | TransferCommand): command is TransferCommand =>
  command.type.endsWith('-transfer');
const accountOf = (bank: BankForTests, of: AccountId = id): ExistingAccount =>
  bank.of(of) as ExistingAccount;
const codeOf = (decision: Decision | TransferDecision | undefined): string =>
  decision === undefined ? 'not decided' : decision.ok ? 'done' : decision.refusal.code;
const refusalOf = (decision: Decision | TransferDecision | undefined): unknown =>
  decision?.ok === false ? decision.refusal : decision;

const H = holdId('00000000-0000-8000-8000-000000000001');
const hold = (units: bigint, expiresAt?: string): Command => ({
  type: 'place-hold',
  holdId: H,
  amount: minor(units),
  ...(expiresAt === undefined ? {} : { expiresAt }),
});
const capture = (units?: bigint): Command => ({
  type: 'capture-hold',
  holdId: H,
  ...(units === undefined ? {} : { amount: minor(units) }),
});
const VOID: Command = { type: 'void-hold', holdId: H };
const EXPIRE: Command = { type: 'expire-hold', holdId: H };
const deposit = (units: bigint): Command => ({ type: 'deposit', amount: minor(units) });
const withdraw = (units: bigint): Command => ({ type: 'withdraw', amount: minor(units) });
const reverse = (count: number): Command => ({ type: 'reverse', version: version(count) });
const FREEZE: Command = { type: 'freeze' };
const CLOSE: Command = { type: 'close' };
const T = transferIdOf(id, 7n);
const reserve = (units: bigint, expiresAt?: string): TransferCommand => ({
  type: 'reserve-transfer',
  transferId: T,
  toAccountId: other,
  amount: minor(units),
  ...(expiresAt === undefined ? {} : { expiresAt }),
});
const send = (units: bigint, toAccountId = other): TransferCommand => ({
  type: 'send-transfer',
  transferId: T,
  toAccountId,
  amount: minor(units),
});
const take = (units?: bigint): TransferCommand => ({
  type: 'capture-transfer',
  transferId: T,
  ...(units === undefined ? {} : { amount: minor(units) }),
});
const VOID_T: TransferCommand = { type: 'void-transfer', transferId: T };
const EXPIRE_T: TransferCommand = { type: 'expire-transfer', transferId: T };
const back = (units: bigint, fill = 8n): TransferCommand => ({
  type: 'send-transfer',
  transferId: transferIdOf(other, fill),
  toAccountId: id,
  amount: minor(units),
  reversesTransferId: T,
});

describe('holds', () => {
  test('given 100.00, when 30.00 are held, then the ledger stays and 70.00 are available', () => {
    const account = accountOf(given(hold(3_000n)));
    expect(account).toMatchObject({ ledger: 10_000n, held: 3_000n });
    expect(available(account)).toBe(7_000n);
  });
  test('given a hold, when all of it is captured, then it has left the ledger', () => {
    const account = accountOf(given(hold(3_000n), capture()));
    expect(account).toMatchObject({ ledger: 7_000n, held: 0n, holds: [] });
  });
  test('given a hold of 30.00, when 10.00 are captured, then 20.00 are available again', () => {
    const bank = given(hold(3_000n), capture(1_000n));
    expect(bank.entries.at(-1)?.event).toMatchObject({ amount: 1_000n, released: 2_000n });
    expect(available(accountOf(bank))).toBe(9_000n);
  });
  test('given a hold of 30.00, then a capture of 30.01 says how much is held', () => {
    const refusal = refusalOf(given(hold(3_000n)).give(id, capture(3_001n)));
    expect(refusal).toEqual({ code: 'hold-amount-exceeded', held: 3_000n });
  });
  test('given a hold of all money, then nothing can be withdrawn', () => {
    expect(codeOf(given(hold(10_000n)).give(id, withdraw(1n)))).toBe('insufficient-funds');
    expect(codeOf(given().give(id, hold(10_001n)))).toBe('insufficient-funds');
  });
  test.each([
    ['captured', capture()],
    ['voided', VOID],
  ])('given a hold that was %s, then it is resolved once', (_what, end) => {
    const bank = given(hold(3_000n), end);
    for (const again of [capture(), capture(1n), VOID, EXPIRE]) {
      expect(refusalOf(bank.give(id, again))).toEqual({
        code: 'hold-already-resolved',
        version: 4,
      });
    }
  });
  test('given no hold of that id, then it is not found', () => {
    for (const end of [capture(), VOID, EXPIRE]) {
      expect(codeOf(given().give(id, end))).toBe('hold-not-found');
    }
  });
  test('given a hold until one, then it expires at one, not a moment before', () => {
    const bank = given(hold(3_000n, '2026-11-21T01:00:00Z'));
    bank.pass(59);
    expect(codeOf(bank.give(id, EXPIRE))).toBe('hold-not-due');
    bank.pass(1);
    expect(codeOf(bank.give(id, EXPIRE))).toBe('done');
    expect(available(accountOf(bank))).toBe(10_000n);
  });
  test('given a hold that is due, then it can only be voided or expire, event or not', () => {
    const bank = given(hold(3_000n, '2026-11-21T01:00:00Z'));
    bank.pass(HOUR);
    expect(codeOf(bank.give(id, capture()))).toBe('hold-expired');
    expect(codeOf(bank.give(id, VOID))).toBe('done');
    expect(codeOf(bank.give(id, EXPIRE))).toBe('hold-already-resolved');
  });
  test('given a hold without an end, then it never expires', () => {
    const bank = given(hold(3_000n));
    bank.pass(3_000 * DAY);
    expect(codeOf(bank.give(id, EXPIRE))).toBe('hold-not-due');
  });
  test('given an end that is not later than now, then it is refused', () => {
    expect(refusalOf(given().give(id, hold(1n, '2026-11-21T00:00:00Z')))).toMatchObject({
      code: 'invalid-request',
      at: '/expiresAt',
    });
  });
  test(`given ${HOLDS_OPEN_MAX} open holds, then one more is refused`, () => {
    const bank = given();
    const place = (at: number): Decision | undefined =>
      bank.give(id, {
        type: 'place-hold',
        holdId: holdId(`00000000-0000-8000-8000-${String(at).padStart(12, '0')}`),
        amount: minor(1n),
      });
    for (let at = 0; at < HOLDS_OPEN_MAX; at += 1) expect(codeOf(place(at))).toBe('done');
    expect(codeOf(place(HOLDS_OPEN_MAX))).toBe('too-many-open');
    expect(codeOf(bank.give(id, { ...VOID, holdId: accountOf(bank).holds[0]!.holdId }))).toBe(
      'done',
    );
    expect(codeOf(place(HOLDS_OPEN_MAX))).toBe('done');
  });
});

describe('limits', () => {
  const limits = (perWithdrawal?: bigint, perDay?: bigint): Command => ({
    type: 'set-limits',
    ...(perWithdrawal === undefined ? {} : { perWithdrawal: minor(perWithdrawal) }),
    ...(perDay === undefined ? {} : { perDay: minor(perDay) }),
  });
  test.each([withdraw(1_001n), hold(1_001n), send(1_001n), reserve(1_001n)])(
    'given a limit of 10.00 at once, then more is refused: %j',
    (command) => {
      expect(refusalOf(give(given(limits(1_000n)), command))).toEqual({
        code: 'limit-exceeded',
        limit: 'perWithdrawal',
        allowed: 1_000n,
      });
    },
  );
  test('given a limit of 10.00 at once, then 10.00 can leave as often as there is money', () => {
    const bank = given(limits(1_000n));
    for (let count = 0; count < 10; count += 1) {
      expect(codeOf(bank.give(id, withdraw(1_000n)))).toBe('done');
    }
  });
  test('given 15.00 a day and 10.00 gone, then 5.01 says what was used and when it resets', () => {
    const bank = given(limits(undefined, 1_500n), withdraw(1_000n));
    bank.pass(DAY - 1);
    expect(refusalOf(bank.give(id, withdraw(501n)))).toEqual({
      code: 'limit-exceeded',
      limit: 'perDay',
      allowed: 1_500n,
      used: 1_000n,
      resetsAt: '2026-11-22T00:00:00.000Z',
    });
    expect(codeOf(bank.give(id, withdraw(500n)))).toBe('done');
    bank.pass(1);
    expect(codeOf(bank.give(id, withdraw(1_500n)))).toBe('done');
  });
  test('given a hold that is voided on its day, then the day has its money again', () => {
    const bank = given(limits(undefined, 1_500n), hold(1_500n));
    expect(codeOf(bank.give(id, withdraw(1n)))).toBe('limit-exceeded');
    bank.give(id, VOID);
    expect(codeOf(bank.give(id, withdraw(1_500n)))).toBe('done');
  });
  test('given a hold of the day before, when it is voided, then this day gains nothing', () => {
    const bank = given(limits(undefined, 1_500n), hold(1_500n));
    bank.pass(DAY);
    bank.give(id, withdraw(1_000n));
    bank.give(id, VOID);
    expect(codeOf(bank.give(id, withdraw(501n)))).toBe('limit-exceeded');
    expect(codeOf(bank.give(id, withdraw(500n)))).toBe('done');
  });
  test('given a partial capture, then only what was captured counts on that day', () => {
    const bank = given(limits(undefined, 1_500n), hold(1_500n), capture(400n));
    expect(codeOf(bank.give(id, withdraw(1_100n)))).toBe('done');
  });
  test('given limits, when they are set again without one, then that one is gone', () => {
    const bank = given(limits(1n, 1n), limits());
    expect(accountOf(bank).limits).toEqual({});
    expect(codeOf(bank.give(id, withdraw(10_000n)))).toBe('done');
  });
  test('given a limit of nothing, then nothing can leave but all can come', () => {
    const bank = given(limits(undefined, 0n));
    expect(codeOf(bank.give(id, withdraw(1n)))).toBe('limit-exceeded');
    expect(codeOf(bank.give(id, deposit(1n)))).toBe('done');
  });
});

describe('freezing and closing', () => {
  const COMMANDS: readonly (readonly [Command | TransferCommand, string, string])[] = [
    [deposit(1n), 'account-frozen', 'account-closed'],
    [withdraw(1n), 'account-frozen', 'account-closed'],
    [hold(1n), 'account-frozen', 'account-closed'],
    [capture(), 'hold-not-found', 'hold-not-found'],
    [reserve(1n), 'account-frozen', 'account-closed'],
    [send(1n), 'account-frozen', 'account-closed'],
    [take(), 'transfer-not-found', 'transfer-not-found'],
    [reverse(2), 'account-frozen', 'account-closed'],
    [FREEZE, 'account-frozen', 'account-closed'],
    [CLOSE, 'account-frozen', 'account-closed'],
    [{ type: 'unfreeze' }, 'done', 'account-closed'],
    [{ type: 'set-overdraft-limit', amount: minor(5n) }, 'done', 'account-closed'],
    [{ type: 'set-limits' }, 'done', 'account-closed'],
    [{ type: 'set-details', name: 'x' }, 'done', 'account-closed'],
    [{ type: 'set-refusal-recording', recordRefusals: true }, 'done', 'account-closed'],
  ];
  test.each(COMMANDS)('given a frozen account, then %j is %s', (command, whenFrozen) => {
    expect(codeOf(give(given(FREEZE), command))).toBe(whenFrozen);
  });
  test.each(COMMANDS)('given a closed account, then %j is (not %s but) %s', (...row) => {
    const bank = given(withdraw(10_000n), CLOSE);
    expect(accountOf(bank).status).toBe('closed');
    expect(codeOf(give(bank, row[0]))).toBe(row[2]);
  });
  test('given a frozen account with a hold, then it can be voided or expire, not captured', () => {
    const bank = given(hold(1n, '2026-11-21T01:00:00Z'), FREEZE);
    expect(codeOf(bank.give(id, capture()))).toBe('account-frozen');
    bank.pass(HOUR);
    expect(codeOf(bank.give(id, EXPIRE))).toBe('done');
    expect(codeOf(given(hold(1n), FREEZE).give(id, VOID))).toBe('done');
  });
  test('given an account that is not frozen, then it cannot be unfrozen', () => {
    expect(codeOf(given().give(id, { type: 'unfreeze' }))).toBe('account-not-frozen');
  });
  test('given money or a hold on it, then it cannot be closed', () => {
    expect(refusalOf(given().give(id, CLOSE))).toEqual({
      code: 'balance-not-zero',
      ledger: 10_000n,
      held: 0n,
    });
    const overdrawn: Command = { type: 'set-overdraft-limit', amount: minor(500n) };
    const held = given(withdraw(10_000n), overdrawn, hold(500n));
    expect(codeOf(held.give(id, CLOSE))).toBe('balance-not-zero');
  });
  test('given an overdraft that is used, then it can be lowered to what is used, not below', () => {
    const limit = (units: bigint): Command => ({
      type: 'set-overdraft-limit',
      amount: minor(units),
    });
    const bank = given(limit(500n), withdraw(10_300n));
    expect(refusalOf(bank.give(id, limit(299n)))).toEqual({
      code: 'insufficient-funds',
      available: 200n,
      shortfall: 1n,
    });
    expect(codeOf(bank.give(id, limit(300n)))).toBe('done');
    expect(available(accountOf(bank))).toBe(0n);
  });
  test('given refusals are recorded, then that is so until it is switched off', () => {
    const record = (recordRefusals: boolean): Command => ({
      type: 'set-refusal-recording',
      recordRefusals,
    });
    const bank = given();
    expect(accountOf(bank)).not.toHaveProperty('recordRefusals');
    for (const is of [false, true, true, false]) {
      bank.give(id, record(is));
      expect(accountOf(bank).recordRefusals).toBe(is ? true : undefined);
    }
  });
  test('given details, when they are set without them, then they are removed', () => {
    const bank = given({ type: 'set-details', name: 'x', metadata: { a: 'b' } });
    expect(accountOf(bank)).toMatchObject({ name: 'x', metadata: { a: 'b' } });
    bank.give(id, { type: 'set-details' });
    expect(accountOf(bank)).not.toHaveProperty('name');
    expect(accountOf(bank)).not.toHaveProperty('metadata');
  });
});

describe('reversals', () => {
  test.each([
    ['deposit', deposit(300n), 3, 'debit', 10_000n],
    ['withdrawal', withdraw(300n), 3, 'credit', 10_000n],
  ] as const)('given a %s, then it is reversed once', (_what, command, at, direction, ledger) => {
    const bank = given(command);
    expect(codeOf(bank.give(id, reverse(at)))).toBe('done');
    const [event] = [bank.entries.at(-1)?.event];
    expect(event).toMatchObject({ type: 'movement-reversed', reverses: at, direction });
    expect(accountOf(bank).ledger).toBe(ledger);
    expect(refusalOf(bank.give(id, reverse(at)))).toEqual({ code: 'already-reversed', version: 4 });
  });
  test('given a partial capture, then what was captured comes back', () => {
    const bank = given(hold(3_000n), capture(1_000n));
    expect(codeOf(bank.give(id, reverse(4)))).toBe('done');
    expect(accountOf(bank)).toMatchObject({ ledger: 10_000n, held: 0n });
  });
  test('given a deposit that was spent or is held, then it cannot be reversed', () => {
    expect(codeOf(given(withdraw(1n)).give(id, reverse(2)))).toBe('insufficient-funds');
    expect(codeOf(given(hold(1n)).give(id, reverse(2)))).toBe('insufficient-funds');
  });
  test('given no such version, or one without money of its own, then it is refused', () => {
    const bank = given(hold(1n), VOID, deposit(5n), reverse(5));
    expect(codeOf(bank.give(id, reverse(99)))).toBe('event-not-found');
    expect(codeOf(bank.give(id, reverse(Number.MAX_SAFE_INTEGER)))).toBe('event-not-found');
    for (const at of [1, 3, 4, 6])
      expect(codeOf(bank.give(id, reverse(at)))).toBe('not-reversible');
  });
});

describe('direct transfers', () => {
  test('given 100.00 each, when 30.00 are sent, then both accounts have moved at once', () => {
    const bank = given(send(3_000n));
    expect(accountOf(bank)).toMatchObject({ ledger: 7_000n, held: 0n, transfers: [] });
    expect(accountOf(bank, other).ledger).toBe(13_000n);
    const [sent, received] = bank.entries.slice(-2);
    expect(sent?.transaction).toBe(received?.transaction);
    expect(received).toMatchObject({ accountId: other, commandId: `transfer ${T}` });
  });
  test('given remarks, then both legs bear them', () => {
    const remarks = { description: 'rent', reference: 'r-1', metadata: { a: 'b' } };
    const legs = given({ ...send(1n), ...remarks } as TransferCommand).entries.slice(-2);
    for (const { event } of legs) expect(event).toMatchObject(remarks);
  });
  test('given an account, then nothing is sent to itself', () => {
    expect(codeOf(give(given(), send(1n, id)))).toBe('same-account');
  });
  test.each([
    ['missing', () => accountIdOfSerial(9n), 'account-not-found'],
    ['frozen', (bank: BankForTests) => (bank.give(other, FREEZE), other), 'account-frozen'],
    [
      'closed',
      (bank: BankForTests) => {
        bank.give(other, withdraw(10_000n));
        bank.give(other, CLOSE);
        return other;
      },
      'account-closed',
    ],
  ] as const)(
    'given a %s target, then it is refused at once and nothing is held',
    (_, make, code) => {
      const bank = given();
      const toAccountId = make(bank);
      const before = bank.entries.length;
      for (const command of [send(1n, toAccountId), { ...reserve(1n), toAccountId }]) {
        const decision = give(bank, command as TransferCommand);
        expect(decision).toMatchObject({ ok: false, side: 'target', refusal: { code } });
      }
      expect(bank.entries).toHaveLength(before);
      expect(available(accountOf(bank))).toBe(10_000n);
    },
  );
  test('given too little money and a frozen target, then the source is told of its funds', () => {
    const bank = given();
    bank.give(other, FREEZE);
    expect(give(bank, send(10_001n))).toMatchObject({
      side: 'source',
      refusal: { code: 'insufficient-funds', shortfall: 1n },
    });
  });
  test('given a target of another currency, then that is said before any lack of funds', () => {
    const bank = bankForTests({ currencies: ['CZK', 'KWD'] });
    for (const [index, account] of [id, other].entries()) {
      bank.give(account, {
        type: 'open-account',
        ownerId: ownerId('jana'),
        currency: bank.currencyOf(index),
        overdraftLimit: ZERO,
        initialDeposit: ZERO,
      });
    }
    for (const command of [send(1n), reserve(1n)]) {
      expect(refusalOf(give(bank, command))).toEqual({
        code: 'currency-mismatch',
        currency: 'KWD',
      });
    }
  });
});

describe('reversals of transfers', () => {
  test('given a transfer, then the target gives it back once', () => {
    const bank = given(send(3_000n));
    expect(codeOf(give(bank, back(3_000n), other))).toBe('done');
    expect([accountOf(bank).ledger, accountOf(bank, other).ledger]).toEqual([10_000n, 10_000n]);
    expect(refusalOf(give(bank, back(3_000n, 9n), other))).toEqual({
      code: 'already-reversed',
      version: 4,
    });
  });
  test('given a partial capture, then what was captured is given back, no other amount', () => {
    const bank = given(reserve(3_000n), take(1_000n));
    expect(codeOf(give(bank, back(3_000n), other))).toBe('not-reversible');
    expect(codeOf(give(bank, back(1_000n), other))).toBe('done');
  });
  test('given a reversal, then it can be reversed as any transfer', () => {
    const bank = given(send(3_000n));
    give(bank, back(3_000n), other);
    const again: TransferCommand = {
      type: 'send-transfer' as const,
      transferId: transferIdOf(id, 10n),
      toAccountId: other,
      amount: minor(3_000n),
      reversesTransferId: transferIdOf(other, 8n),
    };
    expect(codeOf(give(bank, again))).toBe('done');
    expect(accountOf(bank, other).ledger).toBe(13_000n);
  });
  test('given no such transfer, or one that is pending, then there is nothing to reverse', () => {
    expect(codeOf(give(given(), back(1n), other))).toBe('transfer-not-found');
    expect(codeOf(give(given(reserve(1n)), back(1n), other))).toBe('transfer-not-found');
  });
  test('given the source itself, then it cannot take back what it sent', () => {
    const own = { ...send(3_000n), transferId: transferIdOf(id, 9n), reversesTransferId: T };
    const decision = give(given(send(3_000n)), own as TransferCommand);
    expect(refusalOf(decision)).toEqual({ code: 'not-reversible', eventType: 'transfer-sent' });
  });
  test('given money that was spent meanwhile, then it is not given back', () => {
    const bank = given(send(3_000n));
    bank.give(other, withdraw(12_000n));
    expect(codeOf(give(bank, back(3_000n), other))).toBe('insufficient-funds');
  });
});

describe('pending transfers', () => {
  test('given 100.00, when 30.00 are reserved, then they are held and in the ledger', () => {
    expect(accountOf(given(reserve(3_000n)))).toMatchObject({ ledger: 10_000n, held: 3_000n });
  });
  test('given a reservation, when it is captured, then both accounts have moved', () => {
    const bank = given(reserve(3_000n), take());
    expect(accountOf(bank)).toMatchObject({ ledger: 7_000n, held: 0n, transfers: [] });
    expect(accountOf(bank, other).ledger).toBe(13_000n);
    for (const end of [take(), take(1n), VOID_T, EXPIRE_T]) {
      expect(refusalOf(give(bank, end))).toEqual({ code: 'transfer-already-ended', version: 4 });
    }
  });
  test('given a reservation of 30.00, when 10.00 are captured, then the rest is released', () => {
    const bank = given(reserve(3_000n), take(1_000n));
    expect(accountOf(bank)).toMatchObject({ ledger: 9_000n, held: 0n, transfers: [] });
    expect(accountOf(bank, other).ledger).toBe(11_000n);
    expect(bank.entries.at(-2)?.event).toMatchObject({ amount: 1_000n, released: 2_000n });
  });
  test('given a reservation of 30.00, then a capture of 30.01 says what is reserved', () => {
    expect(refusalOf(give(given(reserve(3_000n)), take(3_001n)))).toEqual({
      code: 'transfer-amount-exceeded',
      reserved: 3_000n,
    });
  });
  test('given a reservation, when it is voided, then all is available again', () => {
    const bank = given(reserve(3_000n), VOID_T);
    expect(accountOf(bank)).toMatchObject({ ledger: 10_000n, held: 0n, transfers: [] });
    expect(codeOf(give(bank, take()))).toBe('transfer-already-ended');
  });
  test('given an end, then it expires then, not a moment before, and is not captured', () => {
    const bank = given(reserve(3_000n, '2026-11-21T01:00:00Z'));
    bank.pass(59);
    expect(codeOf(give(bank, EXPIRE_T))).toBe('transfer-not-due');
    bank.pass(1);
    expect(codeOf(give(bank, take()))).toBe('transfer-expired');
    expect(codeOf(give(bank, EXPIRE_T))).toBe('done');
    expect(bank.entries.at(-1)?.event).toMatchObject({ reason: 'expired', amount: 3_000n });
    expect(available(accountOf(bank))).toBe(10_000n);
  });
  test('given an end that is not later than now, then it is refused', () => {
    expect(refusalOf(give(given(), reserve(1n, '2026-11-21T00:00:00Z')))).toMatchObject({
      code: 'invalid-request',
      at: '/expiresAt',
    });
  });
  test('given a reservation without an end, then it never expires', () => {
    const bank = given(reserve(3_000n));
    bank.pass(3_000 * DAY);
    expect(codeOf(give(bank, EXPIRE_T))).toBe('transfer-not-due');
  });
  test('given a source that was frozen meanwhile, then it is voided, not captured', () => {
    const bank = given(reserve(1n), FREEZE);
    expect(codeOf(give(bank, take()))).toBe('account-frozen');
    expect(codeOf(give(bank, VOID_T))).toBe('done');
  });
  test('given a target that was frozen meanwhile, then the capture waits for it', () => {
    const bank = given(reserve(1n));
    bank.give(other, FREEZE);
    expect(give(bank, take())).toMatchObject({
      side: 'target',
      refusal: { code: 'account-frozen' },
    });
    bank.give(other, { type: 'unfreeze' });
    expect(codeOf(give(bank, take()))).toBe('done');
  });
  test('given a pending transfer, then the source cannot be closed', () => {
    expect(codeOf(given(reserve(10_000n)).give(id, CLOSE))).toBe('balance-not-zero');
  });
  test('given a limit by day, then what was not captured of today is allowed again', () => {
    const limit: Command = { type: 'set-limits', perDay: minor(1_500n) };
    const bank = given(limit, reserve(1_500n));
    expect(codeOf(bank.give(id, withdraw(1n)))).toBe('limit-exceeded');
    give(bank, take(400n));
    expect(codeOf(bank.give(id, withdraw(1_101n)))).toBe('limit-exceeded');
    expect(codeOf(bank.give(id, withdraw(1_100n)))).toBe('done');
  });
  test('given no such transfer, then it cannot end', () => {
    for (const end of [take(), VOID_T, EXPIRE_T]) {
      expect(codeOf(give(given(), end))).toBe('transfer-not-found');
    }
  });
  test(`given ${TRANSFERS_PENDING_MAX} pending transfers, then one more is refused`, () => {
    const bank = given();
    const more = (fill: number): unknown =>
      give(bank, { ...reserve(1n), transferId: transferIdOf(id, BigInt(fill)) });
    for (let fill = 0; fill < TRANSFERS_PENDING_MAX; fill += 1) more(fill);
    expect(bank.pendingOf(id)).toHaveLength(TRANSFERS_PENDING_MAX);
    expect(more(TRANSFERS_PENDING_MAX)).toMatchObject({ refusal: { code: 'too-many-open' } });
    // What is sent at once does not wait.
    expect(codeOf(give(bank, { ...send(1n), transferId: transferIdOf(id, 999n) }))).toBe('done');
  });
});
