import { z } from 'zod';
import type { ExistingAccount } from '../../domain/account.ts';
import { causeName, onceNamesOf, RELEASE_REASONS } from '../../domain/account-events.ts';
import type { AccountEvent, LedgerEvent } from '../../domain/account-events.ts';
import {
  ACCOUNT_ID_PATTERN,
  type AccountId,
  type ApprovalId,
  type CommandId,
  type StreamId,
} from '../../domain/ids.ts';
import { readAmount } from '../../domain/money.ts';
import { movementOf, type Movement } from '../../domain/movement.ts';
import { balanceOf, balanceSchema, isMoney, writeMoney } from './money.ts';
import { byText, nameBy } from '../access/principal.ts';
import { batchContent, type BatchContent } from '../batch/content.ts';
import * as texts from '../http/scalars.ts';

const labels = {
  description: texts.storedTexts.description.optional(),
  reference: texts.storedTexts.reference.optional(),
  metadata: texts.storedTexts.metadata.optional(),
};
const remarks = { ...labels, valueDate: texts.dayText.optional() };
const { description: _reasonInstead, ...reversalRemarks } = remarks;
const details = {
  name: texts.storedTexts.name.optional(),
  metadata: texts.storedTexts.metadata.optional(),
};
const reasoned = { reason: texts.storedTexts.description.optional() };
const state = { currency: texts.currencyText, balance: balanceSchema };
const money = { ...state, amount: texts.positiveAmountText };
const hold = { ...money, holdId: texts.holdIdText };
const leg = {
  ...money,
  transferId: texts.transferIdText,
  /** The target in the stream of the source, the source in that of the target. */
  otherAccountId: texts.accountIdText,
};
const direct = {
  ...leg,
  ...remarks,
  reversesTransferId: texts.transferIdText.optional(),
  transactionId: texts.transactionIdText.optional(),
};
/** What the first transfer of a transaction tells of all of them. */
export const transactionTerms = z.strictObject({
  ...labels,
  transferIds: z.array(texts.transferIdText).min(1),
});

const approvalIdText = z.string().regex(ACCOUNT_ID_PATTERN);

/** The client's own key, where the command id is another one. */
export const causationText = z.string().meta({
  description:
    "the client's Idempotency-Key where commandId is another: of an item without a key that of " +
    'its batch, at the target of a transfer that of the command to the source',
});

/**
 * The schema of an event of one type: what every event of the log has, whatever its stream, around
 * the data of its type.
 */
export const envelope = <Type extends string, Data extends z.ZodType>(
  type: Type,
  data: Data,
  stream = /^acct\/[0-9a-f-]{36}$/,
) =>
  z.strictObject({
    /** `stream/version`: unique, and never used again. */
    id: z.string(),
    stream: z.string().regex(stream),
    version: z.int().min(1),
    /** Digest of the previous event of the stream (contracts/digest.ts); missing at version 1. */
    prev: z.string().length(43).optional(),
    /**
     * Of a command that made several events, on one stream or more, and of all transfers of a
     * transaction: the id of the first event and how many there are. They enter the log in one of
     * its transactions or wait together.
     */
    joint: z.strictObject({ id: z.string(), events: z.int().min(2) }).optional(),
    type: z.literal(type),
    /** Version of the shape of `data` for this type. */
    schema: z.literal(1),
    /** The client's own text, or an id of the bank, which contains a space. */
    commandId: z.string(),
    /** Missing where the bank did it by itself, as the command id says: something expired. */
    by: byText.optional(),
    /** Of what a second person approved: the approval, and who that was. `by` asked for it. */
    approvalId: approvalIdText.optional(),
    approvedBy: byText.optional(),
    /** SHA-256 (base64url) of the command's canonical JSON: tells a retry from a reused key. */
    commandHash: z.string(),
    causationId: causationText.optional(),
    /** On the first event of a batch, and on some that were decided together with it. */
    batch: batchContent.optional(),
    /** W3C trace context of the request. */
    traceparent: z.string().optional(),
    /** The actor's clock, RFC 3339 UTC, never earlier than the event before. */
    at: texts.writtenTime,
    data,
  });

type Shape<Event> = Readonly<Record<Exclude<keyof Event, 'type' | 'at'>, z.ZodType>> & typeof state;

/** The data of each event of the domain; compiles only with every event and its members. */
const DATA = {
  'account-opened': {
    ...state,
    ...details,
    ownerId: texts.ownerIdText.optional(),
    kind: z.literal('internal').optional(),
    code: texts.codeText.optional(),
    overdraftLimit: texts.amountText,
    externalId: texts.storedTexts.externalId.optional(),
    recordRefusals: z.literal(true).optional(),
  },
  'account-frozen': { ...state, ...reasoned },
  'account-unfrozen': { ...state, ...reasoned },
  'account-closed': { ...state, ...reasoned },
  'account-blocked': { ...state, ...reasoned, blocked: texts.directionText },
  'account-unblocked': { ...state, ...reasoned, blocked: texts.directionText },
  'overdraft-limit-set': { ...state, overdraftLimit: texts.amountText },
  'limits-set': {
    ...state,
    perWithdrawal: texts.amountText.optional(),
    perDay: texts.amountText.optional(),
    captureAboveHold: z.literal(true).optional(),
  },
  'details-set': { ...state, ...details },
  'refusal-recording-set': { ...state, recordRefusals: z.boolean() },
  'money-deposited': { ...money, ...remarks },
  'money-withdrawn': { ...money, ...remarks },
  'movement-reversed': {
    ...money,
    ...reasoned,
    ...reversalRemarks,
    reverses: texts.versionNumber,
    direction: texts.directionText,
    left: texts.positiveAmountText.optional(),
  },
  'hold-placed': { ...hold, ...labels, expiresAt: texts.timeText.optional() },
  'hold-captured': {
    ...hold,
    ...remarks,
    released: texts.amountText,
    aboveHold: texts.positiveAmountText.optional(),
  },
  'hold-voided': hold,
  'hold-expired': hold,
  'transfer-sent': { ...direct, transaction: transactionTerms.optional() },
  'transfer-received': direct,
  'transfer-reserved': { ...leg, ...remarks, expiresAt: texts.timeText.optional() },
  'transfer-captured': { ...leg, ...remarks, released: texts.amountText },
  'transfer-released': { ...leg, reason: z.enum(RELEASE_REASONS) },
} satisfies { readonly [Event in AccountEvent as Event['type']]: Shape<Event> };

type Data = typeof DATA;
type Option = {
  [Type in keyof Data]: ReturnType<typeof envelope<Type, z.ZodObject<Data[Type], z.core.$strict>>>;
}[keyof Data];

/** Every event of an account, by its type. */
export const loggedEventSchema = z.discriminatedUnion(
  'type',
  Object.entries(DATA).map(([type, shape]) => envelope(type, z.strictObject(shape))) as unknown as [
    Option,
    ...Option[],
  ],
);
/** An account's event as journal, topics and log hold it. Its envelope never changes. */
export type LoggedEvent = z.infer<typeof loggedEventSchema>;

/**
 * What a statement calls each movement of the ledger: {other} is the number of the other account,
 * {reverses} the version that is taken back. ISO 20022 has a family of codes for some.
 */
export const MOVEMENTS: Readonly<
  Record<LedgerEvent['type'], { readonly title: string; readonly isoFamily?: string }>
> = {
  'money-deposited': { title: 'Deposit' },
  'money-withdrawn': { title: 'Withdrawal' },
  'movement-reversed': { title: 'Reversal of no. {reverses}' },
  'hold-captured': { title: 'Payment of a held amount' },
  'transfer-sent': { title: 'Transfer to {other}', isoFamily: 'ICDT' },
  'transfer-captured': { title: 'Transfer to {other}', isoFamily: 'ICDT' },
  'transfer-received': { title: 'Transfer from {other}', isoFamily: 'RCDT' },
};

type MembersOf<Event> = Event extends LoggedEvent ? keyof Event['data'] : never;
export type EventMember = MembersOf<LoggedEvent>;

/**
 * Where each member of an event's data is shown as it is: in a line of the history, and in public
 * (integration events). What a person typed stays inside, and so does who owns an account; of a
 * reason only the codes leave that the bank itself gives. A new member compiles only with both.
 */
export const SHOWN = {
  // In history these have another form.
  amount: { history: false, public: true },
  currency: { history: false, public: true },
  balance: { history: false, public: true },
  direction: { history: false, public: true },
  // The balance and the account tell of these.
  released: { history: false, public: true },
  aboveHold: { history: false, public: true },
  overdraftLimit: { history: false, public: true },
  perWithdrawal: { history: false, public: true },
  perDay: { history: false, public: true },
  captureAboveHold: { history: false, public: true },
  recordRefusals: { history: false, public: true },
  ownerId: { history: false, public: false },
  kind: { history: false, public: true },
  code: { history: false, public: true },
  externalId: { history: false, public: false },
  name: { history: false, public: false },

  description: { history: true, public: false },
  reference: { history: true, public: false },
  metadata: { history: true, public: false },
  reason: { history: true, public: 'codes' },
  holdId: { history: true, public: true },
  expiresAt: { history: true, public: true },
  reverses: { history: true, public: true },
  left: { history: true, public: true },
  valueDate: { history: true, public: true },
  blocked: { history: true, public: true },
  transferId: { history: true, public: true },
  otherAccountId: { history: true, public: true },
  reversesTransferId: { history: true, public: false },
  transactionId: { history: true, public: true },
  transaction: { history: false, public: false },
} as const satisfies Record<EventMember, { history: boolean; public: boolean | 'codes' }>;

/** The stream of an account. */
export const streamOf = (id: AccountId): StreamId => `acct/${id}` as StreamId;
/**
 * The account of a stream.
 * @throws ZodError when the stream is not `acct/` and an account id.
 */
export const accountOfStream = (stream: string): AccountId =>
  texts.accountIdText.parse(stream.slice('acct/'.length));

/** The approval of a command, and who gave it. */
export interface Approved {
  readonly id: ApprovalId;
  readonly by: string;
}

/** What an event tells of the approval of its command. */
export const approvalMembers = (approval: Approved | undefined) =>
  approval === undefined ? {} : { approvalId: approval.id as string, approvedBy: approval.by };

/** The events of a transfer that is not pending first: one at each account. */
export const TRANSFER_EVENTS = 2;
/**
 * How many events the command made on accounts, or on a person: the approval that let it through is
 * joint with them, and so are the other transfers of a transaction.
 */
export const madeByCommand = ({
  joint,
  approvalId,
  data,
}: Pick<LoggedEvent, 'joint' | 'approvalId' | 'data'>): number =>
  'transactionId' in data
    ? TRANSFER_EVENTS
    : (joint?.events ?? 1) - (approvalId === undefined ? 0 : 1);

/** Where an event comes from: its command, its batch and its trace. */
export interface Cause {
  readonly commandId: CommandId;
  /** Undefined: the bank itself. */
  readonly by: string | undefined;
  /** Of what a second person approved. */
  readonly approval?: Approved | undefined;
  readonly commandHash: string;
  readonly causationId?: CommandId | undefined;
  readonly batch?: BatchContent | undefined;
  readonly traceparent?: string | undefined;
  /** Digest of the event before it in its stream; undefined at version 1. */
  readonly prev?: string | undefined;
  readonly joint?: { readonly id: string; readonly events: number } | undefined;
}

/**
 * Puts an event into its envelope.
 * @param after the account with the event applied.
 */
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
    ...(cause.by === undefined ? {} : { by: cause.by }),
    ...approvalMembers(cause.approval),
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

/**
 * Takes the domain's event out of its envelope.
 * @throws Error when an amount is not as the bank writes it: the event is corrupt.
 * @example
 * const account = logged.map(decodeEvent).reduce<Account>(evolve, NO_ACCOUNT);
 */
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

type Named = Pick<LoggedEvent, 'at' | 'commandId' | 'causationId' | 'by'> & {
  type: string;
  data: object;
};

/** The client's key of an event; the bank's own command id where no client asked for it. */
export const keyOf = ({
  commandId,
  causationId,
}: Pick<LoggedEvent, 'commandId' | 'causationId'>): string => causationId ?? commandId;

/**
 * The names under which an event can be found permanently: its command, and what it began or ended.
 */
export function namesOf({ type, at, commandId, causationId, by, data }: Named): string[] {
  const own = nameBy(by, commandId);
  // What is of no account begins and ends nothing.
  if (!Object.hasOwn(DATA, type)) return [own];
  // Only ids are read, which are the same in both forms of an event.
  const names = onceNamesOf({ ...data, type, at } as unknown as AccountEvent);
  const isCaused = type === 'transfer-received' && causationId !== undefined;
  const cause = isCaused ? [causeName(nameBy(by, causationId))] : [];
  return [...new Set([own, ...names, ...cause])];
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops members that are undefined, as a JSON round trip does. */
export function defined<T extends object>(value: T): Defined<T> {
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept) as Defined<T>;
}
