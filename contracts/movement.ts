import type { LoggedEvent } from './events.ts';
import { unreachable } from '../domain/ids.ts';
import { readAmount, ZERO, type Minor } from '../domain/money.ts';

/** What an event does to the money of its account, in minor units. */
export interface Movement {
  readonly ledger: Minor;
  readonly held: Minor;
}

const NOTHING: Movement = { ledger: ZERO, held: ZERO };

/** The movement of an event, from its own data alone. */
export function movementOf(event: LoggedEvent): Movement {
  const { currency } = event.data;
  const moved = (ledger: bigint, held = 0n): Movement => {
    return { ledger: ledger as Minor, held: held as Minor };
  };
  switch (event.type) {
    case 'account-opened':
    case 'account-frozen':
    case 'account-unfrozen':
    case 'account-closed':
    case 'overdraft-limit-set':
    case 'limits-set':
    case 'details-set':
    case 'refusal-recording-set':
    case 'transfer-declined':
      return NOTHING;
    case 'money-deposited':
    case 'transfer-received':
      return moved(readAmount(event.data.amount, currency));
    case 'money-withdrawn':
      return moved(-readAmount(event.data.amount, currency));
    case 'movement-reversed': {
      const amount = readAmount(event.data.amount, currency);
      return moved(event.data.direction === 'credit' ? amount : -amount);
    }
    case 'hold-placed':
    case 'transfer-reserved':
      return moved(0n, readAmount(event.data.amount, currency));
    case 'hold-captured': {
      const amount = readAmount(event.data.amount, currency);
      return moved(-amount, -amount - readAmount(event.data.released, currency));
    }
    case 'hold-voided':
    case 'hold-expired':
    case 'transfer-released':
      return moved(0n, -readAmount(event.data.amount, currency));
    case 'transfer-sent': {
      const amount = readAmount(event.data.amount, currency);
      return moved(-amount, -amount);
    }
    default:
      return unreachable(event);
  }
}
