import type { AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import type { Minor } from './money.ts';
import { movementOf } from './movement.ts';

/** Kinds of acts that a second person may have to approve, whatever they are worth. */
export const REVIEWED_ACTS = ['limits', 'reversals', 'erasure'] as const;
export type ReviewedAct = (typeof REVIEWED_ACTS)[number];

/** What a second person has to approve before it is executed. */
export interface FourEyes {
  /** Minor units: what moves more than that on one account. A currency without one has no bound. */
  readonly amounts: ReadonlyMap<Currency, Minor>;
  readonly acts: ReadonlySet<ReviewedAct>;
  /** How long it waits for an approval, in milliseconds. */
  readonly waitMs: number;
}

const DAY_MS = 86_400_000;
/** Nothing needs an approval. */
export const TWO_EYES: FourEyes = { amounts: new Map(), acts: new Set(), waitMs: DAY_MS };

/**
 * Whether a command that would make these events of an account needs the approval of a second
 * person. What only sets money aside needs none: its capture moves the money, and is looked at.
 */
export const needsApproval = (
  { amounts, acts }: FourEyes,
  events: readonly AccountEvent[],
  currency: Currency,
): boolean => {
  const most = amounts.get(currency);
  return events.some((event) => {
    const act = actOf(event);
    if (act !== undefined && acts.has(act)) return true;
    const { ledger } = movementOf(event);
    return most !== undefined && (ledger < 0n ? -ledger : ledger) > most;
  });
};

function actOf(event: AccountEvent): ReviewedAct | undefined {
  switch (event.type) {
    case 'overdraft-limit-set':
    case 'limits-set':
      return 'limits';
    case 'account-opened':
      return event.overdraftLimit > 0n ? 'limits' : undefined;
    case 'movement-reversed':
      return 'reversals';
    case 'transfer-sent':
      return event.reversesTransferId === undefined ? undefined : 'reversals';
    default:
      return undefined;
  }
}
