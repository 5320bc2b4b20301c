import type { LedgerEvent, ReservationEvent } from '../../domain/account-events.ts';
import type { Currency } from '../../domain/currency.ts';
import { formatAmount, readAmount, type Minor } from '../../domain/money.ts';
import { sameBalance, type Balance } from '../../contracts/account/money.ts';
import { defined, movementOfLogged } from '../../contracts/account/events.ts';
import type { LoggedEvent } from '../../contracts/account/events.ts';
import { openedAccountOf } from '../../contracts/account/outcomes.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import { StreamFault } from '../follower/projection.ts';

/** Where an account stands in its owner's list and in that of all. */
export type AccountPlace = Pick<AccountModel, 'ownerIndex' | 'index'>;

/**
 * The account after the event.
 * @param before undefined for an account that is opened.
 * @param place how many accounts its owner had before, and how many there were in all.
 * @throws StreamFault when the event cannot follow: its version is not the next, or its balance is
 *   not the previous one with the event's own movement.
 */
export function accountAfter(
  before: AccountModel | undefined,
  { event, position }: PositionedAccountEvent,
  place: AccountPlace,
): AccountModel {
  const expected = (before?.version ?? 0) + 1;
  if (event.version !== expected) {
    throw new StreamFault(`${event.id} follows version ${expected - 1} of its account`);
  }
  if (event.type === 'account-opened') return opened(event, position, place);
  if (before === undefined)
    throw new StreamFault(`${event.id} comes before its account was opened`);
  if (event.data.currency !== before.currency) {
    throw new StreamFault(`${event.id} is in another currency than its account`);
  }
  const { balance } = event.data;
  const after = { ...before, ...termsAfter(before, event) };
  requireBalance(event, balanceAfter(after, event), balance);
  return defined({ ...after, version: event.version, balance, at: event.at, position });
}

/** What an event changes besides the balance. */
function termsAfter(before: AccountModel, event: Later): Partial<AccountModel> {
  switch (event.type) {
    case 'account-frozen':
      return { status: 'frozen', statusVersion: event.version };
    case 'account-unfrozen':
      return { status: 'open', statusVersion: event.version };
    case 'account-closed':
      return { status: 'closed', statusVersion: event.version };
    case 'account-blocked':
      return { blocks: [...(before.blocks ?? []), event.data.blocked].sort() };
    case 'account-unblocked': {
      const rest = before.blocks?.filter((one) => one !== event.data.blocked) ?? [];
      return { blocks: rest.length === 0 ? undefined : rest };
    }
    case 'overdraft-limit-set':
      return { overdraftLimit: event.data.overdraftLimit };
    case 'limits-set': {
      const { currency: _currency, balance: _balance, ...limits } = event.data;
      return { limits: defined(limits) };
    }
    case 'details-set': {
      return {
        name: event.data.name,
        metadataVersion: metadataVersion(event),
        detailsVersion: event.version,
      };
    }
    case 'refusal-recording-set':
      return { recordRefusals: event.data.recordRefusals ? true : undefined };
    case 'hold-placed':
      return { openHolds: [...(before.openHolds ?? []), `${event.version}/${event.data.holdId}`] };
    case 'hold-captured':
    case 'hold-voided':
    case 'hold-expired': {
      const open =
        before.openHolds?.filter((hold) => !hold.endsWith(`/${event.data.holdId}`)) ?? [];
      return { openHolds: open.length === 0 ? undefined : open };
    }
    case 'movement-reversed':
      return { reversals: (before.reversals ?? 0) + 1 };
    default:
      return unchanged(before, event);
  }
}

/** Of an event about money alone the balance tells all; one that changes terms compiles not. */
const unchanged = (before: AccountModel, _event: MoneyEvent): AccountModel => before;

/** The event itself when it says metadata. */
const metadataVersion = ({ version, data }: LoggedEvent): number | undefined =>
  'metadata' in data && data.metadata !== undefined ? version : undefined;

type Opened = Extract<LoggedEvent, { type: 'account-opened' }>;
type Later = Exclude<LoggedEvent, Opened>;
type MoneyEvent = Extract<LoggedEvent, { type: (ReservationEvent | LedgerEvent)['type'] }>;

function opened(event: Opened, position: number, place: AccountPlace): AccountModel {
  const { currency, overdraftLimit, balance } = event.data;
  const zero = formatAmount(0n as Minor, currency);
  requireBalance(event, { ledger: zero, held: zero, available: overdraftLimit }, balance);
  const { metadata: _metadata, ...account } = openedAccountOf([event]);
  return defined({
    ...account,
    metadataVersion: metadataVersion(event),
    position,
    ownerIndex: place.ownerIndex,
    index: place.index,
  });
}

function balanceAfter(before: AccountModel, event: LoggedEvent): Balance {
  const currency = before.currency as Currency;
  const read = (text: string): bigint => readAmount(text, currency);
  const movement = movementOfLogged(event);
  const ledger = read(before.balance.ledger) + movement.ledger;
  const held = read(before.balance.held) + movement.held;
  const write = (units: bigint): string => formatAmount(units as Minor, currency);
  const available = ledger - held + read(before.overdraftLimit);
  return { ledger: write(ledger), held: write(held), available: write(available) };
}

function requireBalance(event: LoggedEvent, replayed: Balance, said: Balance): void {
  if (sameBalance(replayed, said)) return;
  throw new StreamFault(`${event.id} says another balance than the events of its account give`);
}
