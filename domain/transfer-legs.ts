import type { AccountEvent } from './account-events.ts';
import type { TransferId } from './ids.ts';
import type { Minor } from './money.ts';
import type { OnceNames } from './stream-check.ts';

type Step = 'transfer-reserved' | 'transfer-sent' | 'transfer-released' | TargetStep;
type TargetStep = 'transfer-received' | 'transfer-declined';

/** A transfer that has not ended: what is known of it, in the order in which it was seen. */
export interface OpenTransfer {
  readonly transferId: TransferId;
  readonly amount: Minor;
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
    /** What is wrong with this step, or undefined; of other events nothing is. */
    observe(event: AccountEvent): string | undefined {
      if (!isStep(event)) return undefined;
      const { transferId, amount, type, at } = event;
      const ended = `ended ${transferId}`;
      const open = transfers.get(transferId);
      if (open === undefined && once.has(ended)) return `${type} of ${transferId}, which had ended`;
      const known = open ?? { amount, since: at, steps: [] };
      if (known.amount !== amount) return `${type} of ${amount}, but it was about ${known.amount}`;
      if (known.steps.includes(type)) return `${type} twice for transfer ${transferId}`;
      const steps = [...known.steps, type];
      if (!ENDS.some((end) => steps.every((step) => end.includes(step)))) {
        return `${steps.join(', ')} for transfer ${transferId}`;
      }
      if (open === undefined) count += 1;
      transfers.set(transferId, { amount, since: known.since, steps });
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

type StepEvent = Extract<AccountEvent, { type: Step }>;

const STEPS = 3;
const STEP_TYPES = new Set<string>(ENDS.flat());
const isStep = (event: AccountEvent): event is StepEvent => STEP_TYPES.has(event.type);
