import type { Account, ExistingAccount } from './account.ts';
import type { EventOf } from './account-events.ts';
import type { Currency } from './currency.ts';

/**
 * Each stream reaches the log in its own order. A reservation writes nothing to its target, so the
 * log may have events of the target slightly before or after the moment of the decision.
 */
const APART_MS = 60_000;
const OPENED_WITHIN_MS = 600_000;

/** As a target must be. */
const OPEN = { status: 'open', blocks: [] } as const;

interface Awaited {
  readonly accountId: string;
  readonly version: number;
  readonly currency: Currency;
  readonly at: string;
}
/** A reservation whose target account is wrong or missing in the log, and why. */
export interface LateTarget extends Awaited {
  readonly detail: string;
}

const msBetween = (earlier: string, later: string): number =>
  Date.parse(later) - Date.parse(earlier);

/** The account as the decision may have seen it, when the decision wrote nothing to it. */
export function mayHaveBeen(
  account: ExistingAccount,
  then: Partial<Pick<ExistingAccount, 'status' | 'blocks'>>,
  at: string,
): ExistingAccount {
  const isSure = msBetween(account.changedAt, at) > APART_MS;
  return isSure ? account : { ...account, ...then };
}

/** Keeps the targets of reservations, to check them once the log has them. */
export function createReservedTargets() {
  const awaited = new Map<string, Awaited>();

  return {
    /**
     * The target as the decision may have seen it: one that was open until a moment ago, or that is
     * not there yet, may have been open. Of the latter it is remembered that it has to come.
     */
    seen(
      event: EventOf<'transfer-reserved'>,
      source: Account,
      id: string,
      target: Account,
    ): Account {
      if (source.status === 'none') return target;
      if (target.status !== 'none') return mayHaveBeen(target, OPEN, event.at);
      const { currency, version } = source;
      const wanted = { accountId: id, version: version + 1, currency, at: event.at };
      if (!awaited.has(event.otherAccountId)) awaited.set(event.otherAccountId, wanted);
      return { ...source, ...OPEN };
    },
    /** The account is there now; what is wrong with the reservation that came before it. */
    opened(accountId: string, currency: Currency): LateTarget | undefined {
      const known = awaited.get(accountId);
      if (known === undefined) return undefined;
      awaited.delete(accountId);
      if (known.currency === currency) return undefined;
      return { ...known, detail: `reserved for an account in ${currency} (currency-mismatch)` };
    },
    /** Reservations for accounts that should be there by this time; each is reported once. */
    overdue(now: string): LateTarget[] {
      const found: LateTarget[] = [];
      for (const [target, one] of awaited) {
        if (msBetween(one.at, now) <= OPENED_WITHIN_MS) continue;
        awaited.delete(target);
        found.push({ ...one, detail: `reserved for ${target}, which is not (account-not-found)` });
      }
      return found;
    },
  };
}
