import * as texts from '../http/scalars.ts';
import type { Command, TransferCommand } from '../../domain/account-commands.ts';
import type { Currency } from '../../domain/currency.ts';
import { COMMAND_ID_PATTERN, ONCE_PATTERN, type CommandId } from '../../domain/ids.ts';
import { parseAmount, ZERO } from '../../domain/money.ts';
import { batchContent } from '../batch/content.ts';
import { canonicalJson } from '../canonical-json.ts';
import { accountIdText } from '../http/scalars.ts';
import {
  captureBody,
  clientCommand,
  emptyBody,
  heldBy,
  moneyBody,
  typed,
} from './command-operations.ts';
import { loggedEventSchema } from './events.ts';
import { isMoney } from './money.ts';
import { refusalSchema } from './refusals.ts';
import { hash } from 'node:crypto';
import { z } from 'zod';

const ofTransfer = { transferId: texts.transferIdText };

/** A command as it travels: amounts are still text, because the actor knows the currency. */
export const commandBody = z.discriminatedUnion('type', [
  ...clientCommand.options,
  typed('expire-hold', emptyBody.extend(heldBy)),
  typed(
    'send-transfer',
    moneyBody.extend({
      ...ofTransfer,
      toAccountId: texts.accountIdText,
      reversesTransferId: texts.transferIdText.optional(),
    }),
  ),
  typed(
    'reserve-transfer',
    moneyBody.extend({
      ...ofTransfer,
      toAccountId: texts.accountIdText,
      expiresAt: texts.timeText.optional(),
    }),
  ),
  typed('capture-transfer', captureBody.extend(ofTransfer)),
  typed('void-transfer', emptyBody.extend(ofTransfer)),
  typed('expire-transfer', emptyBody.extend(ofTransfer)),
]);
export type CommandBody = z.infer<typeof commandBody>;

export const IF_MATCH_TAGS_MAX = 100;

/** At which versions of its account or person a command may run; '*': at any, if it is there. */
const ifMatch = z.union([z.literal('*'), z.array(z.int().min(0)).max(IF_MATCH_TAGS_MAX)]);
export type IfMatch = z.infer<typeof ifMatch>;

/** Whether a command may run on a stream of that version; of version 0 nothing is there. */
export const isMatch = (wanted: IfMatch | undefined, version: number): boolean =>
  wanted === undefined || (wanted === '*' ? version > 0 : wanted.includes(version));

const commandIdText = z
  .string()
  .regex(ONCE_PATTERN, 'must be 1-128 visible ASCII characters')
  .transform((id) => id as CommandId);

/** The key of a client: never one of the ids that the bank itself gives to its commands. */
export const clientKeyText = z
  .string()
  .regex(COMMAND_ID_PATTERN, 'must be 1-128 visible ASCII characters')
  .transform((key) => key as CommandId);

export const commandMessage = z.strictObject({
  /** The account that the command is for, and whose command ids it counts among. */
  accountId: accountIdText,
  commandId: commandIdText,
  /** The key of its batch, of an item that has none of its own. */
  causationId: clientKeyText.optional(),
  ifMatch: ifMatch.optional(),
  dryRun: z.boolean().optional(),
  traceparent: z.string().optional(),
  command: commandBody,
});
export type CommandMessage = z.infer<typeof commandMessage>;

const EXECUTE_COMMANDS_MAX = 1_000;
export const EXECUTE_GROUPS_MAX = 200;
export const ACTOR_TYPE = 'BankAccount';
/** `Teller.{host}` is the actor type that one actor host alone registers. */
export const TELLER_ACTOR_PREFIX = 'Teller';

/** Commands that are decided in this order. */
const commandGroup = z.strictObject({
  commands: z.array(commandMessage).min(1).max(EXECUTE_COMMANDS_MAX),
  /** One commit for all of them, or none when one is refused. */
  atomic: z.boolean().optional(),
  /** Decides them one after the other as it would be, and writes nothing. */
  dryRun: z.boolean().optional(),
  /** The batch that they are of: with another content under its key none is executed. */
  batch: batchContent.optional(),
});
export type CommandGroup = z.infer<typeof commandGroup>;

/** What core-bank-api sends to an account's actor, or to a teller for many accounts. */
export const executeRequest = z.strictObject({
  groups: z.array(commandGroup).min(1).max(EXECUTE_GROUPS_MAX),
  /** When the caller gives up, in epoch milliseconds. */
  deadline: z.int(),
});
export type ExecuteRequest = z.infer<typeof executeRequest>;

const commandResult = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    /** The id was executed before: these are the events of that time. */
    replayed: z.boolean(),
    /** In order; of a transfer those of the source, then those of the target. */
    events: z.array(loggedEventSchema).min(1),
  }),
  z.strictObject({
    ok: z.literal(false),
    refusal: refusalSchema,
    /** Of a transfer: which of its accounts the refusal is about. */
    accountId: accountIdText.optional(),
    /** Id of the event that records it, if the account records; null when its day is full. */
    refusalId: z.string().nullable().optional(),
  }),
]);
export type CommandResult = z.infer<typeof commandResult>;

/** What came of each group, in order; `moved`: its account is not active on this host. */
export const executeAnswer = z.strictObject({
  /** Names the host that answers, for `Teller.{host}`. */
  host: z.string(),
  groups: z.array(
    z.union([
      z.strictObject({ results: z.array(commandResult) }),
      z.strictObject({ moved: z.literal(true) }),
    ]),
  ),
});
export type ExecuteAnswer = z.infer<typeof executeAnswer>;

const LOOKUP_NAMES_MAX = 100;
/** The longest is a client's key with a word before it. */
const NAME_MAX = 140;
/** What core-bank-api asks an account's actor: what it executed or ended under these names. */
export const lookupRequest = z.strictObject({
  names: z.array(z.string().min(1).max(NAME_MAX)).min(1).max(LOOKUP_NAMES_MAX),
});
export const lookupAnswer = z.strictObject({
  /** The account's events under each name, in the order asked; null for nothing. */
  found: z.array(z.array(loggedEventSchema).min(1).nullable()),
});
export type LookupAnswer = z.infer<typeof lookupAnswer>;

/** Tells a retry (same id, same hash) from a reused id. */
export function commandHash(body: CommandBody): string {
  return hash('sha256', canonicalJson(body), 'base64url');
}

export interface AmountProblem {
  readonly at: string;
  readonly message: string;
}

/** The domain's command, with amounts in minor units of the account's currency. */
export function decodeCommand(
  body: CommandBody,
  currency: Currency,
): Command | TransferCommand | AmountProblem {
  const command: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(body)) {
    if (member === undefined) continue;
    if (!isMoney(name)) command[name] = member;
    else {
      const parsed = parseAmount(String(member), currency);
      if (typeof parsed !== 'bigint') {
        const message = `has more digits than ${currency} has, or is no amount`;
        return { at: `/${name}`, message };
      }
      command[name] = parsed;
    }
  }
  if (body.type !== 'open-account') return command as unknown as Command;
  return { overdraftLimit: ZERO, initialDeposit: ZERO, ...command } as unknown as Command;
}
