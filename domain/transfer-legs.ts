import type { AccountEvent, EventOf } from './account-events.ts';
import type { Currency } from './currency.ts';
import type { TransferId } from './ids.ts';
import type { Minor } from './money.ts';
import type { OnceNames } from './stream-check.ts';

/** A transfer that is pending, or of which one leg was seen and the other one was not. */
export interface OpenTransfer {
  readonly transferId: TransferId;
  /** What was reserved, or what the one leg moves. */
  readonly amount: Minor;
  readonly currency: Currency;
  /** Source and target. */
  readonly from: string;
  readonly to: string;
  readonly step: 'reserved' | 'sent' | 'received';
  /** The transaction of the log that the leg stood in, where it is known. */
  readonly transaction?: number | undefined;
  /** Time of the first event. */
  readonly since: string;
}

type Legs = Omit<OpenTransfer, 'transferId'>;
type LegEvent = EventOf<
  'transfer-sent' | 'transfer-received' | 'transfer-reserved' | 'transfer-captured'
>;

/**
 * I8: both legs of a transfer stand in one transaction of the log and say the same, or there is
 * none. The streams of its two accounts may be followed in any order. Of a transfer that has ended
 * only that is kept. It may go on from transfers that were open.
 */
export function createTransferLegs(once: OnceNames, begun: readonly OpenTransfer[] = []) {
  const open = new Map<TransferId, Legs>(begun.map((one) => [one.transferId, one]));
  let count = 0;
  let between = begun.filter(({ step }) => step !== 'reserved').length;

  const put = (id: TransferId, legs: Legs): undefined => {
    if (legs.step !== 'reserved') between += 1;
    open.set(id, legs);
    return undefined;
  };
  const end = (id: TransferId): undefined => {
    if (open.get(id)?.step !== 'reserved') between -= 1;
    open.delete(id);
    once.add(`ended ${id}`);
    return undefined;
  };
  /** The second of two legs against the first. */
  const pair = (id: TransferId, known: Legs, legs: Legs): string | undefined => {
    const [said, says] = [told(known), told(legs)];
    if (said !== says) return `${legs.step} ${says}, but it was about ${said}`;
    if (known.transaction !== legs.transaction) {
      return `${id} has its legs in transactions ${known.transaction} and ${legs.transaction}`;
    }
    return end(id);
  };

  return {
    /**
     * What is wrong with this event in the stream of the account, or undefined; of events that are
     * about no transfer nothing is.
     */
    observe(
      event: AccountEvent,
      accountId: string,
      currency: Currency,
      transaction?: number,
    ): string | undefined {
      if (event.type === 'transfer-released') {
        const known = open.get(event.transferId);
        if (known?.step !== 'reserved') return `${event.transferId} was released, not reserved`;
        return end(event.transferId);
      }
      if (!isLeg(event)) return undefined;
      const { transferId: id, type } = event;
      const known = open.get(id);
      if (known === undefined && once.has(`ended ${id}`))
        return `${type} of ${id}, which had ended`;
      const legs = legsOf(event, accountId, currency, transaction);
      if (type === 'transfer-captured') {
        if (known?.step === 'received') return pair(id, known, legs);
        if (known?.step !== 'reserved') return `${id} was captured, not reserved`;
        if (known.amount < event.amount) return `${id} was captured beyond what it reserved`;
        return put(id, legs);
      }
      // The target's leg may be followed before the source's: then the reservation is known.
      if (type === 'transfer-received' && known?.step === 'reserved') {
        if (known.from !== legs.from || known.to !== legs.to)
          return `${id} reached another account`;
        return put(id, legs);
      }
      if (known === undefined) {
        count += 1;
        return put(id, legs);
      }
      if (known.step === legs.step) return `${type} twice for transfer ${id}`;
      return pair(id, known, legs);
    },
    open: (): OpenTransfer[] => [...open].map(([transferId, legs]) => ({ transferId, ...legs })),
    /** Whether one leg of a transfer was seen without the other. */
    isBetweenLegs: (): boolean => between > 0,
    /** How many were seen: a check that saw too few proves nothing. */
    count: (): number => count,
  };
}

const STEPS: Readonly<Record<LegEvent['type'], OpenTransfer['step']>> = {
  'transfer-reserved': 'reserved',
  'transfer-sent': 'sent',
  'transfer-captured': 'sent',
  'transfer-received': 'received',
};
const isLeg = (event: AccountEvent): event is LegEvent => event.type in STEPS;

/** What both legs must say alike: else money left one account and came to another. */
function legsOf(
  { type, amount, otherAccountId, at }: LegEvent,
  accountId: string,
  currency: Currency,
  transaction: number | undefined,
): Legs {
  const isTarget = type === 'transfer-received';
  const [from, to] = isTarget ? [otherAccountId, accountId] : [accountId, otherAccountId];
  return { amount, currency, from, to, step: STEPS[type], transaction, since: at };
}

const told = ({ amount, currency, from, to }: Legs): string =>
  `${amount} ${currency} (minor units) from ${from} to ${to}`;
