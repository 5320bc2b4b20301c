import { refuse, type Decision } from './account-commands.ts';
import type {
  AccountEvent,
  Details,
  Direction,
  EventOf,
  Holder,
  Limits,
} from './account-events.ts';
import type { Currency } from './currency.ts';
import {
  unreachable,
  version,
  type AccountId,
  type HoldId,
  type TransferId,
  type Version,
} from './ids.ts';
import { minor, type Minor, ZERO } from './money.ts';
import { movementOf } from './movement.ts';

/**
 * Why an amount may not leave the account now: a block of debits, then the limits, then the
 * available balance.
 * @param amount minor units.
 * @param at the time of the decision (RFC 3339, UTC); its day is the one that `perDay` counts.
 * @param together what leaves at once, where a part of it was set aside before.
 * @returns the refusal, or undefined when the amount may leave.
 */
export function whyNotSpend(
  account: ExistingAccount,
  amount: Minor,
  at: string,
  together: Minor = amount,
): Decision | undefined {
  const blocked = whyNotMove(account, 'debit');
  if (blocked !== undefined) return blocked;
  const { perWithdrawal, perDay } = account.limits;
  if (perWithdrawal !== undefined && together > perWithdrawal) {
    return refuse({ code: 'limit-exceeded', limit: 'perWithdrawal', allowed: perWithdrawal });
  }
  const used = spentOn(account, dayOf(at));
  if (perDay !== undefined && used + amount > perDay) {
    const resetsAt = midnightAfter(at);
    return refuse({ code: 'limit-exceeded', limit: 'perDay', allowed: perDay, used, resetsAt });
  }
  return whyNotLower(account, amount);
}

const midnightAfter = (at: string): string => {
  const next = new Date(`${dayOf(at)}T00:00:00.000Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString();
};

/** The refusal when money may not move in that direction for now; otherwise undefined. */
export const whyNotMove = (
  { blocks }: ExistingAccount,
  direction: Direction,
): Decision | undefined =>
  blocks.includes(direction) ? refuse({ code: 'account-blocked', direction }) : undefined;

/**
 * The refusal when `by` (minor units) is more than is available; otherwise undefined. An internal
 * account may go below zero without a limit.
 */
export function whyNotLower(account: ExistingAccount, by: Minor): Decision | undefined {
  const spendable = available(account);
  if (account.kind === 'internal' || by <= spendable) return undefined;
  const shortfall = minor(by - spendable);
  return refuse({ code: 'insufficient-funds', available: spendable, shortfall });
}

/** The state of an account that was never opened. */
export interface NoAccount {
  readonly status: 'none';
  readonly version: Version;
}

/**
 * Money that is set aside until it is captured, voided or expires. Its metadata stays in its event,
 * because the state is written with every commit.
 */
export interface Hold {
  readonly holdId: HoldId;
  readonly amount: Minor;
  readonly placedAt: string;
  readonly description?: string;
  readonly reference?: string;
  readonly expiresAt?: string;
}

/**
 * Money that is reserved for another account and still in the ledger of this one. Its metadata
 * stays in the event of the reservation, because the state is written with every commit.
 */
export interface PendingTransfer {
  readonly transferId: TransferId;
  readonly otherAccountId: AccountId;
  readonly amount: Minor;
  readonly reservedAt: string;
  readonly description?: string;
  readonly reference?: string;
  readonly valueDate?: string;
  readonly expiresAt?: string;
}

/** A movement of which a part was taken back, and what can still be. */
interface PartReversal {
  readonly version: Version;
  readonly left: Minor;
}

/** What left the account, or was set aside to leave it, on one day of UTC. */
interface DaySpending {
  readonly day: string;
  readonly amount: Minor;
}

/**
 * The state of an account: what its events add up to. Amounts are minor units of its currency,
 * times RFC 3339 in UTC.
 */
export interface ExistingAccount extends Details, Holder {
  readonly status: 'open' | 'frozen' | 'closed';
  readonly version: Version;
  readonly currency: Currency;
  readonly ledger: Minor;
  readonly held: Minor;
  readonly overdraftLimit: Minor;
  readonly limits: Limits;
  readonly spent: DaySpending;
  readonly holds: readonly Hold[];
  readonly transfers: readonly PendingTransfer[];
  /** Directions in which no money may move for now. */
  readonly blocks: readonly Direction[];
  /** Movements that were taken back in part. */
  readonly reversals: readonly PartReversal[];
  /** The account's name in another system of the client. */
  readonly externalId?: string;
  /** Refused commands are recorded before they are answered; missing means they are not. */
  readonly recordRefusals?: true;
  readonly openedAt: string;
  readonly changedAt: string;
}

/** The state that `decide` decides on and `evolve` makes. */
export type Account = NoAccount | ExistingAccount;

/** The state before the first event. */
export const NO_ACCOUNT: NoAccount = { status: 'none', version: version(0) };

/**
 * What can still be spent, in minor units: ledger - held + overdraft limit.
 * @example
 * available(account); // 7_000n with 100.00 in the ledger and 30.00 of it held
 */
export function available(account: ExistingAccount): Minor {
  return minor(account.ledger - account.held + account.overdraftLimit);
}

/** The later of the stream's last time and now, so that its events never go back in time. */
export const clockOf = (changedAt: string, now: string): string =>
  changedAt > now ? changedAt : now;

/** The day (YYYY-MM-DD) of an RFC 3339 time in UTC. */
export const dayOf = (at: string): string => at.slice(0, 10);

/** What already counts against the limit of a day, in minor units. */
export const spentOn = ({ spent }: ExistingAccount, day: string): Minor =>
  spent.day === day ? spent.amount : ZERO;

/**
 * Applies one event to the state before it. Pure.
 * @throws Error when the event cannot follow the state: then the stream is corrupt.
 * @example
 * const account = events.reduce<Account>(evolve, NO_ACCOUNT);
 */
export function evolve(account: Account, event: AccountEvent): ExistingAccount {
  if (event.type === 'account-opened') {
    if (account.status !== 'none') throw new Error('an account was opened twice');
    return opened(event);
  }
  if (account.status === 'none') throw new Error(`${event.type} before the account was opened`);
  const { ledger, held } = movementOf(event);
  const next = {
    ...account,
    version: version(account.version + 1),
    changedAt: event.at,
    ledger: minor(account.ledger + ledger),
    held: minor(account.held + held),
  };
  return change(next, event);
}

function opened({ type: _type, at, ...terms }: EventOf<'account-opened'>): ExistingAccount {
  return {
    ...terms,
    status: 'open',
    version: version(1),
    ledger: ZERO,
    held: ZERO,
    limits: {},
    spent: { day: dayOf(at), amount: ZERO },
    holds: [],
    transfers: [],
    blocks: [],
    reversals: [],
    openedAt: at,
    changedAt: at,
  };
}

type Later = Exclude<AccountEvent, EventOf<'account-opened'>>;

/** What an event changes besides the money, which is moved already. */
function change(account: ExistingAccount, event: Later): ExistingAccount {
  switch (event.type) {
    case 'account-frozen':
      return { ...account, status: 'frozen' };
    case 'account-unfrozen':
      return { ...account, status: 'open' };
    case 'account-closed':
      return { ...account, status: 'closed' };
    case 'account-blocked':
      return { ...account, blocks: [...account.blocks, event.blocked].sort() };
    case 'account-unblocked':
      return { ...account, blocks: account.blocks.filter((one) => one !== event.blocked) };
    case 'overdraft-limit-set':
      return { ...account, overdraftLimit: event.overdraftLimit };
    case 'limits-set': {
      const { type: _type, at: _at, ...limits } = event;
      return { ...account, limits };
    }
    case 'details-set': {
      const { name: _name, metadata: _metadata, ...rest } = account;
      const { type: _type, at: _at, ...details } = event;
      return { ...rest, ...details };
    }
    case 'refusal-recording-set': {
      const { recordRefusals: _before, ...rest } = account;
      return event.recordRefusals ? { ...rest, recordRefusals: true } : rest;
    }
    case 'money-deposited':
    case 'transfer-received':
      return account;
    case 'movement-reversed':
      return { ...account, reversals: reversalsAfter(account, event) };
    case 'money-withdrawn':
    case 'transfer-sent':
      return spend(account, event.at, event.amount);
    case 'hold-placed':
      return placeHold(account, event);
    case 'hold-captured': {
      const { at, released, aboveHold } = event;
      const ended = resolveHold(account, event, released);
      return aboveHold === undefined ? ended : spend(ended, at, aboveHold);
    }
    case 'hold-voided':
    case 'hold-expired':
      return resolveHold(account, event, event.amount);
    case 'transfer-reserved':
      return reserve(account, event);
    case 'transfer-captured':
      return endTransfer(account, event, event.released);
    case 'transfer-released':
      return endTransfer(account, event, event.amount);
    default:
      return unreachable(event);
  }
}

function spend(account: ExistingAccount, at: string, by: Minor): ExistingAccount {
  const day = dayOf(at);
  return { ...account, spent: { day, amount: minor(spentOn(account, day) + by) } };
}
/** What is given back on the day on which it was set aside does not count on that day. */
const unspend = (account: ExistingAccount, since: string, by: Minor): ExistingAccount =>
  dayOf(since) === account.spent.day && dayOf(account.changedAt) === account.spent.day
    ? spend(account, since, minor(-by))
    : account;

function reversalsAfter(
  { reversals }: ExistingAccount,
  { reverses, left }: EventOf<'movement-reversed'>,
): readonly PartReversal[] {
  const others = reversals.filter(({ version: of }) => of !== reverses);
  return left === undefined ? others : [...others, { version: reverses, left }];
}

function placeHold(account: ExistingAccount, event: EventOf<'hold-placed'>): ExistingAccount {
  const { type: _type, at, metadata: _metadata, ...terms } = event;
  const holds = [...account.holds, { ...terms, placedAt: at }];
  return spend({ ...account, holds }, at, event.amount);
}

type HoldEnd = EventOf<'hold-captured' | 'hold-voided' | 'hold-expired'>;

function resolveHold(account: ExistingAccount, event: HoldEnd, released: Minor): ExistingAccount {
  const placed = account.holds.find(({ holdId }) => holdId === event.holdId);
  if (placed === undefined) throw new Error(`${event.type} of a hold that is not open`);
  const holds = account.holds.filter((open) => open !== placed);
  return unspend({ ...account, holds }, placed.placedAt, released);
}

function reserve(account: ExistingAccount, event: EventOf<'transfer-reserved'>): ExistingAccount {
  const { type: _type, at, metadata: _metadata, ...terms } = event;
  const transfers = [...account.transfers, { ...terms, reservedAt: at }];
  return spend({ ...account, transfers }, at, event.amount);
}

type TransferEnd = EventOf<'transfer-captured' | 'transfer-released'>;

function endTransfer(account: ExistingAccount, event: TransferEnd, back: Minor): ExistingAccount {
  const pending = account.transfers.find(({ transferId }) => transferId === event.transferId);
  if (pending === undefined) throw new Error(`${event.type} of a transfer that is not pending`);
  const transfers = account.transfers.filter((open) => open !== pending);
  return unspend({ ...account, transfers }, pending.reservedAt, back);
}
