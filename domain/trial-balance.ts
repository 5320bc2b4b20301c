import type { AccountEvent } from './account-events.ts';
import { minor, ZERO, type Minor } from './money.ts';
import { movementOf } from './movement.ts';

/** Money that came into the bank and left it, and what the accounts hold, of one currency. */
export interface TrialBalance {
  readonly externalIn: Minor;
  readonly externalOut: Minor;
  readonly ledgers: Minor;
  /** Between the two legs of a transfer; nothing after each transaction of the log. */
  readonly inFlight: Minor;
}

const NOTHING: TrialBalance = {
  externalIn: ZERO,
  externalOut: ZERO,
  ledgers: ZERO,
  inFlight: ZERO,
};

/** I1: what the accounts hold and what is in flight is what came in less what went out. */
export function isBalanced({ ledgers, inFlight, externalIn, externalOut }: TrialBalance): boolean {
  return ledgers + inFlight === externalIn - externalOut;
}

/** The totals after one more event, which changed the ledger of its account by so much. */
export function moved(
  before: TrialBalance = NOTHING,
  event: AccountEvent,
  change: Minor,
): TrialBalance {
  const { ledger, external } = movementOf(event);
  const out = external < 0n ? -external : 0n;
  return {
    externalIn: minor(before.externalIn + external + out),
    externalOut: minor(before.externalOut + out),
    ledgers: minor(before.ledgers + change),
    inFlight: minor(before.inFlight + external - ledger),
  };
}
