import * as texts from '../http/scalars.ts';
import type { Command, TransferCommand } from '../../domain/account-commands.ts';
import type { Currency } from '../../domain/currency.ts';
import { COMMAND_ID_PATTERN, ONCE_PATTERN, type CommandId } from '../../domain/ids.ts';
import { parseAmount, ZERO } from '../../domain/money.ts';
import { sender } from '../access/principal.ts';
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
import { loggedEventSchema, transactionTerms } from './events.ts';
import { isMoney } from './money.ts';
import { refusalSchema } from './refusals.ts';
import { hash } from 'node:crypto';
import { z } from 'zod';

const ofTransfer = { transferId: texts.transferIdText };

/**
 * A command on its way to the actor. Amounts are still text, because only the actor knows the
 * currency.
 */
export const commandBody = z.discriminatedUnion('type', [
  ...clientCommand.options,
  typed('expire-hold', emptyBody.extend(heldBy)),
  typed(
    'send-transfer',
    moneyBody.extend({
      ...ofTransfer,
      toAccountId: texts.accountIdText,
      reversesTransferId: texts.transferIdText.optional(),
      transactionId: texts.transactionIdText.optional(),
      transaction: transactionTerms.optional(),
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

/** Most entity tags in one If-Match header. */
export const IF_MATCH_TAGS_MAX = 100;

/** The versions at which a command may run; "*" means any version, if there is one. */
const ifMatch = z.union([z.literal('*'), z.array(z.int().min(0)).max(IF_MATCH_TAGS_MAX)]);
export type IfMatch = z.infer<typeof ifMatch>;

/**
 * Whether a command may run on a stream at this version.
 * @param wanted undefined: at any version, also on a stream that does not exist.
 * @param version 0 means that the stream does not exist.
 */
export const isMatch = (wanted: IfMatch | undefined, version: number): boolean =>
  wanted === undefined || (wanted === '*' ? version > 0 : wanted.includes(version));

/** A command id of a client or of the bank itself. */
const commandIdText = z
  .string()
  .regex(ONCE_PATTERN, 'must be 1-128 visible ASCII characters')
  .transform((id) => id as CommandId);

/** A client's Idempotency-Key, which is never one of the bank's own command ids. */
export const clientKeyText = z
  .string()
  .regex(COMMAND_ID_PATTERN, 'must be 1-128 visible ASCII characters')
  .transform((key) => key as CommandId);

/** One command as it travels to an actor. */
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

/** Most commands of one group. */
const EXECUTE_COMMANDS_MAX = 1_000;
/** Most groups of one call. */
export const EXECUTE_GROUPS_MAX = 200;
/** Dapr actor type of accounts; the actor id is the account id. */
export const ACTOR_TYPE = 'BankAccount';
/** Each actor host alone registers the actor type `Teller.{host}`. */
export const TELLER_ACTOR_PREFIX = 'Teller';

/** Commands of one sender that are decided in this order. */
const commandGroup = z.strictObject({
  ...sender.shape,
  commands: z.array(commandMessage).min(1).max(EXECUTE_COMMANDS_MAX),
  /** One commit for all of them, or none when one is refused. */
  atomic: z.boolean().optional(),
  /** Decides them one after the other as it would be, and writes nothing. */
  dryRun: z.boolean().optional(),
  /** What of them needs the approval of a second person waits for it; else it is refused. */
  mayWait: z.boolean().optional(),
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

/** The result of one command. */
const commandResult = z.discriminatedUnion('ok', [
  z.strictObject({
    ok: z.literal(true),
    /** The id was executed before: these are the events of that time. */
    replayed: z.boolean(),
    /** In order; of a transfer those of the source, then those of the target. */
    events: z.array(loggedEventSchema).min(1),
    /** Of a dry run: a second person would have to approve it. */
    needsApproval: z.literal(true).optional(),
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

/**
 * The result of each group, in order. `moved` means that its account is not active on this host.
 */
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

/** Most names of one lookup. */
const LOOKUP_NAMES_MAX = 100;
/** The longest is a client and its key with a word before them. */
const NAME_MAX = 200;
/** Asks an account's actor which events it committed under these names. */
export const lookupRequest = z.strictObject({
  names: z.array(z.string().min(1).max(NAME_MAX)).min(1).max(LOOKUP_NAMES_MAX),
  owner: sender.shape.owner,
});
/** The events found under each name. */
export const lookupAnswer = z.strictObject({
  /** Whether it is an account of that owner. */
  isOwn: z.boolean(),
  /** The account's events under each name, in the order asked; null for nothing. */
  found: z.array(z.array(loggedEventSchema).min(1).nullable()),
});
export type LookupAnswer = z.infer<typeof lookupAnswer>;

/**
 * SHA-256 of the command's canonical JSON, in base64url (43 characters). With the same id, an equal
 * hash means a retry and another hash means a reused id.
 */
export function commandHash(body: CommandBody): string {
  return hash('sha256', canonicalJson(body), 'base64url');
}

/** Why an amount does not fit its currency: where (JSON pointer) and what is wrong. */
export interface AmountProblem {
  readonly at: string;
  readonly message: string;
}

/**
 * The domain's command, with amounts in minor units of the account's currency.
 * @returns an AmountProblem when an amount has more digits than the currency.
 * @example
 * decodeCommand({ type: 'deposit', amount: '125.50' }, CZK); // { type: 'deposit', amount: 12550n }
 * decodeCommand({ type: 'deposit', amount: '1.5' }, JPY); // { at: '/amount', message: '...' }
 */
export function decodeCommand(
  body: CommandBody,
  currency: Currency,
): Command | TransferCommand | AmountProblem {
  const command: Record<string, unknown> = {};
  // In the client's currency, if it says one: that it is another is then refused by a rule.
  const said = 'currency' in body ? (body.currency ?? currency) : currency;
  for (const [name, member] of Object.entries(body)) {
    // What an account is when nothing is said.
    if (member === undefined || (name === 'kind' && member === 'customer')) continue;
    if (!isMoney(name)) command[name] = member;
    else {
      const parsed = parseAmount(String(member), said);
      if (typeof parsed !== 'bigint') {
        const message = `has more digits than ${said} has, or is no amount`;
        return { at: `/${name}`, message };
      }
      command[name] = parsed;
    }
  }
  if (body.type !== 'open-account') return command as unknown as Command;
  return { overdraftLimit: ZERO, initialDeposit: ZERO, ...command } as unknown as Command;
}
