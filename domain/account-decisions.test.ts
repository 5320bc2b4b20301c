import * as a from './account-events-for-tests.ts';
import { AT, given } from './account-specification-for-tests.ts';
import type { Command, Refusal, TransferCommand } from './account-commands.ts';
import type { AccountEvent } from './account-events.ts';
import { version } from './ids.ts';
import { minor } from './money.ts';

const { CLOSE, deposit, deposited, FREEZE, FUNDED, hold, holdPlaced, lacking, opened } = a;
const { reverse, UNFREEZE, withdraw, withdrawn } = a;
const LAST_MINUTE = '2026-11-21T23:59:00.000Z';
const NEXT_DAY = '2026-11-22T00:00:00.000Z';
const REMARKS = { description: 'rent', reference: 'inv-1', metadata: { shop: 'x' } };

describe('opening', () => {
  test('given no account, when it is opened, then it exists with nothing on it', () => {
    given()
      .when(a.open(500n))
      .then(opened(500n))
      .leaving({ status: 'open', ledger: minor(0n), openedAt: AT, available: 500n });
  });
  test('given no account, when it is opened with a deposit, then two events say so', () => {
    given()
      .when(a.open(0n, 700n))
      .then(opened(), deposited(700n))
      .leaving({ ledger: minor(700n) });
  });
  test('given an account, when it is opened again, then it is refused', () => {
    given(opened()).when(a.open()).then({ code: 'account-already-exists' });
  });
});

describe('moving money', () => {
  test.each([deposit(1n), withdraw(1n)])('given no account, when %j, then not found', (command) => {
    given().when(command).then({ code: 'account-not-found' });
  });
  test('given 7.00, when 3.00 are withdrawn, then 4.00 are left', () => {
    given(opened(), deposited(700n))
      .when(withdraw(300n))
      .then(withdrawn(300n))
      .leaving({ ledger: minor(400n) });
  });
  test('given 7.00 and an overdraft of 5.00, when 12.00 are withdrawn, then none is left', () => {
    given(opened(500n), deposited(700n))
      .when(withdraw(1_200n))
      .then(withdrawn(1_200n))
      .leaving({ ledger: minor(-500n), available: 0n });
  });
  test('given 7.00 and a limit of 5.00, when 12.01 are withdrawn, then 0.01 is missing', () => {
    given(opened(500n), deposited(700n)).when(withdraw(1_201n)).then(lacking(1_200n, 1n));
  });
  test('when money moves with remarks, then the event keeps them', () => {
    given(opened())
      .when({ ...deposit(5n), ...REMARKS })
      .then({ ...deposited(5n), ...REMARKS });
  });
});

const atMost = (perWithdrawal: bigint): AccountEvent =>
  a.limitsSet({ perWithdrawal: minor(perWithdrawal) });
const aDay = (perDay: bigint): AccountEvent => a.limitsSet({ perDay: minor(perDay) });
const overTheDay = (allowed: bigint, used: bigint, resetsAt = NEXT_DAY): Refusal => ({
  code: 'limit-exceeded',
  limit: 'perDay',
  allowed: minor(allowed),
  used: minor(used),
  resetsAt,
});

describe('the limit at once', () => {
  test.each([withdraw(1_001n), hold(1_001n), a.send(1_001n), a.reserve(1_001n)])(
    'given a limit of 10.00, when %j, then it is refused',
    (command) => {
      given(...FUNDED, atMost(1_000n))
        .andOther(...FUNDED)
        .when(command)
        .then({ code: 'limit-exceeded', limit: 'perWithdrawal', allowed: minor(1_000n) });
    },
  );
  test('given a limit of 10.00 and 90.00 gone in nine, when 10.00 leave, then they do', () => {
    const nine = Array.from({ length: 9 }, () => withdrawn(1_000n));
    given(...FUNDED, atMost(1_000n), ...nine)
      .when(withdraw(1_000n))
      .then(withdrawn(1_000n));
  });
  test('given limits, when they are set again without one, then that one is gone', () => {
    given(...FUNDED, a.limitsSet({ perWithdrawal: minor(1n), perDay: minor(1n) }))
      .when({ type: 'set-limits' })
      .then(a.limitsSet({}))
      .leaving({ limits: {} });
    given(...FUNDED, atMost(1n), a.limitsSet({}))
      .when(withdraw(10_000n))
      .then(withdrawn(10_000n));
  });
});

describe('the limit of a day', () => {
  const spent = given(...FUNDED, aDay(1_500n), withdrawn(1_000n));
  test('given 15.00 a day and 10.00 gone, when 5.01 leave, then it says what was used', () => {
    spent.when(withdraw(501n), LAST_MINUTE).then(overTheDay(1_500n, 1_000n));
  });
  test('given 15.00 a day and 10.00 gone, when 5.00 leave, then they do', () => {
    spent.when(withdraw(500n), LAST_MINUTE).then(withdrawn(500n, LAST_MINUTE));
  });
  test('given 15.00 a day and all of it gone, when the next day begins, then 15.00 leave', () => {
    given(...FUNDED, aDay(1_500n), withdrawn(1_500n))
      .when(withdraw(1_500n), NEXT_DAY)
      .then(withdrawn(1_500n, NEXT_DAY));
  });
  test('given a hold of the whole day, when 0.01 leaves, then it is refused', () => {
    given(...FUNDED, aDay(1_500n), holdPlaced(1_500n))
      .when(withdraw(1n))
      .then(overTheDay(1_500n, 1_500n));
  });
  test('given that it was voided on its day, when 15.00 leave, then they do', () => {
    given(...FUNDED, aDay(1_500n), holdPlaced(1_500n), a.holdVoided(1_500n))
      .when(withdraw(1_500n))
      .then(withdrawn(1_500n));
  });
  test('given that it was voided a day later, when the rest leaves, then none is gained', () => {
    const later = given(
      ...FUNDED,
      aDay(1_500n),
      holdPlaced(1_500n),
      withdrawn(1_000n, NEXT_DAY),
      a.holdVoided(1_500n, NEXT_DAY),
    );
    const resetsAt = '2026-11-23T00:00:00.000Z';
    later.when(withdraw(501n), NEXT_DAY).then(overTheDay(1_500n, 1_000n, resetsAt));
    later.when(withdraw(500n), NEXT_DAY).then(withdrawn(500n, NEXT_DAY));
  });
  test('given a partial capture, when the rest leaves, then only what was captured counts', () => {
    given(...FUNDED, aDay(1_500n), holdPlaced(1_500n), a.holdCaptured(400n, 1_100n))
      .when(withdraw(1_100n))
      .then(withdrawn(1_100n));
  });
  test('given a limit of nothing, when money leaves, then it is refused; it may come', () => {
    const closedForWithdrawals = given(...FUNDED, aDay(0n));
    closedForWithdrawals.when(withdraw(1n)).then(overTheDay(0n, 0n));
    closedForWithdrawals.when(deposit(1n)).then(deposited(1n));
  });
});

describe('freezing and closing', () => {
  const IS_FROZEN: Refusal = { code: 'account-frozen' };
  const IS_CLOSED: Refusal = { code: 'account-closed' };
  const NO_HOLD: Refusal = { code: 'hold-not-found' };
  const NO_TRANSFER: Refusal = { code: 'transfer-not-found' };
  const details: AccountEvent = { type: 'details-set', at: AT, name: 'x' };
  const recording: AccountEvent = { type: 'refusal-recording-set', at: AT, recordRefusals: true };
  const ROWS: readonly (readonly [Command | TransferCommand, Refusal | AccountEvent, Refusal])[] = [
    [deposit(1n), IS_FROZEN, IS_CLOSED],
    [withdraw(1n), IS_FROZEN, IS_CLOSED],
    [hold(1n), IS_FROZEN, IS_CLOSED],
    [a.capture(), NO_HOLD, NO_HOLD],
    [a.reserve(1n), IS_FROZEN, IS_CLOSED],
    [a.send(1n), IS_FROZEN, IS_CLOSED],
    [a.captureTransfer(), NO_TRANSFER, NO_TRANSFER],
    [reverse(2), IS_FROZEN, IS_CLOSED],
    [FREEZE, IS_FROZEN, IS_CLOSED],
    [CLOSE, IS_FROZEN, IS_CLOSED],
    [UNFREEZE, a.unfrozen, IS_CLOSED],
    [a.setOverdraftLimit(5n), a.overdraftLimitSet(5n), IS_CLOSED],
    [{ type: 'set-limits' }, a.limitsSet({}), IS_CLOSED],
    [{ type: 'set-details', name: 'x' }, details, IS_CLOSED],
    [{ type: 'set-refusal-recording', recordRefusals: true }, recording, IS_CLOSED],
  ];
  test.each(ROWS)('given a frozen account, when %j, then %j', (command, outcome) => {
    given(...FUNDED, a.frozen)
      .andOther(...FUNDED)
      .when(command)
      .then(outcome as AccountEvent);
  });
  test.each(ROWS)(
    'given a closed account, when %j, then (not %j but) %j',
    (command, _, outcome) => {
      given(...FUNDED, withdrawn(10_000n), a.closed)
        .andOther(...FUNDED)
        .when(command)
        .then(outcome);
    },
  );
  test('given an account without money, when it is closed, then it is closed', () => {
    given(opened()).when(CLOSE).then(a.closed).leaving({ status: 'closed' });
  });
  test('given an open account, when it is frozen, then it is frozen', () => {
    given(opened()).when(FREEZE).then(a.frozen).leaving({ status: 'frozen' });
  });
  test('given an account that is not frozen, when it is unfrozen, then it is refused', () => {
    given(...FUNDED)
      .when(UNFREEZE)
      .then({ code: 'account-not-frozen' });
  });
  test('given money on it, when it is closed, then the refusal says how much', () => {
    given(...FUNDED)
      .when(CLOSE)
      .then({ code: 'balance-not-zero', ledger: minor(10_000n), held: minor(0n) });
  });
  test('given a hold of its overdraft only, when it is closed, then the refusal says so', () => {
    given(opened(500n), holdPlaced(500n))
      .when(CLOSE)
      .then({ code: 'balance-not-zero', ledger: minor(0n), held: minor(500n) });
  });
});

describe('settings', () => {
  const inUse = given(...FUNDED, a.overdraftLimitSet(500n), withdrawn(10_300n));
  test('given 3.00 of an overdraft in use, when lowered to 2.99, then 0.01 is missing', () => {
    inUse.when(a.setOverdraftLimit(299n)).then(lacking(200n, 1n));
  });
  test('given 3.00 of an overdraft in use, when it is lowered to 3.00, then none is left', () => {
    inUse
      .when(a.setOverdraftLimit(300n))
      .then(a.overdraftLimitSet(300n))
      .leaving({ available: 0n });
  });
  const recorded = (recordRefusals: boolean): AccountEvent => ({
    type: 'refusal-recording-set',
    at: AT,
    recordRefusals,
  });
  test.each([
    [false, [] as AccountEvent[]],
    [true, [recorded(false)]],
    [true, [recorded(true)]],
    [false, [recorded(true)]],
  ])('when the recording of refusals is set to %j after %j, then it is so', (is, before) => {
    given(...FUNDED, ...before)
      .when({ type: 'set-refusal-recording', recordRefusals: is })
      .then(recorded(is))
      .leaving({ recordRefusals: is ? true : undefined });
  });
  test('given details, when they are set without them, then they are removed', () => {
    given(...FUNDED, { type: 'details-set', at: AT, name: 'x', metadata: { a: 'b' } })
      .when({ type: 'set-details' })
      .then({ type: 'details-set', at: AT })
      .leaving({ name: undefined, metadata: undefined });
  });
  test('when details are set, then the account has them', () => {
    const details = { name: 'x', metadata: { a: 'b' } };
    given(...FUNDED)
      .when({ type: 'set-details', ...details })
      .then({ type: 'details-set', at: AT, ...details })
      .leaving(details);
  });
});

describe('reversals', () => {
  test.each([
    ['deposit', deposited(300n), 'debit'],
    ['withdrawal', withdrawn(300n), 'credit'],
  ] as const)('given a %s, when it is reversed, then it never was', (_what, event, direction) => {
    given(...FUNDED, event)
      .when(reverse(3))
      .then(a.reversed(3, direction, 300n))
      .leaving({ ledger: minor(10_000n) });
  });
  test.each([
    ['deposit', deposited(300n), 'debit'],
    ['withdrawal', withdrawn(300n), 'credit'],
  ] as const)('given a %s that was reversed, when it is again, then it is refused', (...row) => {
    given(...FUNDED, row[1], a.reversed(3, row[2], 300n))
      .when(reverse(3))
      .then({ code: 'already-reversed', version: version(4) });
  });
  test('given a partial capture, when it is reversed, then what was captured comes back', () => {
    given(...FUNDED, holdPlaced(3_000n), a.holdCaptured(1_000n, 2_000n))
      .when(reverse(4))
      .then(a.reversed(4, 'credit', 1_000n))
      .leaving({ ledger: minor(10_000n), held: minor(0n) });
  });
  test('given a deposit that is spent or held, when it is reversed, then 0.01 is missing', () => {
    for (const used of [withdrawn(1n), holdPlaced(1n)]) {
      given(...FUNDED, used)
        .when(reverse(2))
        .then(lacking(9_999n, 1n));
    }
  });
  const life = given(
    ...FUNDED,
    holdPlaced(1n),
    a.holdVoided(1n),
    deposited(5n),
    a.reversed(5, 'debit', 5n),
  );
  test.each([99, Number.MAX_SAFE_INTEGER])(
    'given no version %i, when reversed: not found',
    (at) => {
      life.when(reverse(at)).then({ code: 'event-not-found' });
    },
  );
  test.each([
    [1, 'account-opened'],
    [3, 'hold-placed'],
    [4, 'hold-voided'],
    [6, 'movement-reversed'],
  ] as const)('given version %i, %s, when it is reversed, then it is refused', (at, eventType) => {
    life.when(reverse(at)).then({ code: 'not-reversible', eventType });
  });
});
