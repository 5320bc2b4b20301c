import { hash } from 'node:crypto';
import { accountIdOfSerial, SERIAL_LIMIT } from '../domain/account-number.ts';
import {
  approvalId,
  commandId,
  holdId,
  personId,
  uuidV8,
  type AccountId,
  type ApprovalId,
  type CommandId,
  type CommandName,
  type HoldId,
  type PersonId,
  type StreamId,
  type TransactionId,
  type TransferId,
} from '../domain/ids.ts';
import { transactionIdOf, transferIdOf } from '../domain/transfer-id.ts';

// What a command makes has an id that follows from the command, so that a retry names, and finds,
// what the first try made. It follows from its name, with the client in it: the same key of another
// client is another command. The texts that are hashed may never change: they are in every log.

const HEX_OF_64_BITS = 16;

const digestOf = (text: string): string => hash('sha256', text, 'hex');
const first64BitsOf = (text: string): bigint =>
  BigInt(`0x${digestOf(text).slice(0, HEX_OF_64_BITS)}`);

/**
 * The id of the account that an opening command creates. It is derived from the command, so a
 * retry finds the account of the first attempt.
 */
export const accountIdFor = (id: CommandName): AccountId =>
  accountIdOfSerial(first64BitsOf(`open-account:${id}`) % SERIAL_LIMIT);

/**
 * The id of the person that a registration creates: a UUID of version 8 (RFC 9562). It is derived
 * from the command, so a retry finds the person of the first attempt.
 */
export const personIdFor = (id: CommandName): PersonId =>
  personId(uuidV8(digestOf(`register-person:${id}`)));

/**
 * The id of the hold that a command places (UUID version 8, RFC 9562). It is derived from the
 * command, so a retry names the same hold.
 */
export const holdIdFor = (account: AccountId, id: CommandName): HoldId =>
  holdId(uuidV8(digestOf(`hold:${account}:${id}`)));

/**
 * The id of the transfer that a command begins. It is derived from the command, so a retry names
 * the same transfer, and it contains the number of the source account.
 */
export const transferIdFor = (source: AccountId, id: CommandName): TransferId =>
  transferIdOf(source, first64BitsOf(`transfer:${source}:${id}`));

/**
 * The id of a transaction. It is derived from its command, so a retry names the same one.
 * @param source the account that the money of its first transfer leaves.
 */
export const transactionIdFor = (source: AccountId, id: CommandName): TransactionId =>
  transactionIdOf(source, first64BitsOf(`transaction:${source}:${id}`));

/** The command id of a transfer in a transaction, by its place there, which begins at 0. */
export const transactionItemIdFor = (transaction: CommandName, index: number): CommandId =>
  commandId(uuidV8(digestOf(`transaction-item:${transaction}:${index}`)));

/**
 * The id of the approval that a command waits for (UUID version 8, RFC 9562). It is derived from
 * the command, so a retry finds the approval of the first attempt.
 * @param about the stream of the account or person that the command is for.
 */
export const approvalIdFor = (about: StreamId, id: CommandName): ApprovalId =>
  approvalId(uuidV8(digestOf(`approval:${about}:${id}`)));

/**
 * The command id of a batch's item without a key.
 * @param about what the item says.
 * @param before how many items of the batch before it say the same.
 */
export const batchItemIdFor = (batch: CommandName, about: string, before: number): CommandId =>
  commandId(uuidV8(digestOf(`batch-item:${batch}:${about}:${before}`)));

/** The command id of a message without a key: CloudEvents are identified by source and id. */
export const messageKeyFor = (source: string, id: string): CommandId =>
  commandId(uuidV8(digestOf(`message:${JSON.stringify([source, id])}`)));
