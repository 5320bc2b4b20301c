/** Lower-case UUID of an account; also the id of its actor and the name of its stream. */
export type AccountId = string & { readonly __brand: 'AccountId' };
/** Lower-case UUID of a person; also the id of their actor and the owner id of their accounts. */
export type PersonId = string & { readonly __brand: 'PersonId' };
/** Lower-case UUID of an approval, derived from the command that waits for it. */
export type ApprovalId = string & { readonly __brand: 'ApprovalId' };
/** A stream: `acct/{accountId}`, `person/{personId}`, `refusal/{accountId}`, `approval/{id}`. */
export type StreamId = string & { readonly __brand: 'StreamId' };
/** The person who owns an account: 1-64 of a-z, 0-9 and "-". */
export type OwnerId = string & { readonly __brand: 'OwnerId' };
/** The client's Idempotency-Key, or one that the server made: 1-128 visible ASCII characters. */
export type CommandId = string & { readonly __brand: 'CommandId' };
/** A command id among those of all clients: what it makes, and its names, follow from it. */
export type CommandName = string & { readonly __brand: 'CommandName' };
/** Lower-case UUID of a hold, derived from the command that placed it. */
export type HoldId = string & { readonly __brand: 'HoldId' };
/** Lower-case UUID of a transfer; it contains the number of its source account (transfer-id.ts). */
export type TransferId = string & { readonly __brand: 'TransferId' };
/** Id of transfers that are decided as one: a UUID, which tells the source of the first of them. */
export type TransactionId = string & { readonly __brand: 'TransactionId' };
/** Number of events in a stream so far: the first event makes version 1. */
export type Version = number & { readonly __brand: 'Version' };

/** The form of an account id, and of every other id that is a UUID. */
export const ACCOUNT_ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The form of a person id. */
export const PERSON_ID_PATTERN = ACCOUNT_ID_PATTERN;
/** The form of an owner id. */
export const OWNER_ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/;
/** The form of a command id that a client may choose. */
export const COMMAND_ID_PATTERN = /^[\x21-\x7e]{1,128}$/;
/**
 * The form of the command id of an event: a client's, or one of the bank itself, which contains a
 * space, so that no client can choose it.
 */
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

/**
 * Brands the text of an account id.
 * @throws Error when the text is not a lower-case UUID.
 * @example
 * accountId('0f8fad5b-d9cb-869f-a165-70867728950e');
 */
export const accountId = branded<AccountId>('an account id', ACCOUNT_ID_PATTERN);
/**
 * Brands the text of a person id.
 * @throws Error when the text is not a lower-case UUID.
 */
export const personId = branded<PersonId>('a person id', PERSON_ID_PATTERN);
/**
 * Brands the text of an owner id.
 * @throws Error when it is not 1 to 64 of a-z, 0-9 and "-", or begins with "-".
 */
export const ownerId = branded<OwnerId>('an owner id', OWNER_ID_PATTERN);
/**
 * Brands the text of a hold id.
 * @throws Error when the text is not a lower-case UUID.
 */
export const holdId = branded<HoldId>('a hold id', ACCOUNT_ID_PATTERN);
/**
 * Brands the text of a transfer id.
 * @throws Error when the text is not a lower-case UUID.
 */
export const transferId = branded<TransferId>('a transfer id', ACCOUNT_ID_PATTERN);
/**
 * Brands the text of an approval id.
 * @throws Error when the text is not a lower-case UUID.
 */
export const approvalId = branded<ApprovalId>('an approval id', ACCOUNT_ID_PATTERN);
/**
 * Brands the id of a command that the bank itself gives, at most once per account.
 * @throws Error when it matches no form of `ONCE_PATTERN`.
 */
export const ownCommandId = branded<CommandId>('an own command id', ONCE_PATTERN);
/**
 * Brands a client's command id (its Idempotency-Key).
 * @throws Error when it is not 1 to 128 visible ASCII characters.
 */
export const commandId = branded<CommandId>('a command id', COMMAND_ID_PATTERN);

/**
 * The name of a command that a client sent: two clients never have the same one, whatever keys they
 * choose. The bank's own ids contain a space and are unique by themselves.
 * @param client visible ASCII without a space.
 */
export const commandName = (client: string, id: CommandId): CommandName =>
  (id.includes(' ') ? id : `@${client} ${id}`) as CommandName;

/**
 * Brands a count of events as a version; 0 means a stream without events.
 * @throws Error when it is negative or not a safe integer.
 */
export function version(count: number): Version {
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`not a version: ${count}`);
  return count as Version;
}

/**
 * Ends an exhaustive switch: it compiles only when every case is handled.
 * @throws Error always, because a value outside its type is a bug.
 * @example
 * default:
 *   return unreachable(command);
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
