import type { LoggedEvent } from '../contracts/events.ts';
import { unreachable } from '../domain/ids.ts';
import { minor, readAmount, ZERO, type Minor } from '../domain/money.ts';

/** What an event does to the money of its account. */
export interface Movement {
  readonly ledger: Minor;
  readonly held: Minor;
}

const NOTHING: Movement = { ledger: ZERO, held: ZERO };

/** The movement of an event, from its own data alone. */
export function movementOf(event: LoggedEvent): Movement {
  switch (event.type) {
    case 'account-opened':
      return NOTHING;
    case 'money-deposited':
      return { ...NOTHING, ledger: readAmount(event.data.amount, event.data.currency) };
    case 'money-withdrawn': {
      const amount = readAmount(event.data.amount, event.data.currency);
      return { ...NOTHING, ledger: minor(-amount) };
    }
    default:
      return unreachable(event);
  }
}
