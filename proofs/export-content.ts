import { balanceOf, sameBalance } from '../contracts/account/money.ts';
import { decodeEvent, loggedEventSchema } from '../contracts/account/events.ts';
import type { ExportedEvent, ExportHead } from '../contracts/log/receipts.ts';
import { refusalEventSchema } from '../contracts/account/refusal-events.ts';
import { evolve, NO_ACCOUNT, type Account } from '../domain/account.ts';
import { unreachable } from '../domain/ids.ts';
import { faulty, type ProofFault } from './proof-fault.ts';

/** What the events of an export say beside their being there. */
export type ContentSummary =
  /** Whether every balance follows from the events; not known when the first ones are missing. */
  | { readonly addsUp: boolean }
  /** Days (UTC) on which the bank stopped recording refusals, because there were too many. */
  | { readonly fullDays: number };

interface ContentCheck {
  take(event: ExportedEvent['event']): ProofFault | undefined;
  summary(): ContentSummary;
}

export function exportContent({ format, fromVersion }: ExportHead): ContentCheck {
  switch (format) {
    case 'core-bank-account/1':
      return accountSums(fromVersion === 1 ? NO_ACCOUNT : undefined);
    case 'core-bank-refusals/1':
      return refusalDays();
    default:
      return unreachable(format);
  }
}

function accountSums(start: Account | undefined): ContentCheck {
  let account = start;
  return {
    take(event) {
      if (account === undefined) return undefined;
      const known = loggedEventSchema.safeParse(event);
      if (!known.success) {
        account = undefined;
        return undefined;
      }
      const after = evolve(account, decodeEvent(known.data));
      account = after;
      const [found, claimed] = [balanceOf(after), known.data.data.balance];
      if (sameBalance(found, claimed)) return undefined;
      const sums = `${found.ledger}, but it says ${claimed.ledger}`;
      return faulty('entry-differs', `After version ${event.version} the events make ${sums}.`);
    },
    summary: () => ({ addsUp: account !== undefined }),
  };
}

/** A record stands for itself: nothing follows from it but that a day may be full. */
function refusalDays(): ContentCheck {
  let fullDays = 0;
  return {
    take(event) {
      const known = refusalEventSchema.safeParse(event);
      if (known.data?.data.dayIsFull === true) fullDays += 1;
      return undefined;
    },
    summary: () => ({ fullDays }),
  };
}
