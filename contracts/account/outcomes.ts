import { codeText, directionText, writtenId, writtenTime } from '../http/scalars.ts';
import { z } from 'zod';
import { accountNumberOf } from '../../domain/account-number.ts';
import { balanceSchema, limitsSchema } from './money.ts';
import { accountOfStream, causationText, defined, type LoggedEvent } from './events.ts';

// It stands in every answer of a dry run, and in no other.
const dryRunMark = z
  .literal(true)
  .optional()
  .meta({ description: 'a dry run: this would be the answer, and nothing was written' });

const approvalMark = z
  .literal(true)
  .optional()
  .meta({ description: 'of a dry run: a second person would have to approve it' });

/** The schema of an answer that may also be that of a dry run. */
export const triable = <Shape extends z.ZodRawShape>(answer: z.ZodObject<Shape>) =>
  answer.extend({ dryRun: dryRunMark });

/** The same of a command that a second person may have to approve. */
export const approvable = <Shape extends z.ZodRawShape>(answer: z.ZodObject<Shape>) =>
  triable(answer).extend({ needsApproval: approvalMark });

/** The answer 202 to a command that a second person has to approve. */
export const pendingAnswer = z.strictObject({
  approvalId: writtenId,
  status: z.literal('waiting'),
  /** When it ends if nobody decides. */
  expiresAt: writtenTime,
});

/** The answer to a command that was carried out. A retry always gets the same answer. */
export const outcomeSchema = z.strictObject({
  commandId: z.string(),
  causationId: causationText.optional(),
  accountId: writtenId,
  /** The account's version after the command. */
  version: z.int().min(1),
  /** Of a command that is about a hold. */
  holdId: writtenId.optional(),
  event: z.looseObject({ id: z.string(), type: z.string(), version: z.int(), at: writtenTime }),
  balance: balanceSchema,
});
export type Outcome = z.infer<typeof outcomeSchema>;

/** An account as the opening command left it. */
export const accountAnswer = z.strictObject({
  accountId: writtenId,
  accountNumber: z.string(),
  /** Missing for an internal account, which is the bank's own. */
  ownerId: z.string().optional(),
  /** Missing for an account of a customer. */
  kind: z.literal('internal').optional(),
  /** The place of an internal account in the chart of accounts. */
  code: codeText.optional(),
  currency: z.string(),
  status: z.enum(['open', 'frozen', 'closed']),
  version: z.int().min(1),
  balance: balanceSchema,
  overdraftLimit: z.string(),
  limits: limitsSchema.optional(),
  /** Directions in which no money may move for now; missing when it may in both. */
  blocks: z.array(directionText).optional(),
  externalId: z.string().optional(),
  name: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  /** Missing when refused commands are not recorded. */
  recordRefusals: z.literal(true).optional(),
  openedAt: writtenTime,
  at: writtenTime,
});
export type AccountAnswer = z.infer<typeof accountAnswer>;

const lastOf = (events: readonly LoggedEvent[]): LoggedEvent => {
  const last = events.at(-1);
  if (last === undefined) throw new Error('a command without events has no outcome');
  return last;
};

/**
 * The answer to a command, from the events it made, so that a retry can be given it too.
 * @throws Error when there are none.
 */
export function outcomeOf(events: readonly LoggedEvent[]): Outcome {
  const { id, stream, type, version, at, commandId, causationId, data } = lastOf(events);
  const { balance, ...rest } = data;
  const event = { id, type, version, at, ...rest };
  const hold = 'holdId' in data ? { holdId: data.holdId } : {};
  const cause = causationId === undefined ? {} : { causationId };
  const accountId = accountOfStream(stream);
  return { commandId, ...cause, accountId, version, ...hold, event, balance };
}

/**
 * The answer to an opening command, from its events alone.
 * @throws Error when they do not begin with `account-opened`.
 */
export function openedAccountOf(events: readonly LoggedEvent[]): AccountAnswer {
  const [opened] = events;
  const last = lastOf(events);
  if (opened?.type !== 'account-opened') throw new Error('no account was opened');
  const { ownerId, kind, code, currency, overdraftLimit, externalId, ...told } = opened.data;
  const { name, metadata, recordRefusals } = told;
  const accountId = accountOfStream(opened.stream);
  return defined({
    accountId,
    accountNumber: accountNumberOf(accountId) ?? '',
    ownerId,
    kind,
    code,
    currency,
    status: 'open' as const,
    version: last.version,
    balance: last.data.balance,
    overdraftLimit,
    externalId,
    name,
    metadata,
    recordRefusals,
    openedAt: opened.at,
    at: last.at,
  });
}

/**
 * The answer to a command: the account that it opened, or its outcome.
 * @throws Error when there are no events.
 */
export const answerOf = (
  events: readonly LoggedEvent[],
): { account: AccountAnswer } | { outcome: Outcome } =>
  events[0]?.type === 'account-opened'
    ? { account: openedAccountOf(events) }
    : { outcome: outcomeOf(events) };
