/** Lower-case UUID of an account; the id of its actor and of its stream in the log. */
export type AccountId = string & { readonly __brand: 'AccountId' };
/** Lower-case UUID of a person; the id of their actor, and the owner id of their accounts. */
export type PersonId = string & { readonly __brand: 'PersonId' };
/** A stream of the log: `acct/{accountId}`, `person/{personId}`, `refusal/{accountId}`. */
export type StreamId = string & { readonly __brand: 'StreamId' };
/** The person who owns an account: 1-64 of a-z, 0-9 and "-". */
export type OwnerId = string & { readonly __brand: 'OwnerId' };
/** The client's Idempotency-Key, or one that the server made: 1-128 visible ASCII characters. */
export type CommandId = string & { readonly __brand: 'CommandId' };
/** Lower-case UUID of a hold; it follows from the command that placed it. */
export type HoldId = string & { readonly __brand: 'HoldId' };
/** Lower-case UUID of a transfer; it names its source account (transfer-id.ts). */
export type TransferId = string & { readonly __brand: 'TransferId' };
/** Number of events in the stream so far; the first event makes version 1. */
export type Version = number & { readonly __brand: 'Version' };

export const ACCOUNT_ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const PERSON_ID_PATTERN = ACCOUNT_ID_PATTERN;
export const OWNER_ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/;
export const COMMAND_ID_PATTERN = /^[\x21-\x7e]{1,128}$/;
/** Command ids of events: a client's, or the bank's own, which are told by their space. */
export const ONCE_PATTERN = /^(?:(?:transfer|expire|refusal) [0-9a-f-]{36}|[\x21-\x7e]{1,128})$/;

const branded =
  <Id extends string>(name: string, pattern: RegExp) =>
  (text: string): Id => {
    if (!pattern.test(text)) throw new Error(`not ${name}: ${JSON.stringify(text.slice(0, 200))}`);
    return text as Id;
  };

/** A UUID of version 8 (RFC 9562) of 32 hexadecimal digits; what is behind them is dropped. */
export function uuidV8(hex: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return [...parts, variant + hex.slice(17, 20), hex.slice(20, 32)].join('-');
}

export const accountId = branded<AccountId>('an account id', ACCOUNT_ID_PATTERN);
export const personId = branded<PersonId>('a person id', PERSON_ID_PATTERN);
export const ownerId = branded<OwnerId>('an owner id', OWNER_ID_PATTERN);
export const holdId = branded<HoldId>('a hold id', ACCOUNT_ID_PATTERN);
export const transferId = branded<TransferId>('a transfer id', ACCOUNT_ID_PATTERN);
/** A command of the bank itself, done once per account. */
export const ownCommandId = branded<CommandId>('an own command id', ONCE_PATTERN);
export const commandId = branded<CommandId>('a command id', COMMAND_ID_PATTERN);

export function version(count: number): Version {
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`not a version: ${count}`);
  return count as Version;
}

/** For the end of an exhaustive switch: compiles only when every case was handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
