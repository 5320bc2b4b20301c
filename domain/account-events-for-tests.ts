import type { Command, CommandOf, TransferCommand } from './account-commands.ts';
import type { AccountEvent, EventOf, Limits } from './account-events.ts';
import { AT, OTHER, OWN } from './account-specification-for-tests.ts';
import type { Currency } from './currency.ts';
import { holdId, ownerId, version, type TransferId } from './ids.ts';
import { minor } from './money.ts';
import { transferIdOf } from './transfer-id.ts';

// The words of the specifications of the rules: commands in the imperative, events in the past
// tense. Amounts are minor units; what a test does not name is the same everywhere.

const H = holdId('00000000-0000-8000-8000-000000000001');
export const T = transferIdOf(OWN, 7n);
const CZK = 'CZK' as Currency;
const OWNER = ownerId('jana');

const expiring = (expiresAt?: string) => (expiresAt === undefined ? {} : { expiresAt });
const amounting = (units?: bigint) => (units === undefined ? {} : { amount: minor(units) });

export const open = (overdraft = 0n, initialDeposit = 0n): CommandOf<'open-account'> => ({
  type: 'open-account',
  ownerId: OWNER,
  currency: CZK,
  overdraftLimit: minor(overdraft),
  initialDeposit: minor(initialDeposit),
});
export const deposit = (units: bigint): CommandOf<'deposit'> => ({
  type: 'deposit',
  amount: minor(units),
});
export const withdraw = (units: bigint): CommandOf<'withdraw'> => ({
  type: 'withdraw',
  amount: minor(units),
});
export const reverse = (count: number): Command => ({ type: 'reverse', version: version(count) });
export const setOverdraftLimit = (units: bigint): Command => ({
  type: 'set-overdraft-limit',
  amount: minor(units),
});
export const FREEZE: Command = { type: 'freeze' };
export const UNFREEZE: Command = { type: 'unfreeze' };
export const CLOSE: Command = { type: 'close' };

export const hold = (units: bigint, expiresAt?: string): Command => ({
  type: 'place-hold',
  holdId: H,
  amount: minor(units),
  ...expiring(expiresAt),
});
export const capture = (units?: bigint): Command => ({
  type: 'capture-hold',
  holdId: H,
  ...amounting(units),
});
export const VOID: Command = { type: 'void-hold', holdId: H };
export const EXPIRE: Command = { type: 'expire-hold', holdId: H };

export const send = (units: bigint, toAccountId = OTHER): CommandOf<'send-transfer'> => ({
  type: 'send-transfer',
  transferId: T,
  toAccountId,
  amount: minor(units),
});
export const reserve = (units: bigint, expiresAt?: string): CommandOf<'reserve-transfer'> => ({
  type: 'reserve-transfer',
  transferId: T,
  toAccountId: OTHER,
  amount: minor(units),
  ...expiring(expiresAt),
});
export const captureTransfer = (units?: bigint): TransferCommand => ({
  type: 'capture-transfer',
  transferId: T,
  ...amounting(units),
});
export const VOID_TRANSFER: TransferCommand = { type: 'void-transfer', transferId: T };
export const EXPIRE_TRANSFER: TransferCommand = { type: 'expire-transfer', transferId: T };

export const opened = (overdraft = 0n, currency = CZK): AccountEvent => ({
  type: 'account-opened',
  at: AT,
  ownerId: OWNER,
  currency,
  overdraftLimit: minor(overdraft),
});
export const deposited = (units: bigint): EventOf<'money-deposited'> => ({
  type: 'money-deposited',
  at: AT,
  amount: minor(units),
});
export const withdrawn = (units: bigint, at = AT): AccountEvent => ({
  type: 'money-withdrawn',
  at,
  amount: minor(units),
});
export const reversed = (
  count: number,
  direction: 'credit' | 'debit',
  units: bigint,
): AccountEvent => ({
  type: 'movement-reversed',
  at: AT,
  reverses: version(count),
  direction,
  amount: minor(units),
});
export const overdraftLimitSet = (units: bigint): AccountEvent => ({
  type: 'overdraft-limit-set',
  at: AT,
  overdraftLimit: minor(units),
});
export const limitsSet = (limits: Limits): AccountEvent => ({
  type: 'limits-set',
  at: AT,
  ...limits,
});
export const frozen: AccountEvent = { type: 'account-frozen', at: AT };
export const unfrozen: AccountEvent = { type: 'account-unfrozen', at: AT };
export const closed: AccountEvent = { type: 'account-closed', at: AT };

export const holdPlaced = (units: bigint, expiresAt?: string): EventOf<'hold-placed'> => ({
  type: 'hold-placed',
  at: AT,
  holdId: H,
  amount: minor(units),
  ...expiring(expiresAt),
});
export const holdCaptured = (units: bigint, released = 0n): AccountEvent => ({
  type: 'hold-captured',
  at: AT,
  holdId: H,
  amount: minor(units),
  released: minor(released),
});
export const holdVoided = (units: bigint, at = AT): AccountEvent => ({
  type: 'hold-voided',
  at,
  holdId: H,
  amount: minor(units),
});
export const holdExpired = (units: bigint, at: string): AccountEvent => ({
  type: 'hold-expired',
  at,
  holdId: H,
  amount: minor(units),
});

interface Legs {
  readonly id?: TransferId;
  readonly reverses?: TransferId;
}
const leg = (units: bigint, { id = T, reverses }: Legs) => ({
  at: AT,
  transferId: id,
  amount: minor(units),
  ...(reverses === undefined ? {} : { reversesTransferId: reverses }),
});
/** A transfer between the account and the other one, as it stands in the stream of either. */
export const sent = (units: bigint, legs: Legs = {}): AccountEvent => ({
  type: 'transfer-sent',
  otherAccountId: OTHER,
  ...leg(units, legs),
});
export const received = (units: bigint, legs: Legs & { from?: typeof OWN } = {}): AccountEvent => ({
  type: 'transfer-received',
  otherAccountId: legs.from ?? OWN,
  ...leg(units, legs),
});
export const reserved = (units: bigint, expiresAt?: string): EventOf<'transfer-reserved'> => ({
  type: 'transfer-reserved',
  otherAccountId: OTHER,
  ...leg(units, {}),
  ...expiring(expiresAt),
});
export const transferCaptured = (units: bigint, released = 0n): AccountEvent => ({
  type: 'transfer-captured',
  otherAccountId: OTHER,
  released: minor(released),
  ...leg(units, {}),
});
export const released = (
  units: bigint,
  reason: 'voided' | 'expired' = 'voided',
  at = AT,
): AccountEvent => ({
  type: 'transfer-released',
  otherAccountId: OTHER,
  ...leg(units, {}),
  at,
  reason,
});

/** An account with 100.00 on it and no overdraft: its versions 1 and 2. */
export const FUNDED = [opened(), deposited(10_000n)] as const;
/** The refusal for lack of funds. */
export const lacking = (spendable: bigint, shortfall: bigint) =>
  ({
    code: 'insufficient-funds',
    available: minor(spendable),
    shortfall: minor(shortfall),
  }) as const;
