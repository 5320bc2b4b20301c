import type { AccountEvent } from './account-events.ts';
import type { TransferId } from './ids.ts';
import type { Minor } from './money.ts';

type Step = 'transfer-reserved' | 'transfer-sent' | 'transfer-released' | TargetStep;
type TargetStep = 'transfer-received' | 'transfer-declined';

/** A transfer that has not ended: what is known of it, in the order in which it was seen. */
export interface OpenTransfer {
  readonly transferId: TransferId;
  readonly steps: readonly Step[];
}

interface Legs {
  readonly amount: Minor;
  readonly steps: Step[];
}

const ENDS: readonly (readonly Step[])[] = [
  ['transfer-reserved', 'transfer-received', 'transfer-sent'],
  ['transfer-reserved', 'transfer-declined', 'transfer-released'],
];

/**
 * I8: a transfer ends with both legs or with none. The streams of its two accounts may be
 * followed in any order, so what is missing may still come, but what contradicts never may.
 */
export function createTransferLegs() {
  const transfers = new Map<TransferId, Legs>();
  return {
    /** What is wrong with this step, or undefined; of other events nothing is. */
    observe(event: AccountEvent): string | undefined {
      if (!isStep(event)) return undefined;
      const { transferId, amount, type } = event;
      const known = transfers.get(transferId) ?? { amount, steps: [] };
      if (known.amount !== amount) return `${type} of ${amount}, but it was about ${known.amount}`;
      if (known.steps.includes(type)) return `${type} twice for transfer ${transferId}`;
      const steps = [...known.steps, type];
      if (!ENDS.some((end) => steps.every((step) => end.includes(step)))) {
        return `${steps.join(', ')} for transfer ${transferId}`;
      }
      transfers.set(transferId, { amount, steps });
      return undefined;
    },
    open: (): OpenTransfer[] =>
      [...transfers]
        .filter(([, { steps }]) => steps.length < 3)
        .map(([transferId, { steps }]) => ({ transferId, steps })),
    /** How many were seen: a check that saw too few proves nothing. */
    count: (): number => transfers.size,
  };
}

type StepEvent = Extract<AccountEvent, { type: Step }>;

function isStep(event: AccountEvent): event is StepEvent {
  return (ENDS.flat() as string[]).includes(event.type);
}
