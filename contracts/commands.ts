import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Command } from '../domain/account.ts';
import type { Currency } from '../domain/currency.ts';
import { COMMAND_ID_PATTERN, unreachable, type CommandId } from '../domain/ids.ts';
import { parseAmount, ZERO, type Minor } from '../domain/money.ts';
import { canonicalJson } from './canonical-json.ts';
import { defined, loggedEventSchema } from './events.ts';
import * as texts from './texts.ts';

export const openAccountBody = z.strictObject({
  ownerId: texts.ownerIdText,
  currency: texts.currencyText,
  name: texts.nameText.optional(),
  overdraftLimit: texts.amountText.optional(),
  initialDeposit: texts.amountText.optional(),
  metadata: texts.metadataRecord.optional(),
});
export const moneyBody = z.strictObject({
  amount: texts.positiveAmountText,
  description: texts.descriptionText.optional(),
  reference: texts.referenceText.optional(),
  metadata: texts.metadataRecord.optional(),
});

const typed = <Type extends string, Shape extends z.ZodRawShape>(
  type: Type,
  body: z.ZodObject<Shape>,
) => body.extend({ type: z.literal(type) });

export const commandBody = z.discriminatedUnion('type', [
  typed('open-account', openAccountBody),
  typed('deposit', moneyBody),
  typed('withdraw', moneyBody),
]);
/** A command as it travels: amounts are still text, because the actor knows the currency. */
export type CommandBody = z.infer<typeof commandBody>;

export const commandIdText = z
  .string()
  .regex(COMMAND_ID_PATTERN, 'must be 1-128 visible ASCII characters')
  .transform((id) => id as CommandId);

export const commandMessage = z.strictObject({
  commandId: commandIdText,
  /** The server made the id a moment ago, so nobody can have used it before. */
  fresh: z.boolean(),
  ifMatch: z.int().min(0).optional(),
  dryRun: z.boolean().optional(),
  traceparent: z.string().optional(),
  command: commandBody,
});
export type CommandMessage = z.infer<typeof commandMessage>;

export const EXECUTE_COMMANDS_MAX = 100;
export const ACTOR_TYPE = 'BankAccount';

/** What core-bank-api sends to an account's actor: commands that are decided in this order. */
export const executeRequest = z.strictObject({
  commands: z.array(commandMessage).min(1).max(EXECUTE_COMMANDS_MAX),
  /** One commit for all of them, or none when one is refused. */
  atomic: z.boolean().optional(),
  /** Decides them one after the other as it would be, and writes nothing. */
  dryRun: z.boolean().optional(),
});
export type ExecuteRequest = z.infer<typeof executeRequest>;

export const refusalSchema = z.discriminatedUnion('code', [
  z.strictObject({ code: z.literal('account-not-found') }),
  z.strictObject({ code: z.literal('account-already-exists') }),
  z.strictObject({
    code: z.literal('insufficient-funds'),
    available: z.string(),
    shortfall: z.string(),
  }),
  z.strictObject({ code: z.literal('version-mismatch'), version: z.int() }),
  z.strictObject({ code: z.literal('idempotency-key-reused') }),
  /** Another command of the same atomic batch was refused. */
  z.strictObject({ code: z.literal('batch-aborted') }),
  z.strictObject({ code: z.literal('invalid-request'), at: z.string(), message: z.string() }),
  /** Nothing is known to have happened; the same id may be sent again. */
  z.strictObject({ code: z.literal('service-unavailable'), reason: z.string() }),
]);
export type RefusalMessage = z.infer<typeof refusalSchema>;

export const commandResult = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    /** The id was executed before: these are the events of that time. */
    replayed: z.boolean(),
    events: z.array(loggedEventSchema).min(1),
  }),
  z.strictObject({ ok: z.literal(false), refusal: refusalSchema }),
]);
export type CommandResult = z.infer<typeof commandResult>;

export const executeAnswer = z.strictObject({ results: z.array(commandResult) });
export type ExecuteAnswer = z.infer<typeof executeAnswer>;

/** What core-bank-api asks an account's actor: what it executed under these ids, if anything. */
export const lookupRequest = z.strictObject({
  commandIds: z.array(commandIdText).min(1).max(EXECUTE_COMMANDS_MAX),
});
export const lookupAnswer = z.strictObject({
  /** The events of each command, in the order asked; null when nothing was executed under it. */
  found: z.array(z.array(loggedEventSchema).min(1).nullable()),
});
export type LookupAnswer = z.infer<typeof lookupAnswer>;

/** Tells a retry (same id, same hash) from a reused id. */
export function commandHash(body: CommandBody): string {
  return createHash('sha256').update(canonicalJson(body)).digest('base64url');
}

export interface AmountProblem {
  readonly at: string;
  readonly message: string;
}

/** The domain's command, with amounts in minor units of the account's currency. */
export function decodeCommand(body: CommandBody, currency: Currency): Command | AmountProblem {
  const faults: AmountProblem[] = [];
  const amount = (member: string, text: string | undefined): Minor => {
    const parsed = text === undefined ? ZERO : parseAmount(text, currency);
    if (typeof parsed === 'bigint') return parsed;
    const message = `has more digits than ${currency} has, or is no amount`;
    faults.push({ at: `/${member}`, message });
    return ZERO;
  };
  const command = decode(body, amount);
  return faults[0] ?? command;
}

function decode(
  body: CommandBody,
  amount: (member: string, text: string | undefined) => Minor,
): Command {
  switch (body.type) {
    case 'open-account':
      return defined({
        ...body,
        overdraftLimit: amount('overdraftLimit', body.overdraftLimit),
        initialDeposit: amount('initialDeposit', body.initialDeposit),
      });
    case 'deposit':
    case 'withdraw':
      return defined({ ...body, amount: amount('amount', body.amount) });
    default:
      return unreachable(body);
  }
}
