import { z } from 'zod';
import type { TransferReason } from '../domain/account-events.ts';
import { ownCommandId, type AccountId, type CommandId, type TransferId } from '../domain/ids.ts';
import type { AccountState } from './account-state.ts';
import { accountRefText } from './batches.ts';
import { moneyBody, reasonBody } from './command-bodies.ts';
import type { CommandMessage } from './commands.ts';
import { accountOfStream, defined, type LoggedEvent } from './events.ts';
import { outcomeOf, outcomeSchema } from './outcomes.ts';
import { PROBLEMS } from './problems.ts';
import * as texts from './texts.ts';

export const transferBody = moneyBody.extend({
  fromAccountId: accountRefText,
  toAccountId: accountRefText,
});
export const transferReversalBody = reasonBody;

/** What a transfer is about; it never changes. Every step carries these facts. */
export const transferFacts = z.strictObject({
  transferId: texts.transferIdText,
  fromAccountId: texts.accountIdText,
  toAccountId: texts.accountIdText,
  amount: z.string(),
  currency: texts.currencyText,
  description: texts.descriptionText.optional(),
  reference: texts.referenceText.optional(),
  metadata: texts.metadataRecord.optional(),
  /** The transfer that this one takes back. */
  reverses: texts.transferIdText.optional(),
});
export type TransferFacts = z.infer<typeof transferFacts>;

/** How a transfer stands. Once it is completed or refused, that is the answer for ever. */
export const transferAnswer = transferFacts.extend({
  status: z.enum(['pending', 'completed', 'refused']),
  /** Why the target refused it; all money is back at the source then. */
  reason: z.strictObject({ code: z.string(), title: z.string() }).optional(),
  /** The last step at the source and the one at the target; both are missing while pending. */
  from: outcomeSchema.optional(),
  to: outcomeSchema.optional(),
  /** The transfer that took this one back, or is about to. */
  reversedBy: z.string().optional(),
});
export type TransferAnswer = z.infer<typeof transferAnswer>;

/** Command ids of the steps: each is done at most once for a transfer, whoever asks for it. */
const stepId = (step: 'transfer' | 'settle' | 'release', id: TransferId): CommandId =>
  ownCommandId(`${step} ${id}`);
export const receiveId = (id: TransferId): CommandId => stepId('transfer', id);
export const settleId = (id: TransferId): CommandId => stepId('settle', id);
export const releaseId = (id: TransferId): CommandId => stepId('release', id);

type SourceEvent = Extract<
  LoggedEvent,
  { type: 'transfer-reserved' | 'transfer-sent' | 'transfer-released' }
>;
type TargetEvent = Extract<LoggedEvent, { type: 'transfer-received' | 'transfer-declined' }>;

const isSourceEvent = (event: LoggedEvent | undefined): event is SourceEvent =>
  event?.type === 'transfer-reserved' ||
  event?.type === 'transfer-sent' ||
  event?.type === 'transfer-released';

/** The facts as an event of the source tells them. */
export function factsOf(events: readonly LoggedEvent[]): TransferFacts {
  const [event] = events;
  if (!isSourceEvent(event)) throw new Error(`${event?.type} is no step at a transfer's source`);
  const { balance: _balance, otherAccountId, reversesTransferId, ...rest } = event.data;
  const { reason: _reason, ...told } = { reason: undefined, ...rest };
  const sides = { fromAccountId: accountOfStream(event.stream), toAccountId: otherAccountId };
  return defined({ ...told, ...sides, reverses: reversesTransferId });
}

/** The same facts as the state of the source tells them while the transfer is pending. */
export function pendingFactsOf(source: AccountId, account: AccountState): TransferFacts[] {
  return (account.transfers ?? []).map((pending) => {
    const { otherAccountId, reservedAt: _at, reversesTransferId, ...told } = pending;
    const sides = { fromAccountId: source, toAccountId: otherAccountId };
    return defined({
      ...told,
      ...sides,
      currency: account.currency,
      reverses: reversesTransferId,
    });
  });
}

type Own = Pick<CommandMessage, 'traceparent'>;

/**
 * The step at the target. It is never fresh: another driver may have asked for it before, which
 * only the target and the log know.
 */
export function receiveMessage(facts: TransferFacts, own: Own = {}): CommandMessage {
  const { toAccountId: _to, reverses, ...told } = facts;
  const command = defined({
    ...told,
    type: 'receive-transfer' as const,
    reversesTransferId: reverses,
  });
  return { ...own, commandId: receiveId(facts.transferId), fresh: false, command };
}

/** The last step at the source, which follows from what the target said. */
export function endMessage(answered: readonly LoggedEvent[], own: Own = {}): CommandMessage {
  const event = targetEvent(answered);
  const { transferId } = event.data;
  if (event.type === 'transfer-received') {
    const command = { type: 'settle-transfer', transferId } as const;
    return { ...own, commandId: settleId(transferId), fresh: false, command };
  }
  return releaseMessage(transferId, event.data.reason, own);
}

function releaseMessage(transferId: TransferId, reason: TransferReason, own: Own): CommandMessage {
  const command = { type: 'release-transfer', transferId, reason } as const;
  return { ...own, commandId: releaseId(transferId), fresh: false, command };
}

function targetEvent([event]: readonly LoggedEvent[]): TargetEvent {
  if (event?.type === 'transfer-received' || event?.type === 'transfer-declined') return event;
  throw new Error(`${event?.type} is no step at a transfer's target`);
}

export const pendingAnswer = (facts: TransferFacts): TransferAnswer => ({
  ...facts,
  status: 'pending',
});

/** The final answer, from the last event of each side. */
export function endedAnswer(
  facts: TransferFacts,
  source: readonly LoggedEvent[],
  target: readonly LoggedEvent[],
): TransferAnswer {
  const event = targetEvent(target);
  const sides = { from: outcomeOf(source), to: outcomeOf(target) };
  if (event.type === 'transfer-received') return { ...facts, status: 'completed', ...sides };
  const code = event.data.reason;
  return { ...facts, status: 'refused', reason: { code, title: PROBLEMS[code][1] }, ...sides };
}
