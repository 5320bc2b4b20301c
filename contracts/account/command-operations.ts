import { z } from 'zod';
import type { Command, CommandOf } from '../../domain/account-commands.ts';
import { CURRENCIES } from '../../domain/currency.ts';
import { COMMAND_ID_PATTERN, type HoldId } from '../../domain/ids.ts';
import type { Scope } from '../access/rules.ts';
import type { Operation } from '../http/openapi.ts';
import { flagText, holdParams, idParams } from '../http/parameters.ts';
import type { ProblemCode } from '../http/problems.ts';
import * as texts from '../http/scalars.ts';
import { accountAnswer, approvable, outcomeSchema, pendingAnswer } from './outcomes.ts';

/** Body of POST /v1/accounts. */
const openAccountBody = z.strictObject({
  ownerId: texts.clientOwnerText.optional().meta({
    description: 'a person of the bank; required but for an internal account, which has no owner',
  }),
  kind: z.enum(['customer', 'internal']).optional().meta({
    description: 'internal: an account of the bank itself, which may go below zero without a limit',
  }),
  code: texts.codeText.optional().meta({
    description: 'the place of an internal account in the chart of accounts; it never changes',
  }),
  // Named here, so that who reads the document (or generates from it) sees what is accepted.
  currency: texts.currencyText.meta({ enum: [...CURRENCIES] }),
  name: texts.clientTexts.name.optional(),
  overdraftLimit: texts.amountText.optional(),
  initialDeposit: texts.amountText.optional(),
  metadata: texts.clientTexts.metadata.optional(),
  externalId: texts.clientTexts.externalId.optional().meta({
    description: "the account's name in another system, to find it by; it never changes",
  }),
  recordRefusals: z.boolean().optional().meta({
    description: 'true: a command that a rule refuses is recorded in the log, with what was seen',
  }),
});
const labels = {
  description: texts.clientTexts.description.optional(),
  reference: texts.clientTexts.reference.optional(),
  metadata: texts.clientTexts.metadata.optional(),
};
/** What a client may write about a movement of money. */
const remarks = {
  ...labels,
  valueDate: texts.dayText.optional().meta({
    description: 'from which day the money counts, past or to come; the day of booking if missing',
  }),
};
const money = {
  amount: texts.positiveAmountText,
  currency: texts.currencyText.optional().meta({
    description: 'the currency you have in mind: in an account of another nothing is done',
  }),
};
/** Body of a deposit or a withdrawal. */
export const moneyBody = z.strictObject({ ...money, ...remarks });

/** Body that places a hold. */
const holdBody = z.strictObject({
  ...money,
  ...labels,
  expiresAt: texts.timeText.optional().meta({
    description: 'when the bank releases the hold by itself; it stays until resolved without it',
  }),
});
/** Body that captures a hold or a pending transfer. */
export const captureBody = z.strictObject({
  amount: texts.positiveAmountText.optional().meta({
    description:
      'what is taken, the rest is released; all when missing. Of a hold it may be more where the ' +
      'limits of the account allow it (captureAboveHold), of a pending transfer never',
  }),
  ...remarks,
});
/** Body of a command without members. */
export const emptyBody = z.strictObject({});
/** Body that sets the overdraft limit. */
const overdraftBody = z.strictObject({ amount: texts.amountText });
/** Body that sets all limits; a missing member removes that limit, or what was allowed. */
const limitsBody = z.strictObject({
  perWithdrawal: texts.amountText.optional(),
  perDay: texts.amountText.optional(),
  captureAboveHold: z.literal(true).optional().meta({
    description: 'a hold may be captured for more than it holds, as far as the rest is available',
  }),
});
/** Body that sets name and metadata; a missing member is removed. */
const detailsBody = z.strictObject({
  name: texts.clientTexts.name.optional(),
  metadata: texts.clientTexts.metadata.optional(),
});
/** Body that changes what it names; null removes it (RFC 7396). */
const detailsPatch = z.strictObject({
  name: texts.clientTexts.name.nullable().optional(),
  metadata: texts.metadataPatch.optional(),
});
/** Body that switches the recording of refusals. */
const refusalRecordingBody = z.strictObject({ recordRefusals: z.boolean() });
/** Body of a command that may say why. */
export const reasonBody = z.strictObject({ reason: texts.clientTexts.description.optional() });
const { description: _reasonInstead, ...reversalRemarks } = remarks;
/** Body that reverses a transfer. */
export const transferReversalBody = reasonBody.extend(reversalRemarks);
/** Body that reverses the event with this version. */
const reversalBody = transferReversalBody.extend({
  version: texts.versionNumber,
  amount: texts.positiveAmountText.optional().meta({
    description: 'what is taken back; all that was not taken back yet when missing',
  }),
});
/** Body that blocks one direction, or lifts the block. */
const blockBody = reasonBody.extend({
  direction: texts.directionText.meta({
    description: 'debit: nothing leaves the account; credit: nothing comes to it',
  }),
});

/**
 * What every operation of the command API has: the query member `dryRun` and the answer's headers.
 */
export const common = {
  query: {
    dryRun: flagText('true: 200 and what the answer would be; nothing is written'),
  },
  answerHeaders: {
    'Idempotency-Key': "the client's key, or the one that the server made",
    'Idempotency-Replayed': '"true" when the command had been executed before',
    ETag: 'the version of the account after the command, in double quotes',
  },
} satisfies Partial<Operation>;

/** Request headers of every command. */
export const headers = {
  'Idempotency-Key': z
    .string()
    .regex(COMMAND_ID_PATTERN)
    .optional()
    .meta({ description: 'makes the request safe to send again, for ever' }),
  'If-Match': z
    .string()
    .regex(/^(?:\*|(?:W\/)?"[!#-~]*"(?:, *(?:W\/)?"[!#-~]*")*)$/)
    .optional()
    .meta({
      description:
        'the command runs only at this version of the account, as ETag tells it, or at one of ' +
        'several; *: at any, if there is one. Weak tags never match',
    }),
};

/** The problems of every operation that reads a body. */
export const WITH_BODY: readonly ProblemCode[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
  'version-mismatch',
];

const MOVING: readonly ProblemCode[] = ['account-frozen', 'account-blocked', 'currency-mismatch'];
const SPENDING: readonly ProblemCode[] = [...MOVING, 'insufficient-funds', 'limit-exceeded'];
const HOLD: readonly ProblemCode[] = ['hold-not-found', 'hold-already-resolved'];

/** A command of a client: what it says, and the operation that takes it. */
type Given = Omit<Operation, 'method'> & { readonly members: z.ZodObject };

const ofAccount = <Body extends z.ZodRawShape>(
  scope: Scope,
  path: string,
  [id, summary]: readonly [string, string],
  body: z.ZodObject<Body, z.core.$strict>,
  status: 200 | 201,
  problems: readonly ProblemCode[] = [],
) => ({
  ...common,
  path: `/v1/accounts/{id}${path}`,
  id,
  access: { scope, object: 'account' } as const,
  summary,
  params: idParams,
  headers,
  body,
  members: body,
  status,
  answer: approvable(outcomeSchema),
  pending: pendingAnswer,
  problems: [...WITH_BODY, 'account-not-found' as const, 'account-closed' as const, ...problems],
});

/** The hold is named by the path, in the command as it travels by a member. */
export const heldBy = { holdId: texts.clientIdText.transform((id) => id as HoldId) };
const ofHold = <Body extends z.ZodRawShape>(
  path: string,
  names: readonly [string, string],
  body: z.ZodObject<Body, z.core.$strict>,
  problems: readonly ProblemCode[] = [],
) => ({
  ...ofAccount('holds:write', `/holds/{holdId}${path}`, names, body, 200, [...HOLD, ...problems]),
  params: holdParams,
  members: body.extend(heldBy),
});

/** What the bank adds to a command of a client by itself. */
export interface AddedByBank {
  readonly 'place-hold': 'holdId';
}
type AddedTo<Type> = Type extends keyof AddedByBank ? AddedByBank[Type] : never;
type Said<Type extends Command['type']> = Exclude<keyof CommandOf<Type>, 'type' | AddedTo<Type>>;

/**
 * Every command that a client may give, with what it says and how core-bank-api takes it. A command
 * of the domain, and a member of one, compiles only with its place here.
 */
const COMMANDS = {
  'open-account': {
    ...common,
    path: '/v1/accounts',
    id: 'openAccount',
    access: { scope: 'accounts:open', object: 'accounts' },
    summary: 'Opens an account, with a first deposit if one is given',
    headers,
    body: openAccountBody,
    members: openAccountBody,
    status: 201,
    answer: approvable(accountAnswer),
    pending: pendingAnswer,
    answerHeaders: { ...common.answerHeaders, Location: 'the path of the account' },
    problems: [...WITH_BODY, 'account-already-exists', 'owner-not-found'],
  },
  deposit: ofAccount(
    'cash:write',
    '/deposits',
    ['deposit', 'Puts money into an account'],
    moneyBody,
    201,
    MOVING,
  ),
  withdraw: ofAccount(
    'cash:write',
    '/withdrawals',
    ['withdraw', 'Takes money out of an account, as far as it is available'],
    moneyBody,
    201,
    SPENDING,
  ),
  'place-hold': ofAccount(
    'holds:write',
    '/holds',
    ['placeHold', 'Sets money aside: it stays in the ledger but is not available'],
    holdBody,
    201,
    [...SPENDING, 'too-many-open'],
  ),
  'capture-hold': ofHold(
    '/capture',
    ['captureHold', 'Takes the held money, or a part of it and releases the rest, or more'],
    captureBody,
    [...SPENDING, 'hold-expired', 'hold-amount-exceeded'],
  ),
  'void-hold': ofHold('/void', ['voidHold', 'Releases the held money'], emptyBody),
  'set-overdraft-limit': ofAccount(
    'accounts:restrict',
    '/overdraft-limit',
    ['setOverdraftLimit', 'Sets how far the ledger may fall below zero'],
    overdraftBody,
    200,
    ['insufficient-funds'],
  ),
  'set-limits': ofAccount(
    'accounts:restrict',
    '/limits',
    [
      'setLimits',
      'Sets the limits at once, per day (UTC), above a hold; what is missing is removed',
    ],
    limitsBody,
    200,
  ),
  'set-details': ofAccount(
    'accounts:manage',
    '/details',
    ['setDetails', 'Sets name and metadata; what is missing is removed'],
    detailsBody,
    200,
  ),
  'patch-details': ofAccount(
    'accounts:manage',
    '',
    ['patchDetails', 'Changes name and metadata: null removes, what is missing stays'],
    detailsPatch,
    200,
  ),
  'set-refusal-recording': ofAccount(
    'accounts:manage',
    '/refusal-recording',
    ['setRefusalRecording', 'Sets whether refused commands are recorded in the log'],
    refusalRecordingBody,
    200,
  ),
  freeze: ofAccount(
    'accounts:restrict',
    '/freeze',
    ['freeze', 'Stops all movements; holds can still be voided and expire'],
    reasonBody,
    200,
    ['account-frozen'],
  ),
  unfreeze: ofAccount(
    'accounts:restrict',
    '/unfreeze',
    ['unfreeze', 'Allows movements again'],
    reasonBody,
    200,
    ['account-not-frozen'],
  ),
  block: ofAccount(
    'accounts:restrict',
    '/blocks',
    ['block', 'Stops what would leave the account, or what would come to it'],
    blockBody,
    200,
    ['account-blocked'],
  ),
  unblock: ofAccount(
    'accounts:restrict',
    '/blocks/lift',
    ['unblock', 'Lifts a block'],
    blockBody,
    200,
    ['account-not-blocked'],
  ),
  close: ofAccount(
    'accounts:restrict',
    '/close',
    ['close', 'Closes an empty account for ever'],
    reasonBody,
    200,
    ['account-frozen', 'balance-not-zero'],
  ),
  reverse: ofAccount(
    'reversals:write',
    '/reversals',
    ['reverse', 'Takes back a deposit, withdrawal or capture, in one part or several'],
    reversalBody,
    201,
    [
      'account-frozen',
      'account-blocked',
      'event-not-found',
      'not-reversible',
      'already-reversed',
      'reversal-amount-exceeded',
      'too-many-open',
      'insufficient-funds',
    ],
  ),
} satisfies {
  readonly [Type in Exclude<Command['type'], 'expire-hold'>]: Given & {
    readonly members: { readonly shape: Readonly<Record<Said<Type>, z.ZodType>> };
  };
};
type Commands = typeof COMMANDS;

/** A body with the type of its command, as batches and actors name it. */
export const typed = <Type extends string, Shape extends z.ZodRawShape>(
  type: Type,
  body: z.ZodObject<Shape>,
) => body.extend({ type: z.literal(type) });

type OptionOf<Type extends string, Members> =
  Members extends z.ZodObject<infer Shape>
    ? z.ZodObject<Shape & { type: z.ZodLiteral<Type> }, z.core.$strict>
    : never;
type Option = {
  [Type in keyof Commands]: OptionOf<Type, Commands[Type]['members']>;
}[keyof Commands];

/** A command that a client may send. */
export const clientCommand = z.discriminatedUnion(
  'type',
  Object.entries(COMMANDS).map(([type, { members }]) =>
    typed(type, members as z.ZodObject),
  ) as unknown as [Option, ...Option[]],
);
export type ClientCommand = z.infer<typeof clientCommand>;

/** A route of the command API: the command it gives to the account in its path. */
export interface CommandOperation extends Operation {
  readonly command: keyof Commands;
}

/** By the first word of a command. */
const METHODS: Readonly<Record<string, 'put' | 'patch'>> = { set: 'put', patch: 'patch' };

/** The operations of core-bank-api on one account. */
export const COMMAND_OPERATIONS: readonly CommandOperation[] = Object.entries(
  COMMANDS as Readonly<Record<keyof Commands, Given>>,
).map(([name, { members: _members, ...operation }]) => {
  const command = name as keyof Commands;
  return { ...operation, command, method: METHODS[command.split('-')[0] ?? ''] ?? 'post' };
});
