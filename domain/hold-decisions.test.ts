import * as a from './account-events-for-tests.ts';
import type { AccountEvent, EventOf, Limits } from './account-events.ts';
import { AT, given } from './account-specification-for-tests.ts';
import { HOLDS_OPEN_MAX } from './hold-decisions.ts';
import { holdId, version } from './ids.ts';
import { minor } from './money.ts';

const { capture, EXPIRE, FUNDED, hold, holdPlaced, lacking, VOID } = a;
const ONE = '2026-11-21T01:00:00Z';
const A_MOMENT_BEFORE = '2026-11-21T00:59:59.999Z';
const YEARS_LATER = '2035-02-03T00:00:00.000Z';

describe('placing a hold', () => {
  test('given 100.00, when 30.00 are held, then the ledger stays and 70.00 are available', () => {
    given(...FUNDED)
      .when(hold(3_000n))
      .then(holdPlaced(3_000n))
      .leaving({ ledger: minor(10_000n), held: minor(3_000n), available: 7_000n });
  });
  test('given 100.00, when 100.01 are to be held, then 0.01 is missing', () => {
    given(...FUNDED)
      .when(hold(10_001n))
      .then(lacking(10_000n, 1n));
  });
  test('given a hold of all money, when 0.01 is withdrawn, then it is missing', () => {
    given(...FUNDED, holdPlaced(10_000n))
      .when(a.withdraw(1n))
      .then(lacking(0n, 1n));
  });
  test('when a hold would end now, then its end is invalid', () => {
    const message = 'must be in the future';
    given(...FUNDED)
      .when(hold(1n, AT))
      .then({ code: 'invalid-request', at: '/expiresAt', message });
  });

  const heldAs = (at: number) => holdId(`00000000-0000-8000-8000-${String(at).padStart(12, '0')}`);
  const full = Array.from({ length: HOLDS_OPEN_MAX }, (_none, at) => ({
    ...holdPlaced(1n),
    holdId: heldAs(at),
  }));
  const oneMore = heldAs(HOLDS_OPEN_MAX);
  test(`given ${HOLDS_OPEN_MAX} open holds, when one more is placed, then it is refused`, () => {
    given(...FUNDED, ...full)
      .when({ type: 'place-hold', holdId: oneMore, amount: minor(1n) })
      .then({ code: 'too-many-open', limit: HOLDS_OPEN_MAX });
  });
  test('given that one of them was voided, when one more is placed, then it is held', () => {
    const voided = { ...a.holdVoided(1n), holdId: heldAs(0) } as const;
    given(...FUNDED, ...full, voided)
      .when({ type: 'place-hold', holdId: oneMore, amount: minor(1n) })
      .then({ ...holdPlaced(1n), holdId: oneMore });
  });
});

describe('capturing a hold', () => {
  test('given a hold, when all of it is captured, then it has left the ledger', () => {
    given(...FUNDED, holdPlaced(3_000n))
      .when(capture())
      .then(a.holdCaptured(3_000n))
      .leaving({ ledger: minor(7_000n), held: minor(0n), holds: [] });
  });
  test('given a hold of 30.00, when 10.00 are captured, then 20.00 are available again', () => {
    given(...FUNDED, holdPlaced(3_000n))
      .when(capture(1_000n))
      .then(a.holdCaptured(1_000n, 2_000n))
      .leaving({ available: 9_000n });
  });
  test('given a hold of 30.00, when 30.01 are captured, then the refusal says what is held', () => {
    given(...FUNDED, holdPlaced(3_000n))
      .when(capture(3_001n))
      .then({ code: 'hold-amount-exceeded', held: minor(3_000n) });
  });
});

describe('capturing more than is held', () => {
  const allowing = (limits: Limits = {}) =>
    given(...FUNDED, a.limitsSet({ ...limits, captureAboveHold: true }), holdPlaced(3_000n));
  const above = (units: bigint): AccountEvent => ({
    ...(a.holdCaptured(3_000n + units) as EventOf<'hold-captured'>),
    aboveHold: minor(units),
  });
  test('given an account that allows it, when a tip comes on top, then all of it leaves', () => {
    allowing()
      .when(capture(3_450n))
      .then(above(450n))
      .leaving({ ledger: minor(6_550n), held: minor(0n), available: 6_550n, holds: [] });
  });
  test('given 70.00 available, when 70.01 come on top, then 0.01 is missing', () => {
    allowing().when(capture(10_000n)).then(above(7_000n)).leaving({ available: 0n });
    allowing()
      .when(capture(10_001n))
      .then({ code: 'insufficient-funds', available: minor(7_000n), shortfall: minor(1n) });
  });
  test('given a limit at once, when hold and rest are more together, then it is refused', () => {
    const perWithdrawal = minor(3_400n);
    allowing({ perWithdrawal }).when(capture(3_400n)).then(above(400n));
    allowing({ perWithdrawal })
      .when(capture(3_401n))
      .then({ code: 'limit-exceeded', limit: 'perWithdrawal', allowed: perWithdrawal });
  });
  test('given a limit a day, then the rest counts on top of the hold', () => {
    const perDay = minor(3_400n);
    allowing({ perDay })
      .when(capture(3_400n))
      .then(above(400n))
      .leaving({ spent: { day: '2026-11-21', amount: minor(3_400n) } });
    allowing({ perDay })
      .when(capture(3_401n))
      .then({
        code: 'limit-exceeded',
        limit: 'perDay',
        allowed: perDay,
        used: minor(3_000n),
        resetsAt: '2026-11-22T00:00:00.000Z',
      });
  });
  test('given a block of debits, then the hold may be captured and nothing on top', () => {
    const blocked = given(...FUNDED, a.limitsSet({ captureAboveHold: true }), holdPlaced(3_000n), {
      type: 'account-blocked',
      at: AT,
      blocked: 'debit',
    });
    blocked.when(capture(3_000n)).then(a.holdCaptured(3_000n));
    blocked.when(capture(3_001n)).then({ code: 'account-blocked', direction: 'debit' });
  });
  test('given an account that allows it no more, then it is refused', () => {
    given(...FUNDED, a.limitsSet({ captureAboveHold: true }), holdPlaced(3_000n), a.limitsSet({}))
      .when(capture(3_001n))
      .then({ code: 'hold-amount-exceeded', held: minor(3_000n) });
  });
});

describe('a hold ends once', () => {
  const ENDS = [capture(), capture(1n), VOID, EXPIRE];
  test.each([
    ['captured', a.holdCaptured(3_000n)],
    ['voided', a.holdVoided(3_000n)],
  ])('given a hold that was %s, when it ends again, then the refusal names the end', (_, end) => {
    for (const again of ENDS) {
      given(...FUNDED, holdPlaced(3_000n), end)
        .when(again)
        .then({ code: 'hold-already-resolved', version: version(4) });
    }
  });
  test.each(ENDS)('given no hold of that id, when %j, then it is not found', (end) => {
    given(...FUNDED)
      .when(end)
      .then({ code: 'hold-not-found' });
  });
});

describe('the end of a hold', () => {
  const until = given(...FUNDED, holdPlaced(3_000n, ONE));
  test('given a hold until one, when it expires a moment before, then it is not due', () => {
    until.when(EXPIRE, A_MOMENT_BEFORE).then({ code: 'hold-not-due' });
  });
  test('given a hold until one, when it expires at one, then all is available again', () => {
    until.when(EXPIRE, ONE).then(a.holdExpired(3_000n, ONE)).leaving({ available: 10_000n });
  });
  test('given a hold that is due, when it is captured, then it is refused, event or not', () => {
    until.when(capture(), ONE).then({ code: 'hold-expired' });
  });
  test('given a hold that is due, when it is voided, then it is voided', () => {
    until.when(VOID, ONE).then(a.holdVoided(3_000n, ONE));
  });
  test('given a hold that was voided when due, when it expires, then it has ended', () => {
    given(...FUNDED, holdPlaced(3_000n, ONE), a.holdVoided(3_000n, ONE))
      .when(EXPIRE, ONE)
      .then({ code: 'hold-already-resolved', version: version(4) });
  });
  test('given a hold without an end, when it expires years later, then it is not due', () => {
    given(...FUNDED, holdPlaced(3_000n))
      .when(EXPIRE, YEARS_LATER)
      .then({ code: 'hold-not-due' });
  });
});

describe('a hold of a frozen account', () => {
  const until = given(...FUNDED, holdPlaced(1n, ONE), a.frozen);
  test('when it is captured, then it is refused', () => {
    until.when(capture()).then({ code: 'account-frozen' });
  });
  test('when it is due, then it expires', () => {
    until.when(EXPIRE, ONE).then(a.holdExpired(1n, ONE));
  });
  test('when it is voided, then it is voided', () => {
    until.when(VOID).then(a.holdVoided(1n));
  });
});
