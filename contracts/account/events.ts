import { z } from 'zod';
import type { ExistingAccount } from '../../domain/account.ts';
import { causeName, onceNamesOf, RELEASE_REASONS } from '../../domain/account-events.ts';
import type { AccountEvent } from '../../domain/account-events.ts';
import type { AccountId, CommandId, StreamId } from '../../domain/ids.ts';
import { readAmount } from '../../domain/money.ts';
import { movementOf, type Movement } from '../../domain/movement.ts';
import { balanceOf, balanceSchema, isMoney, writeMoney } from './money.ts';
import { batchContent, type BatchContent } from '../batch/content.ts';
import * as texts from '../http/scalars.ts';

const remarks = {
  description: texts.descriptionText.optional(),
  reference: texts.referenceText.optional(),
  metadata: texts.metadataRecord.optional(),
};
const details = { name: texts.nameText.optional(), metadata: texts.metadataRecord.optional() };
const reasoned = { reason: texts.descriptionText.optional() };
const state = { currency: texts.currencyText, balance: balanceSchema };
const money = { ...state, amount: texts.positiveAmountText };
const hold = { ...money, holdId: texts.holdIdText };
const leg = {
  ...money,
  transferId: texts.transferIdText,
  /** The target in the stream of the source, the source in that of the target. */
  otherAccountId: texts.accountIdText,
};
const direct = { ...leg, ...remarks, reversesTransferId: texts.transferIdText.optional() };

/** Beside a `commandId` that is not the client's own key: what stands here is. */
export const causationText = z.string().meta({
  description:
    "the client's Idempotency-Key where commandId is another: of an item without a key that of " +
    'its batch, at the target of a transfer that of the command to the source',
});

/** What every event of the log has, whatever stream it belongs to. */
export const envelope = <Type extends string, Data extends z.ZodType>(
  type: Type,
  data: Data,
  stream = /^acct\/[0-9a-f-]{36}$/,
) =>
  z.strictObject({
    /** `stream/version`: unique for ever. */
    id: z.string(),
    stream: z.string().regex(stream),
    version: z.int().min(1),
    /** Digest of the event before it in its stream (contracts/digest.ts); none at version 1. */
    prev: z.string().length(43).optional(),
    /**
     * Of a command that made several events, on one stream or more: the id of the first of them
     * and their number. They enter the log in one transaction or wait together.
     */
    joint: z.strictObject({ id: z.string(), events: z.int().min(2) }).optional(),
    type: z.literal(type),
    /** Version of the shape of `data` for this type. */
    schema: z.literal(1),
    commandId: z.string(),
    /** SHA-256 (base64url) of the command's canonical JSON: tells a retry from a reused key. */
    commandHash: z.string(),
    causationId: causationText.optional(),
    /** Of the first event of a batch, and of some that were decided beside it. */
    batch: batchContent.optional(),
    /** W3C trace context of the request. */
    traceparent: z.string().optional(),
    /** The actor's clock, RFC 3339 UTC, never earlier than the event before. */
    at: z.string(),
    data,
  });

const data = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);

export const loggedEventSchema = z.discriminatedUnion('type', [
  envelope(
    'account-opened',
    data({
      ...state,
      ...details,
      ownerId: texts.ownerIdText,
      overdraftLimit: texts.amountText,
      recordRefusals: z.literal(true).optional(),
    }),
  ),
  envelope('account-frozen', data({ ...state, ...reasoned })),
  envelope('account-unfrozen', data({ ...state, ...reasoned })),
  envelope('account-closed', data({ ...state, ...reasoned })),
  envelope('overdraft-limit-set', data({ ...state, overdraftLimit: texts.amountText })),
  envelope(
    'limits-set',
    data({
      ...state,
      perWithdrawal: texts.amountText.optional(),
      perDay: texts.amountText.optional(),
    }),
  ),
  envelope('details-set', data({ ...state, ...details })),
  envelope('refusal-recording-set', data({ ...state, recordRefusals: z.boolean() })),
  envelope('money-deposited', data({ ...money, ...remarks })),
  envelope('money-withdrawn', data({ ...money, ...remarks })),
  envelope(
    'movement-reversed',
    data({
      ...money,
      ...reasoned,
      reverses: texts.versionNumber,
      direction: z.enum(['credit', 'debit']),
    }),
  ),
  envelope(
    'hold-placed',
    data({
      ...hold,
      description: texts.descriptionText.optional(),
      expiresAt: texts.timeText.optional(),
    }),
  ),
  envelope(
    'hold-captured',
    data({
      ...hold,
      released: texts.amountText,
      description: texts.descriptionText.optional(),
    }),
  ),
  envelope('hold-voided', data(hold)),
  envelope('hold-expired', data(hold)),
  envelope('transfer-sent', data(direct)),
  envelope('transfer-received', data(direct)),
  envelope('transfer-reserved', data({ ...leg, ...remarks, expiresAt: texts.timeText.optional() })),
  envelope('transfer-captured', data({ ...leg, ...remarks, released: texts.amountText })),
  envelope('transfer-released', data({ ...leg, reason: z.enum(RELEASE_REASONS) })),
]);
/** An account's event as it stands in journal, topics and log. Its envelope is final. */
export type LoggedEvent = z.infer<typeof loggedEventSchema>;

export const streamOf = (id: AccountId): StreamId => `acct/${id}` as StreamId;
export const accountOfStream = (stream: string): AccountId =>
  texts.accountIdText.parse(stream.slice('acct/'.length));

export interface Cause {
  readonly commandId: CommandId;
  readonly commandHash: string;
  readonly causationId?: CommandId | undefined;
  readonly batch?: BatchContent | undefined;
  readonly traceparent?: string | undefined;
  readonly prev?: string | undefined;
  readonly joint?: { readonly id: string; readonly events: number } | undefined;
}

/** The event in its envelope; `after` is the account with the event applied. */
export function encodeEvent(
  id: AccountId,
  event: AccountEvent,
  after: ExistingAccount,
  cause: Cause,
): LoggedEvent {
  const stream = streamOf(id);
  const { type, at, ...members } = event;
  const { currency } = after;
  const data = { ...writeMoney(members, currency), currency, balance: balanceOf(after) };
  return {
    id: `${stream}/${after.version}`,
    stream,
    version: after.version as number,
    type,
    schema: 1,
    commandId: cause.commandId as string,
    commandHash: cause.commandHash,
    ...(cause.causationId === undefined ? {} : { causationId: cause.causationId }),
    ...(cause.batch === undefined ? {} : { batch: cause.batch }),
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
    ...(cause.prev === undefined ? {} : { prev: cause.prev }),
    ...(cause.joint === undefined ? {} : { joint: cause.joint }),
    at,
    data,
    // Members of the domain's events and of the logged ones have the same names.
  } as LoggedEvent;
}

/** The domain's event out of its envelope. */
export function decodeEvent({ type, at, data }: LoggedEvent): AccountEvent {
  const { currency } = data;
  const event: Record<string, unknown> = { type, at };
  if (type === 'account-opened') event['currency'] = currency;
  for (const [name, member] of Object.entries(data)) {
    if (name === 'balance' || name === 'currency' || member === undefined) continue;
    event[name] = isMoney(name) ? readAmount(String(member), currency) : member;
  }
  return event as unknown as AccountEvent;
}

/** What a logged event does to money, in minor units of its currency. */
export const movementOfLogged = (event: LoggedEvent): Movement => movementOf(decodeEvent(event));

type Named = Pick<LoggedEvent, 'at' | 'commandId' | 'causationId'> & {
  type: string;
  data: object;
};

/** The client's key of what an event tells; the bank's own id of what no client asked for. */
export const keyOf = ({
  commandId,
  causationId,
}: Pick<LoggedEvent, 'commandId' | 'causationId'>): string => causationId ?? commandId;

/** What an event is found by for ever: its command, and what it began or ended. */
export function namesOf({ type, at, commandId, causationId, data }: Named): string[] {
  const isNamed = 'holdId' in data || 'transferId' in data || 'reverses' in data;
  if (!isNamed) return [commandId];
  // Only ids are read, which are the same in both forms of an event.
  const names = onceNamesOf({ ...data, type, at } as unknown as AccountEvent);
  const isCaused = type === 'transfer-received' && causationId !== undefined;
  return [...new Set([commandId, ...names, ...(isCaused ? [causeName(causationId)] : [])])];
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops members that are undefined, as a JSON round trip does. */
export function defined<T extends object>(value: T): Defined<T> {
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept) as Defined<T>;
}
