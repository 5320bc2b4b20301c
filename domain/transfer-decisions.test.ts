import * as a from './account-events-for-tests.ts';
import { AT, given, OTHER, OWN } from './account-specification-for-tests.ts';
import type { Command, Refusal, TransferCommand } from './account-commands.ts';
import type { AccountEvent } from './account-events.ts';
import { currencyOf } from './currency.ts';
import { version } from './ids.ts';
import { minor } from './money.ts';
import { TRANSFERS_PENDING_MAX } from './transfer-decisions.ts';
import { transferIdOf } from './transfer-id.ts';

const { captureTransfer, EXPIRE_TRANSFER, FUNDED, lacking, received, released } = a;
const { reserve, reserved, send, sent, T, transferCaptured, VOID_TRANSFER, withdrawn } = a;
const ONE = '2026-11-21T01:00:00Z';
const A_MOMENT_BEFORE = '2026-11-21T00:59:59.999Z';
const YEARS_LATER = '2035-02-03T00:00:00.000Z';

const given100Each = (...events: readonly AccountEvent[]) =>
  given(...FUNDED, ...events).andOther(...FUNDED);
const atTarget = <Of extends Refusal>(refusal: Of) => ({ ...refusal, side: 'target' as const });

describe('direct transfers', () => {
  test('given 100.00 each, when 30.00 are sent, then both accounts have moved at once', () => {
    const after = given100Each().when(send(3_000n)).then(sent(3_000n), received(3_000n));
    after.leaving({ ledger: minor(7_000n), held: minor(0n), transfers: [] });
    after.leavingOther({ ledger: minor(13_000n) });
  });
  test('when money is sent with remarks, then both legs bear them', () => {
    const remarks = { description: 'rent', reference: 'r-1', metadata: { a: 'b' } };
    given100Each()
      .when({ ...send(1n), ...remarks })
      .then({ ...sent(1n), ...remarks }, { ...received(1n), ...remarks });
  });
  test('when money is sent to the account itself, then it is refused', () => {
    given100Each().when(send(1n, OWN)).then({ code: 'same-account' });
  });
  const MISSING: AccountEvent[] = [];
  const FROZEN = [...FUNDED, a.frozen];
  const CLOSED = [...FUNDED, withdrawn(10_000n), a.closed];
  test.each([
    ['missing', 'account-not-found', MISSING],
    ['frozen', 'account-frozen', FROZEN],
    ['closed', 'account-closed', CLOSED],
  ] as const)('given a %s target, when money is sent or reserved, then %s', (_, code, events) => {
    for (const command of [send(1n), reserve(1n)]) {
      given(...FUNDED)
        .andOther(...events)
        .when(command)
        .then(atTarget({ code }));
    }
  });
  test('given too little money and a frozen target, when sent, then funds are missing', () => {
    given(...FUNDED)
      .andOther(...FROZEN)
      .when(send(10_001n))
      .then(lacking(10_000n, 1n));
  });
  test.each([send(1n), reserve(1n)])(
    'given no funds and a target in another currency, when %j, then the currency is named',
    (command) => {
      const currency = currencyOf('KWD')!;
      given(a.opened())
        .andOther(a.opened(0n, currency))
        .when(command)
        .then(atTarget({ code: 'currency-mismatch', currency }));
    },
  );
});

describe('reversals of transfers', () => {
  /** A transfer that the other account sent, and the one that sends it back. */
  const theirs = transferIdOf(OTHER, 8n);
  const got = (units: bigint): AccountEvent => received(units, { id: theirs, from: OTHER });
  const back = (units: bigint): TransferCommand => ({ ...send(units), reversesTransferId: theirs });
  const sentBack = (units: bigint): AccountEvent[] => [
    sent(units, { reverses: theirs }),
    received(units, { reverses: theirs }),
  ];
  test('given a transfer, when the target sends it back, then both are as before', () => {
    given100Each(got(3_000n))
      .when(back(3_000n))
      .then(...sentBack(3_000n))
      .leaving({ ledger: minor(10_000n) });
  });
  test('given that it was sent back, when it is again, then it is refused', () => {
    given100Each(got(3_000n), sentBack(3_000n)[0]!)
      .when({ ...back(3_000n), transferId: transferIdOf(OWN, 9n) } as TransferCommand)
      .then({ code: 'already-reversed', version: version(4) });
  });
  test('given 10.00 received, when 30.00 are sent back, then that is no reversal', () => {
    given100Each(got(1_000n))
      .when(back(3_000n))
      .then({ code: 'not-reversible', eventType: 'transfer-received' });
  });
  test('given 10.00 received, when 10.00 are sent back, then they are', () => {
    given100Each(got(1_000n))
      .when(back(1_000n))
      .then(...sentBack(1_000n));
  });
  test('given a reversal that came, when it is sent back, then it is, as any transfer', () => {
    const itself = received(3_000n, { id: theirs, from: OTHER, reverses: T });
    given100Each(sent(3_000n), itself)
      .when({ ...back(3_000n), transferId: transferIdOf(OWN, 10n) } as TransferCommand)
      .then(...sentBack(3_000n).map((leg) => ({ ...leg, transferId: transferIdOf(OWN, 10n) })));
  });
  test('given nothing that came, when it is sent back, then the transfer is not found', () => {
    given100Each().when(back(1n)).then({ code: 'transfer-not-found' });
  });
  test('given the source itself, when it takes back what it sent, then it is refused', () => {
    const again = { ...send(3_000n), transferId: transferIdOf(OWN, 9n), reversesTransferId: T };
    given100Each(sent(3_000n))
      .when(again)
      .then({ code: 'not-reversible', eventType: 'transfer-sent' });
  });
  test('given money that was spent meanwhile, when it is sent back, then funds are missing', () => {
    given100Each(got(3_000n), withdrawn(12_000n)).when(back(3_000n)).then(lacking(1_000n, 2_000n));
  });
});

describe('reserving', () => {
  test('given 100.00, when 30.00 are reserved, then they are held and in the ledger', () => {
    given100Each()
      .when(reserve(3_000n))
      .then(reserved(3_000n))
      .leaving({ ledger: minor(10_000n), held: minor(3_000n) });
  });
  test('when a reservation would end now, then its end is invalid', () => {
    given100Each()
      .when(reserve(1n, AT))
      .then({ code: 'invalid-request', at: '/expiresAt', message: 'must be in the future' });
  });
  test('given a pending transfer of all money, when its source is closed, then refused', () => {
    given100Each(reserved(10_000n))
      .when(a.CLOSE)
      .then({ code: 'balance-not-zero', ledger: minor(10_000n), held: minor(10_000n) });
  });
  const pending = Array.from({ length: TRANSFERS_PENDING_MAX }, (_none, fill) => ({
    ...reserved(1n),
    transferId: transferIdOf(OWN, BigInt(fill)),
  }));
  const oneMore = transferIdOf(OWN, BigInt(TRANSFERS_PENDING_MAX));
  test(`given ${TRANSFERS_PENDING_MAX} pending, when one more is reserved, then refused`, () => {
    given100Each(...pending)
      .when({ ...reserve(1n), transferId: oneMore })
      .then({ code: 'too-many-open', limit: TRANSFERS_PENDING_MAX });
  });
  test(`given ${TRANSFERS_PENDING_MAX} pending, when money is sent at once, then it is`, () => {
    given100Each(...pending)
      .when({ ...send(1n), transferId: oneMore })
      .then(sent(1n, { id: oneMore }), received(1n, { id: oneMore }));
  });
});

describe('capturing a reservation', () => {
  test('given a reservation, when it is captured, then both accounts have moved', () => {
    const after = given100Each(reserved(3_000n))
      .when(captureTransfer())
      .then(transferCaptured(3_000n), received(3_000n));
    after.leaving({ ledger: minor(7_000n), held: minor(0n), transfers: [] });
    after.leavingOther({ ledger: minor(13_000n) });
  });
  test('given a reservation of 30.00, when 10.00 are captured, then the rest is released', () => {
    const after = given100Each(reserved(3_000n))
      .when(captureTransfer(1_000n))
      .then(transferCaptured(1_000n, 2_000n), received(1_000n));
    after.leaving({ ledger: minor(9_000n), held: minor(0n), transfers: [] });
    after.leavingOther({ ledger: minor(11_000n) });
  });
  test('given a reservation of 30.00, when 30.01 are captured, then it says the reserve', () => {
    given100Each(reserved(3_000n))
      .when(captureTransfer(3_001n))
      .then({ code: 'transfer-amount-exceeded', reserved: minor(3_000n) });
  });
  test('given a source that was frozen meanwhile, when it is captured, then it is refused', () => {
    given100Each(reserved(1n), a.frozen).when(captureTransfer()).then({ code: 'account-frozen' });
  });
  test('given a source that was frozen meanwhile, when it is voided, then it is voided', () => {
    given100Each(reserved(1n), a.frozen).when(VOID_TRANSFER).then(released(1n));
  });
  test('given a target that was frozen meanwhile, when it is captured, then it is refused', () => {
    given(...FUNDED, reserved(1n))
      .andOther(...FUNDED, a.frozen)
      .when(captureTransfer())
      .then(atTarget({ code: 'account-frozen' }));
  });
  test('given a target that was unfrozen again, when it is captured, then it is captured', () => {
    given(...FUNDED, reserved(1n))
      .andOther(...FUNDED, a.frozen, a.unfrozen)
      .when(captureTransfer())
      .then(transferCaptured(1n), received(1n));
  });
});

describe('a reservation ends once', () => {
  const ENDS = [captureTransfer(), captureTransfer(1n), VOID_TRANSFER, EXPIRE_TRANSFER];
  test.each([
    ['captured', transferCaptured(3_000n)],
    ['voided', released(3_000n)],
  ])('given one that was %s, when it ends again, then the refusal names the end', (_, end) => {
    for (const again of ENDS) {
      given100Each(reserved(3_000n), end)
        .when(again)
        .then({ code: 'transfer-already-ended', version: version(4) });
    }
  });
  test('given a reservation, when it is voided, then all is available again', () => {
    given100Each(reserved(3_000n))
      .when(VOID_TRANSFER)
      .then(released(3_000n))
      .leaving({ ledger: minor(10_000n), held: minor(0n), transfers: [], available: 10_000n });
  });
  test.each(ENDS)('given no such transfer, when %j, then it is not found', (end) => {
    given100Each().when(end).then({ code: 'transfer-not-found' });
  });
});

describe('the end of a reservation', () => {
  const until = given100Each(reserved(3_000n, ONE));
  test('given one until one, when it expires a moment before, then it is not due', () => {
    until.when(EXPIRE_TRANSFER, A_MOMENT_BEFORE).then({ code: 'transfer-not-due' });
  });
  test('given one until one, when it is captured at one, then it is refused', () => {
    until.when(captureTransfer(), ONE).then({ code: 'transfer-expired' });
  });
  test('given one until one, when it expires at one, then all is available again', () => {
    until
      .when(EXPIRE_TRANSFER, ONE)
      .then(released(3_000n, 'expired', ONE))
      .leaving({ available: 10_000n });
  });
  test('given one without an end, when it expires years later, then it is not due', () => {
    given100Each(reserved(3_000n))
      .when(EXPIRE_TRANSFER, YEARS_LATER)
      .then({ code: 'transfer-not-due' });
  });
});

describe('a reservation and the limit of a day', () => {
  const limit = a.limitsSet({ perDay: minor(1_500n) });
  const withdraw = (units: bigint): Command => a.withdraw(units);
  const exceeded = (used: bigint): Refusal => ({
    code: 'limit-exceeded',
    limit: 'perDay',
    allowed: minor(1_500n),
    used: minor(used),
    resetsAt: '2026-11-22T00:00:00.000Z',
  });
  test('given 15.00 reserved of 15.00 a day, when 0.01 leaves, then it is refused', () => {
    given100Each(limit, reserved(1_500n)).when(withdraw(1n)).then(exceeded(1_500n));
  });
  test('given that 4.00 were captured of it, when 11.01 leave, then that is too much', () => {
    given100Each(limit, reserved(1_500n), transferCaptured(400n, 1_100n))
      .when(withdraw(1_101n))
      .then(exceeded(400n));
  });
  test('given that 4.00 were captured of it, when 11.00 leave, then they do', () => {
    given100Each(limit, reserved(1_500n), transferCaptured(400n, 1_100n))
      .when(withdraw(1_100n))
      .then(withdrawn(1_100n));
  });
});
