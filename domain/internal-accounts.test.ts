import { available, evolve, NO_ACCOUNT, type ExistingAccount } from './account.ts';
import type { Command } from './account-commands.ts';
import { decide } from './account-decisions.ts';
import type { Currency } from './currency.ts';
import { accountIdOfSerial } from './account-number.ts';
import { holdId, ownerId, transferId } from './ids.ts';
import { minor, ZERO } from './money.ts';
import { decideTransfer } from './transfer-decisions.ts';

const AT = '2026-11-28T12:00:00.000Z';
const CZK = 'CZK' as Currency;
const BARE = {
  type: 'open-account',
  currency: CZK,
  overdraftLimit: ZERO,
  initialDeposit: ZERO,
} as const;
const HOLD = holdId('00000000-0000-8000-8000-000000000001');

const after = (account: typeof NO_ACCOUNT | ExistingAccount, command: Command): ExistingAccount => {
  const decision = decide(account, command, AT);
  if (!decision.ok) throw new Error(decision.refusal.code);
  return decision.events.reduce<typeof account>(evolve, account) as ExistingAccount;
};
const internal = after(NO_ACCOUNT, { ...BARE, kind: 'internal', code: '1021' });
const customer = after(NO_ACCOUNT, { ...BARE, ownerId: ownerId('jana') });
const refusalOf = (account: ExistingAccount | typeof NO_ACCOUNT, command: Command) => {
  const decision = decide(account, command, AT);
  return decision.ok ? undefined : decision.refusal;
};

test('an internal account has a code, and no owner', () => {
  expect(internal).toMatchObject({ kind: 'internal', code: '1021', ledger: 0n });
  expect(internal).not.toHaveProperty('ownerId');
});

test.each<[string, object, string]>([
  ['no owner of a customer', {}, '/ownerId'],
  ['an owner of an internal account', { kind: 'internal', ownerId: 'jana' }, '/ownerId'],
  ['a code of a customer', { ownerId: 'jana', code: '1' }, '/code'],
  [
    'a limit of an internal account',
    { kind: 'internal', overdraftLimit: minor(1n) },
    '/overdraftLimit',
  ],
])('an opening with %s is refused', (_name, terms, at) => {
  const refusal = refusalOf(NO_ACCOUNT, { ...BARE, ...terms } as Command);
  expect(refusal).toMatchObject({ code: 'invalid-request', at });
});

test('it goes below zero without a limit: by a withdrawal, a hold, a capture or a transfer', () => {
  const much = minor(10n ** 12n);
  const drawn = after(internal, { type: 'withdraw', amount: much });
  expect([drawn.ledger, available(drawn)]).toEqual([-much, -much]);
  const held = after(drawn, { type: 'place-hold', holdId: HOLD, amount: much });
  const captured = after(held, { type: 'capture-hold', holdId: HOLD });
  expect([captured.ledger, captured.held]).toEqual([-2n * much, 0n]);
  const [from, to] = [accountIdOfSerial(1n)!, accountIdOfSerial(2n)!];
  const sides = { sourceId: from, source: captured, target: customer };
  const id = transferId('00000000-0000-8000-8000-000000000002');
  const send = { type: 'send-transfer', transferId: id, toAccountId: to, amount: much } as const;
  expect(decideTransfer(sides, send, AT, {})).toMatchObject({ ok: true });
  const back = { ...sides, source: customer, target: captured };
  expect(decideTransfer(back, send, AT, {})).toMatchObject({
    ok: false,
    refusal: { code: 'insufficient-funds', available: 0n },
  });
});

test('all else of an account holds for it: blocks, limits, freezing, an end at zero', () => {
  const withdraw = { type: 'withdraw', amount: minor(1n) } as const;
  const blocked = after(internal, { type: 'block', direction: 'debit' });
  expect(refusalOf(blocked, withdraw)).toMatchObject({ code: 'account-blocked' });
  const limited = after(internal, { type: 'set-limits', perWithdrawal: minor(1n) });
  expect(refusalOf(limited, { ...withdraw, amount: minor(2n) })).toMatchObject({
    code: 'limit-exceeded',
  });
  expect(refusalOf(after(internal, { type: 'freeze' }), withdraw)).toMatchObject({
    code: 'account-frozen',
  });
  expect(refusalOf(after(internal, withdraw), { type: 'close' })).toMatchObject({
    code: 'balance-not-zero',
  });
  expect(refusalOf(internal, { type: 'set-overdraft-limit', amount: minor(1n) })).toMatchObject({
    code: 'invalid-request',
  });
});
