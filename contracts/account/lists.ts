import { hash } from 'node:crypto';
import { z } from 'zod';
import * as texts from '../http/scalars.ts';
import { positionNumber } from '../log/topics.ts';

/**
 * Lists of the read side, by which accounts and transfers are found. The history projection writes
 * them in log order: an entry's number in its list is how many came before it, so it follows from
 * the log alone, and a list is read page by page by equality of one member.
 */

/** Entries of one page of a list. */
export const LIST_PAGE_ENTRIES = 32;

/** What a client typed becomes a name of one length, whatever is in it. */
const hashed = (...texts: readonly string[]): string =>
  hash('sha256', JSON.stringify(texts), 'base64url');

/** The names of the lists. */
export const listNames = {
  /** Every transfer. */
  transfers: 'transfers',
  /** Those that were pending first. */
  reservedTransfers: 'reserved-transfers',
  /** Those of them that are for this account, which has no event of its own before a capture. */
  reservedFor: (accountId: string) => `reserved-transfers/${accountId}`,
  transfersByReference: (reference: string) => `transfers/${hashed(reference)}`,
  /** Every transaction, and those with a transfer from or to an account, once for each leg. */
  transactions: 'transactions',
  transactionsOf: (accountId: string) => `transactions/of/${accountId}`,
  transactionsByReference: (reference: string) => `transactions/${hashed(reference)}`,
  accountsByCurrency: (currency: string) => `accounts/currency/${currency}`,
  accountsByExternalId: (id: string) => `accounts/external-id/${hashed(id)}`,
  internalAccounts: 'accounts/internal',
  accountsByCode: (code: string) => `accounts/code/${hashed(code)}`,
  /** An entry is valid while the account has the details of that version. */
  accountsByName: (name: string) => `accounts/name/${hashed(name)}`,
  accountsByMetadata: (key: string, value: string) => `accounts/metadata/${hashed(key, value)}`,
  /** An entry is valid while the account has the status of that version. */
  accountsByStatus: (status: 'frozen' | 'closed') => `accounts/status/${status}`,
};

/** An entry that names an account, and the version of the event that put it on the list. */
const listedAccountPlace = z.strictObject({
  accountId: texts.accountIdText,
  version: z.int().min(1),
});
export type ListedAccountPlace = z.infer<typeof listedAccountPlace>;

/** A transfer as it began. */
const begunTransfer = z.strictObject({
  transferId: texts.transferIdText,
  isReserved: z.boolean(),
  fromAccountId: texts.accountIdText,
  toAccountId: texts.accountIdText,
  amount: z.string(),
  currency: texts.currencyText,
  description: z.string().optional(),
  reference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  valueDate: z.string().optional(),
  expiresAt: z.string().optional(),
  reverses: texts.transferIdText.optional(),
  transactionId: texts.transactionIdText.optional(),
  idempotencyKey: z.string(),
  at: z.string(),
});
export type BegunTransfer = z.infer<typeof begunTransfer>;

/** A transaction, without its transfers. */
const begunTransaction = z.strictObject({
  transactionId: texts.transactionIdText,
  /** How many. */
  transfers: z.int().min(1),
  description: z.string().optional(),
  reference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  idempotencyKey: z.string(),
  at: z.string(),
});
export type BegunTransaction = z.infer<typeof begunTransaction>;

/** An entry that names a transaction. */
const transactionPlace = z.strictObject({
  transactionId: texts.transactionIdText,
  at: z.string(),
});
export type TransactionPlace = z.infer<typeof transactionPlace>;

/** How a transfer that was pending ended. */
const endedTransfer = z.strictObject({
  status: z.enum(['completed', 'voided', 'expired']),
  captured: z.string().optional(),
  at: z.string(),
});
export type EndedTransfer = z.infer<typeof endedTransfer>;

/** What an entry tells, as JSON text: as members it would cost several times as much. */
export interface ListDocument {
  /** `{list}/{number}`; of all transfers `transfer/{transferId}`, of transactions likewise. */
  readonly _id: string;
  /** `{list}/{number of the page}`; missing at the end of a transfer, which is in no list. */
  readonly page?: string;
  readonly number?: number;
  readonly position: number;
  readonly line: string;
}

/** Key of the page with an entry. */
export const listPage = (list: string, number: number): string =>
  `${list}/${Math.floor(number / LIST_PAGE_ENTRIES)}`;
/** Id of the document of a transfer. */
export const begunTransferId = (transferId: string): string => `transfer/${transferId}`;
/** Id of the document of its end. */
export const endedTransferId = (transferId: string): string => `transfer/${transferId}/end`;
/** Id of the document of a transaction. */
export const begunTransactionId = (transactionId: string): string => `transaction/${transactionId}`;

/** An entry of a list as it is read. */
export interface ListEntry {
  readonly number: number;
  readonly position: number;
  readonly line: string;
}
const listDocument = z.looseObject({ number: z.int().min(0), position: positionNumber });

/**
 * The entry in a document.
 * @throws ZodError when the document is not one.
 */
export function ofListDocument(document: object): ListEntry {
  const { number, position } = listDocument.parse(document);
  return { number, position, line: (document as ListDocument).line };
}

/** The account that an entry names. */
export const placeOfLine = (line: string): ListedAccountPlace =>
  listedAccountPlace.parse(JSON.parse(line));
/** The transfer that an entry tells of. */
export const begunOfLine = (line: string): BegunTransfer => begunTransfer.parse(JSON.parse(line));
/** The transaction that an entry tells of, and the one that an entry names. */
export const transactionOfLine = (line: string): BegunTransaction =>
  begunTransaction.parse(JSON.parse(line));
export const transactionPlaceOfLine = (line: string): TransactionPlace =>
  transactionPlace.parse(JSON.parse(line));
/** The end of a transfer. */
export const endedOfLine = (line: string): EndedTransfer => endedTransfer.parse(JSON.parse(line));
