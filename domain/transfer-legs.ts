import type { AccountEvent, EventOf } from './account-events.ts';
import type { Currency } from './currency.ts';
import type { TransferId } from './ids.ts';
import type { Minor } from './money.ts';

/** A transfer that is pending, or of which only one leg was seen so far. */
export interface OpenTransfer {
  readonly transferId: TransferId;
  /** What was reserved, or what the one leg moves, in minor units. */
  readonly amount: Minor;
  readonly currency: Currency;
  /** Source and target. */
  readonly from: string;
  readonly to: string;
  readonly step: 'reserved' | 'sent' | 'received';
  /** Time of the event. */
  readonly since: string;
}

type Terms = Omit<OpenTransfer, 'transferId'>;
type TransferEvent = EventOf<
  | 'transfer-sent'
  | 'transfer-received'
  | 'transfer-reserved'
  | 'transfer-captured'
  | 'transfer-released'
>;

/** A leg without its counterpart at the end of its transaction, and the account that has it. */
export interface LoneLeg {
  readonly accountId: string;
  readonly detail: string;
}

/**
 * Invariant I8: both legs of a transfer are in one transaction of the log and agree, or neither is
 * there. The streams of one transaction may be followed in any order. The caller calls
 * `endOfTransaction` where it knows that one ends. Nothing is kept of a transfer that has ended.
 * @param begun transfers that were open where an earlier check stopped.
 */
export function createTransferLegs(begun: readonly OpenTransfer[] = []) {
  const pending = new Map<TransferId, Terms>();
  /** The first of two legs. */
  const alone = new Map<TransferId, Terms>();
  for (const one of begun) (one.step === 'reserved' ? pending : alone).set(one.transferId, one);
  let count = 0;

  /** A reservation ends as a whole: what is not captured is released. */
  const endPending = (id: TransferId, terms: Terms, ended: bigint): string | undefined => {
    const known = pending.get(id);
    if (known === undefined) return `${id} ended, but was not reserved`;
    pending.delete(id);
    if (known.amount === ended && isAlike(known, { ...terms, amount: known.amount })) {
      return undefined;
    }
    return `${ended} of ${told(terms)} ended, but reserved was ${told(known)}`;
  };
  /** One of two legs. The second one is compared with the first. */
  const leg = (id: TransferId, terms: Terms): string | undefined => {
    const first = alone.get(id);
    if (first === undefined) {
      alone.set(id, terms);
      return undefined;
    }
    if (first.step === terms.step) return `${id} was ${terms.step} twice`;
    alone.delete(id);
    return isAlike(first, terms)
      ? undefined
      : `${terms.step} ${told(terms)}, but ${first.step} was ${told(first)}`;
  };

  return {
    /**
     * What is wrong with this event in the stream of the account, or undefined; of events that are
     * about no transfer nothing is.
     */
    observe(event: AccountEvent, accountId: string, currency: Currency): string | undefined {
      if (!isOfTransfer(event)) return undefined;
      const { transferId: id, amount } = event;
      const terms = termsOf(event, accountId, currency);
      switch (event.type) {
        case 'transfer-reserved':
          if (pending.has(id)) return `${id} was reserved twice`;
          count += 1;
          pending.set(id, terms);
          return undefined;
        case 'transfer-sent':
          count += 1;
          if (pending.has(id)) return `${id} was sent, but is still reserved`;
          return leg(id, terms);
        case 'transfer-captured': {
          const wrong = endPending(id, terms, amount + event.released);
          return leg(id, terms) ?? wrong;
        }
        case 'transfer-released':
          return endPending(id, terms, amount);
        case 'transfer-received':
          return leg(id, terms);
      }
    },
    /** Nothing may stand alone where a transaction ends; what does is reported once. */
    endOfTransaction(): LoneLeg[] {
      if (alone.size === 0) return [];
      const lone = [...alone].map(([id, terms]) => ({
        accountId: terms.step === 'received' ? terms.to : terms.from,
        detail: `${id} was ${terms.step} without its other leg: ${told(terms)}`,
      }));
      alone.clear();
      return lone;
    },
    /** Transfers that are pending, or of which one leg is missing. */
    open: (): OpenTransfer[] =>
      [...pending, ...alone].map(([transferId, terms]) => ({ transferId, ...terms })),
    /** How many were begun: a check that saw too few proves nothing. */
    count: (): number => count,
  };
}

const STEPS: Readonly<Record<TransferEvent['type'], OpenTransfer['step']>> = {
  'transfer-reserved': 'reserved',
  'transfer-released': 'reserved',
  'transfer-sent': 'sent',
  'transfer-captured': 'sent',
  'transfer-received': 'received',
};
const isOfTransfer = (event: AccountEvent): event is TransferEvent => event.type in STEPS;

function termsOf(event: TransferEvent, accountId: string, currency: Currency): Terms {
  const { type, amount, otherAccountId, at } = event;
  const isTarget = type === 'transfer-received';
  const [from, to] = isTarget ? [otherAccountId, accountId] : [accountId, otherAccountId];
  return { amount, currency, from, to, step: STEPS[type], since: at };
}

/** What all events of a transfer must say: else money left one account and came to another. */
const told = ({ amount, currency, from, to }: Terms): string =>
  `${amount} ${currency} (minor units) from ${from} to ${to}`;
const isAlike = (one: Terms, other: Terms): boolean =>
  one.amount === other.amount &&
  one.currency === other.currency &&
  one.from === other.from &&
  one.to === other.to;
