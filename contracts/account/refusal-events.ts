import { z } from 'zod';
import { clientCommand } from './command-operations.ts';
import type { CommandBody } from './commands.ts';
import { balanceSchema, limitsSchema } from './money.ts';
import { envelope } from './events.ts';
import { refusalSchema, type RefusalMessage } from './refusals.ts';
import * as texts from '../http/scalars.ts';

const REFUSAL_STREAM = /^refusal\/[0-9a-f-]{36}$/;

type MembersOf<Body> = Body extends Body ? keyof Body : never;
type CommandMember = MembersOf<CommandBody>;

/**
 * The members of a command that its record holds, with their schemas: nothing that somebody typed,
 * and no owner. A new member does not compile until somebody decides here. `commandHash` binds the
 * record to all of the command, for anyone who still has it.
 */
const RECORDED = {
  amount: texts.amountText.optional(),
  code: texts.codeText.optional(),
  captureAboveHold: z.literal(true).optional(),
  currency: texts.currencyText.optional(),
  direction: texts.directionText.optional(),
  expiresAt: texts.timeText.optional(),
  holdId: texts.holdIdText.optional(),
  kind: z.enum(['customer', 'internal']).optional(),
  initialDeposit: texts.amountText.optional(),
  overdraftLimit: texts.amountText.optional(),
  perDay: texts.amountText.optional(),
  perWithdrawal: texts.amountText.optional(),
  recordRefusals: z.boolean().optional(),
  reversesTransferId: texts.transferIdText.optional(),
  toAccountId: texts.accountIdText.optional(),
  transactionId: texts.transactionIdText.optional(),
  transferId: texts.transferIdText.optional(),
  version: texts.versionNumber.optional(),
};
const IS_LEFT_OUT: Readonly<Record<Exclude<CommandMember, 'type' | keyof typeof RECORDED>, true>> =
  {
    description: true,
    externalId: true,
    metadata: true,
    name: true,
    ownerId: true,
    reason: true,
    reference: true,
    transaction: true,
    valueDate: true,
  };

/**
 * Which refusals are by a rule of the bank, on a request that was understood. The others say that
 * the request itself is wrong, or that nothing was decided.
 */
const IS_RULE: Readonly<Record<RefusalMessage['code'], boolean>> = {
  'account-already-exists': true,
  'account-frozen': true,
  'account-not-frozen': true,
  'account-closed': true,
  'account-blocked': true,
  'account-not-blocked': true,
  'already-reversed': true,
  'balance-not-zero': true,
  'currency-mismatch': true,
  'event-not-found': true,
  'hold-already-resolved': true,
  'hold-amount-exceeded': true,
  'hold-expired': true,
  'hold-not-due': true,
  'hold-not-found': true,
  'insufficient-funds': true,
  'limit-exceeded': true,
  'not-reversible': true,
  'reversal-amount-exceeded': true,
  'same-account': true,
  'too-many-open': true,
  'transfer-already-ended': true,
  'transfer-amount-exceeded': true,
  'transfer-expired': true,
  'transfer-not-due': true,
  'transfer-not-found': true,
  'account-not-found': false,
  'approval-ended': false,
  'approval-pending': false,
  'approval-required': false,
  'batch-aborted': false,
  'batch-key-reused': false,
  'idempotency-key-reused': false,
  'invalid-request': false,
  'owner-not-found': false,
  'service-unavailable': false,
  'version-mismatch': false,
};

/** What somebody asked for, as against the steps that the bank takes by itself. */
const ASKED = z.enum([
  ...clientCommand.options.map((option) => option.shape.type.value),
  'send-transfer',
  'reserve-transfer',
  'capture-transfer',
  'void-transfer',
]);

/** Whether the refusal of a command is recorded, on an account that records refusals. */
export const isRecorded = (type: CommandBody['type'], { code }: RefusalMessage): boolean =>
  IS_RULE[code] && ASKED.safeParse(type).success;

const refusedCommand = z.strictObject({
  /** The client's Idempotency-Key, or the one that the server made. */
  commandId: z.string(),
  type: ASKED,
  ...RECORDED,
});
type AskedCommand = z.infer<typeof refusedCommand>;

/**
 * The command without what its record must not contain: no free text and no owner.
 * @throws ZodError for a command that the bank gave itself.
 */
export function askedCommand(commandId: string, body: CommandBody): AskedCommand {
  const kept = Object.entries(body).filter(([name]) => !(name in IS_LEFT_OUT));
  return refusedCommand.parse({ commandId, ...Object.fromEntries(kept) });
}

/** The account as the decision saw it. */
const seenAccount = z.strictObject({
  /** Its version: the account's own events up to this one tell the same. */
  version: z.int().min(1),
  /**
   * Events of the same atomic batch that it was decided on as well, and that were undone with it;
   * then the amounts here are not those of the version.
   */
  undone: z.int().min(1).optional(),
  status: z.enum(['open', 'frozen', 'closed']),
  currency: texts.currencyText,
  balance: balanceSchema,
  overdraftLimit: z.string(),
  limits: limitsSchema.optional(),
  /** What counted against the day's limit before the command. */
  spentToday: z.string(),
});
export type SeenAccount = z.infer<typeof seenAccount>;

/** The record of a refused command, with what the decision saw. */
export const refusalEventSchema = z.discriminatedUnion('type', [
  envelope(
    'command-refused',
    z.strictObject({
      command: refusedCommand,
      /** The rule, as its code, and what lacked. */
      refusal: refusalSchema,
      seen: seenAccount,
      /** No more refusals of the account are recorded on this day (UTC). */
      dayIsFull: z.literal(true).optional(),
    }),
    REFUSAL_STREAM,
  ),
]);
/** A refusal as it is stored in the journal, on the topics and in the log. */
export type RefusalEvent = z.infer<typeof refusalEventSchema>;

/** What the journal keeps besides the last record of an account. */
export const refusalsState = z.strictObject({
  version: z.int().min(1),
  changedAt: z.string(),
  /** Records of the day (UTC) of the last one. */
  onDay: z.int().min(1),
});
export type RefusalsState = z.infer<typeof refusalsState>;
