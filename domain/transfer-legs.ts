import type { AccountEvent } from './account-events.ts';
import type { Currency } from './currency.ts';
import type { TransferId } from './ids.ts';
import type { Minor } from './money.ts';
import type { OnceNames } from './stream-check.ts';

type Step = 'transfer-reserved' | 'transfer-sent' | 'transfer-released' | TargetStep;
type TargetStep = 'transfer-received' | 'transfer-declined';

/** A transfer that has not ended: what is known of it, in the order in which it was seen. */
export interface OpenTransfer {
  readonly transferId: TransferId;
  readonly amount: Minor;
  readonly currency: Currency;
  /** Source and target. */
  readonly from: string;
  readonly to: string;
  readonly steps: readonly Step[];
  /** Time of the first of them. */
  readonly since: string;
}

type Legs = Omit<OpenTransfer, 'transferId'>;

const ENDS: readonly (readonly Step[])[] = [
  ['transfer-reserved', 'transfer-received', 'transfer-sent'],
  ['transfer-reserved', 'transfer-declined', 'transfer-released'],
];

/**
 * I8: a transfer ends with both legs or with none. The streams of its two accounts may be
 * followed in any order, so what is missing may still come, but what contradicts never may. Of a
 * transfer that has ended only that is kept. It may go on from transfers that were open.
 */
export function createTransferLegs(once: OnceNames, begun: readonly OpenTransfer[] = []) {
  const transfers = new Map<TransferId, Legs>(begun.map((open) => [open.transferId, open]));
  let count = 0;
  return {
    /**
     * What is wrong with this step in the stream of the account, or undefined; of other events
     * nothing is.
     */
    observe(event: AccountEvent, accountId: string, currency: Currency): string | undefined {
      if (!isStep(event)) return undefined;
      const { transferId, type, at } = event;
      const ended = `ended ${transferId}`;
      const open = transfers.get(transferId);
      if (open === undefined && once.has(ended)) return `${type} of ${transferId}, which had ended`;
      const facts = factsOf(event, accountId, currency);
      const known = open ?? { ...facts, since: at, steps: [] };
      const [says, said] = [told(facts), told(known)];
      if (says !== said) return `${type} of ${says}, but it was about ${said}`;
      if (known.steps.includes(type)) return `${type} twice for transfer ${transferId}`;
      const steps = [...known.steps, type];
      if (!ENDS.some((end) => steps.every((step) => end.includes(step)))) {
        return `${steps.join(', ')} for transfer ${transferId}`;
      }
      if (open === undefined) count += 1;
      transfers.set(transferId, { ...known, steps });
      if (steps.length === STEPS) {
        transfers.delete(transferId);
        once.add(ended);
      }
      return undefined;
    },
    open: (): OpenTransfer[] =>
      [...transfers].map(([transferId, legs]) => ({ transferId, ...legs })),
    /** How many were seen: a check that saw too few proves nothing. */
    count: (): number => count,
  };
}

type Facts = Pick<OpenTransfer, 'amount' | 'currency' | 'from' | 'to'>;

/** What every step must say alike: else money left one account and came to another. */
function factsOf(event: StepEvent, accountId: string, currency: Currency): Facts {
  const { type, amount, otherAccountId } = event;
  const isTarget = type === 'transfer-received' || type === 'transfer-declined';
  const [from, to] = isTarget ? [otherAccountId, accountId] : [accountId, otherAccountId];
  return { amount, currency, from, to };
}
const told = ({ amount, currency, from, to }: Facts): string =>
  `${amount} ${currency} (minor units) from ${from} to ${to}`;

type StepEvent = Extract<AccountEvent, { type: Step }>;

const STEPS = 3;
const STEP_TYPES = new Set<string>(ENDS.flat());
const isStep = (event: AccountEvent): event is StepEvent => STEP_TYPES.has(event.type);
