import { z } from 'zod';
import type { RELEASE_REASONS } from '../../domain/account-events.ts';
import { captureBody, emptyBody, moneyBody } from '../account/command-operations.ts';
import { accountOfStream, defined, type LoggedEvent } from '../account/events.ts';
import { approvable, outcomeOf, outcomeSchema } from '../account/outcomes.ts';
import * as texts from '../http/scalars.ts';

/** Body of POST /v1/transfers. */
export const transferBody = moneyBody
  .extend({
    fromAccountId: texts.accountRefText,
    toAccountId: texts.accountRefText,
    pending: z.boolean().optional().meta({
      description: 'true: the amount is held until it is captured, voided or expires',
    }),
    expiresAt: texts.timeText.optional().meta({
      description: 'of a pending transfer: when the bank voids it by itself',
    }),
  })
  .refine(({ pending, expiresAt }) => expiresAt === undefined || pending === true, {
    path: ['expiresAt'],
    message: 'is for a transfer with "pending": true',
  });
/** Body that captures a pending transfer. */
export const captureTransferBody = captureBody;
/** Body that voids a pending transfer. */
export const voidTransferBody = emptyBody;

/** The current state of a transfer; its terms never change. */
export const transferAnswer = z.strictObject({
  transferId: texts.transferIdText,
  status: z.enum(['pending', 'completed', 'voided', 'expired']),
  fromAccountId: texts.accountIdText,
  toAccountId: texts.accountIdText,
  amount: z.string(),
  /** What was captured of a pending transfer; the rest was released. */
  captured: z.string().optional(),
  currency: texts.currencyText,
  description: texts.storedTexts.description.optional(),
  reference: texts.storedTexts.reference.optional(),
  metadata: texts.storedTexts.metadata.optional(),
  valueDate: texts.dayText.optional(),
  expiresAt: texts.timeText.optional(),
  /** Why it ended without moving money. */
  reason: z.strictObject({ code: z.string(), title: z.string() }).optional(),
  /** Its events at both accounts, in the order in which they happened. */
  steps: z.array(
    z.strictObject({ id: z.string(), type: z.string(), version: z.int(), at: texts.writtenTime }),
  ),
  /**
   * The last step at the source and the one at the target, where money came to it; a customer
   * sees only those at their own accounts, of the steps too.
   */
  from: outcomeSchema.optional(),
  to: outcomeSchema.optional(),
  /** The transfer that this one takes back, and the one that took this one back. */
  reverses: texts.transferIdText.optional(),
  /** The transaction that it is a part of. */
  transactionId: texts.transactionIdText.optional(),
  reversedBy: texts.transferIdText.optional(),
});
export type TransferAnswer = z.infer<typeof transferAnswer>;

/** What a dry run says in place of a status. */
const WOULD = {
  pending: 'would-be-pending',
  completed: 'would-complete',
  voided: 'would-be-voided',
  expired: 'expired',
} as const satisfies Record<TransferAnswer['status'], string>;

/** The answer to a command on a transfer. */
export const transferCommandAnswer = approvable(
  transferAnswer.extend({
    status: z.enum([...transferAnswer.shape.status.options, ...Object.values(WOULD)]),
  }),
);

/** The transfer as a dry run describes it. */
export const wouldBe = (answer: TransferAnswer): z.infer<typeof transferCommandAnswer> => ({
  ...answer,
  status: WOULD[answer.status],
});

type Released = (typeof RELEASE_REASONS)[number];
const REASONS: Readonly<Record<Released, string>> = {
  voided: 'The transfer was voided',
  expired: 'The transfer expired before it was captured',
};

type EventOf<Type extends LoggedEvent['type']> = Extract<LoggedEvent, { type: Type }>;
type Start = EventOf<'transfer-sent' | 'transfer-reserved'>;
type End = EventOf<'transfer-captured' | 'transfer-released'>;

const isStart = (event: LoggedEvent): event is Start =>
  event.type === 'transfer-sent' || event.type === 'transfer-reserved';
const isEnd = (event: LoggedEvent): event is End =>
  event.type === 'transfer-captured' || event.type === 'transfer-released';

/**
 * The current state of a transfer, from its events at both accounts: its first event at the source,
 * its end if it was pending, the event at the target, and the one that reversed it.
 * @throws Error when the first event is missing.
 */
export function transferAnswerOf(events: readonly LoggedEvent[]): TransferAnswer {
  const starts = events.filter(isStart);
  const start = starts.find(({ data }) => !takesBackAny(data, starts));
  if (start === undefined) throw new Error('a transfer without its first event');
  const { transferId, otherAccountId, balance: _balance, ...terms } = start.data;
  const isOwn = ({ data }: { readonly data: object }): boolean =>
    'transferId' in data && data.transferId === transferId;
  const end = events.filter(isEnd).find(isOwn);
  const received = events.find((event) => event.type === 'transfer-received' && isOwn(event));
  const reversal = starts.find(
    ({ data }) => 'reversesTransferId' in data && data.reversesTransferId === transferId,
  );
  const own = [start, end, received].filter((event) => event !== undefined);
  const reverses = 'reversesTransferId' in terms ? terms.reversesTransferId : undefined;
  const {
    reversesTransferId: _reverses,
    transaction: _whole,
    ...told
  } = {
    reversesTransferId: undefined,
    transaction: undefined,
    ...terms,
  };
  return defined({
    ...told,
    transferId,
    status: statusOf(start, end),
    fromAccountId: accountOfStream(start.stream),
    toAccountId: otherAccountId,
    captured: end?.type === 'transfer-captured' ? end.data.amount : undefined,
    reason: end?.type === 'transfer-released' ? reasonOf(end) : undefined,
    steps: own.map(({ id, type, version, at }) => ({ id, type, version, at })),
    from: outcomeOf([end ?? start]),
    to: received === undefined ? undefined : outcomeOf([received]),
    reverses,
    reversedBy: reversal?.data.transferId,
  });
}

/** Which of the accounts of a transfer somebody may see. */
export interface SeenSides {
  readonly from: boolean;
  readonly to: boolean;
}

/** The transfer without what happened at an account that is not the reader's to see. */
export function seenOf(answer: TransferAnswer, sides: SeenSides): TransferAnswer {
  if (sides.from && sides.to) return answer;
  const { from, to, steps, ...terms } = answer;
  return defined({
    ...terms,
    steps: steps.filter(({ id }) => isSeen(answer, sides, id)),
    from: sides.from ? from : undefined,
    to: sides.to ? to : undefined,
  });
}

/** Whether an event of the transfer stands in an account that the reader may see. */
export const isSeen = (
  { fromAccountId, toAccountId }: Pick<TransferAnswer, 'fromAccountId' | 'toAccountId'>,
  sides: SeenSides,
  eventId: string,
): boolean =>
  (sides.from && eventId.startsWith(`acct/${fromAccountId}/`)) ||
  (sides.to && eventId.startsWith(`acct/${toAccountId}/`));

/** Whether it is the reversal of another one among these. */
const takesBackAny = (data: Start['data'], starts: readonly Start[]): boolean =>
  'reversesTransferId' in data &&
  starts.some((other) => other.data.transferId === data.reversesTransferId);

function statusOf(start: Start, end: End | undefined): TransferAnswer['status'] {
  if (end === undefined) return start.type === 'transfer-sent' ? 'completed' : 'pending';
  return end.type === 'transfer-captured' ? 'completed' : end.data.reason;
}

const reasonOf = ({ data: { reason } }: EventOf<'transfer-released'>) => ({
  code: `transfer-${reason}`,
  title: REASONS[reason],
});
