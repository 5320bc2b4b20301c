import { z } from 'zod';
import type { AccountId, CommandId } from '../../domain/ids.ts';
import { clientCommand, type ClientCommand } from '../account/command-operations.ts';
import { clientKeyText } from '../account/commands.ts';
import { accountAnswer, outcomeSchema, triable } from '../account/outcomes.ts';
import { problemSchema } from '../http/problems.ts';
import { accountRefText, writtenId } from '../http/scalars.ts';
import { transferBody, transferCommandAnswer } from '../transfer/transfers.ts';

/** Most commands of one batch. */
export const BATCH_COMMANDS_MAX = 1_000;

const key = clientKeyText
  .optional()
  .meta({ description: 'makes the command safe to send again, for ever' });

type Option = (typeof clientCommand.options)[number];

// The account that a command opens has no id yet: its id follows from the key.
const addressed = (option: Option): Option => {
  const address = option.shape.type.value === 'open-account' ? {} : { accountId: accountRefText };
  const whole: z.ZodObject = option;
  return whole.extend({ ...address, idempotencyKey: key }) as unknown as Option;
};

/** The body of POST /v1/transfers; it is a command to the account that the money leaves. */
const transferItem = transferBody.safeExtend({ type: z.literal('transfer'), idempotencyKey: key });

/** One command with its address, as in a batch or in a message. */
export const batchItem = z.discriminatedUnion('type', [
  ...(clientCommand.options.map(addressed) as unknown as typeof clientCommand.options),
  transferItem,
]);
/** The account of a command and its key; without a key the server derives one. */
interface Address {
  readonly accountId?: AccountId;
  readonly idempotencyKey?: CommandId;
}
export type BatchItem = (ClientCommand & Address) | z.infer<typeof transferItem>;

/**
 * For the API document only: the items are parsed one by one, so that a bad one spoils no other.
 */
export const batchBody = z.strictObject({
  commands: z.array(batchItem).min(1).max(BATCH_COMMANDS_MAX),
});
/** A batch whose items are not parsed yet. */
export const batchFrame = z.strictObject({
  commands: z.array(z.unknown()).min(1).max(BATCH_COMMANDS_MAX),
});

/** The result of one command: exactly one of outcome, account, transfer and problem. */
export const batchResult = z.strictObject({
  /** The HTTP status that the command alone would have been answered with. */
  status: z.int(),
  /** The client's key or the one that the server made; none when the item's own was not valid. */
  idempotencyKey: z.string().optional(),
  accountId: writtenId.optional(),
  /** The command had been executed before: this is the answer of that time. */
  replayed: z.literal(true).optional(),
  outcome: outcomeSchema.optional(),
  account: accountAnswer.optional(),
  transfer: transferCommandAnswer.optional(),
  problem: problemSchema.optional(),
});
export type BatchResult = z.infer<typeof batchResult>;
/** The results, in the order of the commands. */
export const batchAnswer = triable(z.strictObject({ results: z.array(batchResult) }));
