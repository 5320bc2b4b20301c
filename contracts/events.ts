import { z } from 'zod';
import { available, type AccountEvent, type OpenAccount } from '../domain/account.ts';
import type { AccountId, CommandId, StreamId } from '../domain/ids.ts';
import { unreachable } from '../domain/ids.ts';
import { formatAmount, readAmount, type Minor } from '../domain/money.ts';
import * as texts from './texts.ts';

/** Balance after the event, as the actor saw it: a fold that differs is an alarm. */
export const balanceSchema = z.strictObject({
  ledger: z.string(),
  held: z.string(),
  available: z.string(),
});
export type Balance = z.infer<typeof balanceSchema>;

const remarks = {
  description: texts.descriptionText.optional(),
  reference: texts.referenceText.optional(),
  metadata: texts.metadataRecord.optional(),
};
const money = {
  amount: texts.positiveAmountText,
  currency: texts.currencyText,
  balance: balanceSchema,
};

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
    type: z.literal(type),
    /** Version of the shape of `data` for this type. */
    schema: z.literal(1),
    commandId: z.string(),
    /** SHA-256 (base64url) of the command's canonical JSON: tells a retry from a reused key. */
    commandHash: z.string(),
    /** What caused the command, when it was not the client's own request. */
    causationId: z.string().optional(),
    /** W3C trace context of the request. */
    traceparent: z.string().optional(),
    /** The actor's clock, RFC 3339 UTC, never earlier than the event before. */
    at: z.string(),
    data,
  });

export const loggedEventSchema = z.discriminatedUnion('type', [
  envelope(
    'account-opened',
    z.strictObject({
      ownerId: texts.ownerIdText,
      currency: texts.currencyText,
      overdraftLimit: texts.amountText,
      name: texts.nameText.optional(),
      metadata: texts.metadataRecord.optional(),
      balance: balanceSchema,
    }),
  ),
  envelope('money-deposited', z.strictObject({ ...money, ...remarks })),
  envelope('money-withdrawn', z.strictObject({ ...money, ...remarks })),
]);
/** An account's event as it stands in journal, topics and log. Its envelope is final. */
export type LoggedEvent = z.infer<typeof loggedEventSchema>;

export const streamOf = (id: AccountId): StreamId => `acct/${id}` as StreamId;
export const accountOfStream = (stream: string): AccountId =>
  texts.accountIdText.parse(stream.slice('acct/'.length));

export interface Cause {
  readonly commandId: CommandId;
  readonly commandHash: string;
  readonly causationId?: string | undefined;
  readonly traceparent?: string | undefined;
}

export function balanceOf(account: OpenAccount): Balance {
  const write = (units: Minor) => formatAmount(units, account.currency);
  return {
    ledger: write(account.ledger),
    held: write(account.held),
    available: write(available(account)),
  };
}

/** The event in its envelope; `after` is the account with the event applied. */
export function encodeEvent(
  id: AccountId,
  event: AccountEvent,
  after: OpenAccount,
  cause: Cause,
): LoggedEvent {
  const stream = streamOf(id);
  const common = {
    id: `${stream}/${after.version}`,
    stream,
    version: after.version as number,
    schema: 1 as const,
    commandId: cause.commandId as string,
    commandHash: cause.commandHash,
    ...(cause.causationId === undefined ? {} : { causationId: cause.causationId }),
    ...(cause.traceparent === undefined ? {} : { traceparent: cause.traceparent }),
    at: event.at,
  };
  const balance = balanceOf(after);
  const { currency } = after;
  if (event.type === 'account-opened') {
    const { type, at: _at, overdraftLimit, ...terms } = event;
    const limit = formatAmount(overdraftLimit, currency);
    return { ...common, type, data: { ...terms, overdraftLimit: limit, balance } };
  }
  const { type, at: _at, amount, ...rest } = event;
  const data = { amount: formatAmount(amount, currency), currency, ...rest, balance };
  return { ...common, type, data };
}

/** The domain's event out of its envelope. */
export function decodeEvent(logged: LoggedEvent): AccountEvent {
  const { type, at } = logged;
  switch (type) {
    case 'account-opened': {
      const { balance: _balance, overdraftLimit, ...terms } = logged.data;
      const limit = readAmount(overdraftLimit, terms.currency);
      return defined({ type, at, ...terms, overdraftLimit: limit });
    }
    case 'money-deposited':
    case 'money-withdrawn': {
      const { balance: _balance, amount, currency, ...rest } = logged.data;
      return defined({ type, at, amount: readAmount(amount, currency), ...rest });
    }
    default:
      return unreachable(logged);
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops members that are undefined, as a JSON round trip does. */
export function defined<T extends object>(value: T): Defined<T> {
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept) as Defined<T>;
}
