import type { AccountEvent } from './account-events.ts';
import { minor, ZERO, type Minor } from './money.ts';

/** Money that came into the bank and left it, and what the accounts hold, of one currency. */
export interface TrialBalance {
  readonly externalIn: Minor;
  readonly externalOut: Minor;
  readonly ledgers: Minor;
  readonly inFlight: Minor;
}

const NOTHING: TrialBalance = {
  externalIn: ZERO,
  externalOut: ZERO,
  ledgers: ZERO,
  inFlight: ZERO,
};

/** I1: what the accounts hold and what is in flight is what came in less what went out. */
export function isBalanced(totals: TrialBalance): boolean {
  return totals.ledgers + totals.inFlight === totals.externalIn - totals.externalOut;
}

/** The totals after one more event, which changed the ledger of its account by so much. */
export function moved(
  before: TrialBalance = NOTHING,
  event: AccountEvent,
  change: Minor,
): TrialBalance {
  const ledgers = minor(before.ledgers + change);
  return { ...before, ...externalOf(before, event), ledgers };
}

/** What an event does to the totals beside the ledger of its own account. */
function externalOf(before: TrialBalance, event: AccountEvent): Partial<TrialBalance> {
  const into = (by: Minor) => ({ externalIn: minor(before.externalIn + by) });
  const out = (by: Minor) => ({ externalOut: minor(before.externalOut + by) });
  const flying = (by: bigint) => ({ inFlight: minor(before.inFlight + by) });
  switch (event.type) {
    case 'money-deposited':
      return into(event.amount);
    case 'money-withdrawn':
    case 'hold-captured':
      return out(event.amount);
    case 'movement-reversed':
      return event.direction === 'credit' ? into(event.amount) : out(event.amount);
    // The target may have the money before the source's ledger gives it up: it is held there.
    case 'transfer-received':
      return flying(-event.amount);
    case 'transfer-sent':
      return flying(event.amount);
    default:
      return {};
  }
}
