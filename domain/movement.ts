import type { AccountEvent, EventOf, LedgerEvent } from './account-events.ts';
import { minor, ZERO, type Minor } from './money.ts';

/** What an event does to money, in minor units of its account's currency. */
export interface Movement {
  /** Change of the account's ledger balance. */
  readonly ledger: Minor;
  /** Change of the amount that is set aside. */
  readonly held: Minor;
  /** What came into the bank; below zero for what left it. */
  readonly external: Minor;
}

const NOTHING: Movement = { ledger: ZERO, held: ZERO, external: ZERO };

const external = (amount: bigint): Movement => ({
  ledger: minor(amount),
  held: ZERO,
  external: minor(amount),
});
const internal = (amount: bigint): Movement => ({ ...NOTHING, ledger: minor(amount) });
const held = (amount: bigint): Movement => ({ ...NOTHING, held: minor(amount) });

/**
 * The one table of what events do to money, from the event's own data alone. The account's state,
 * the trial balance, the read models and the audit all use it. Exhaustive: a new type of event
 * compiles only with its row here.
 * @example
 * movementOf({ type: 'money-withdrawn', at, amount: minor(500n) });
 * // { ledger: -500n, held: 0n, external: -500n }
 */
export function movementOf(event: AccountEvent): Movement {
  switch (event.type) {
    case 'account-opened':
    case 'account-frozen':
    case 'account-unfrozen':
    case 'account-closed':
    case 'account-blocked':
    case 'account-unblocked':
    case 'overdraft-limit-set':
    case 'limits-set':
    case 'details-set':
    case 'refusal-recording-set':
      return NOTHING;
    case 'money-deposited':
      return external(event.amount);
    case 'money-withdrawn':
      return external(-event.amount);
    case 'movement-reversed':
      return external(event.direction === 'credit' ? event.amount : -event.amount);
    case 'hold-placed':
    case 'transfer-reserved':
      return held(event.amount);
    case 'hold-captured': {
      const { amount, released, aboveHold = ZERO } = event;
      return { ...external(-amount), held: minor(aboveHold - amount - released) };
    }
    case 'hold-voided':
    case 'hold-expired':
    case 'transfer-released':
      return held(-event.amount);
    case 'transfer-sent':
      return internal(-event.amount);
    case 'transfer-received':
      return internal(event.amount);
    case 'transfer-captured':
      return { ...internal(-event.amount), held: minor(-event.amount - event.released) };
  }
}

type Reversal = Pick<EventOf<'movement-reversed'>, 'direction' | 'amount'>;

/** Which way money goes when `reverse` takes the movement back; undefined: it takes none back. */
const TAKEN_BACK_BY: Readonly<Record<LedgerEvent['type'], Reversal['direction'] | undefined>> = {
  'money-deposited': 'debit',
  'money-withdrawn': 'credit',
  'hold-captured': 'credit',
  'movement-reversed': undefined,
  'transfer-sent': undefined,
  'transfer-received': undefined,
  'transfer-captured': undefined,
};

/** The types of event that change a ledger balance. */
export const LEDGER_EVENTS = Object.keys(TAKEN_BACK_BY) as LedgerEvent['type'][];
const isOfLedger = (event: AccountEvent): event is LedgerEvent => event.type in TAKEN_BACK_BY;

/** What `reverse` makes of an event; undefined for one that it cannot take back. */
export function reversalOf(event: AccountEvent): Reversal | undefined {
  if (!isOfLedger(event)) return undefined;
  const direction = TAKEN_BACK_BY[event.type];
  return direction === undefined ? undefined : { direction, amount: event.amount };
}
