import { z } from 'zod';
import { historyTime } from '../account/history-filters.ts';
import { nextCursor, pageQuery } from '../account/queries.ts';
import type { Operation } from '../http/openapi.ts';
import { accountText } from '../http/parameters.ts';
import * as texts from '../http/scalars.ts';
import { clientKeyText } from '../account/commands.ts';
import { transactionAnswer } from './transactions.ts';
import { transferAnswer } from './transfers.ts';

/** Most transfers that one answer looks at. */
export const FILTER_TRANSFERS_MAX = 256;

/** Query of GET /v1/transfers. */
export const transfersQuery = z.strictObject({
  accountId: accountText
    .optional()
    .meta({ description: 'only transfers from or to this account; a customer has to name one' }),
  status: transferAnswer.shape.status
    .optional()
    .meta({ description: 'only transfers that stand so now' }),
  reference: texts.clientTexts.reference
    .optional()
    .meta({ description: 'only transfers with exactly this reference' }),
  idempotencyKey: clientKeyText
    .optional()
    .meta({ description: 'only transfers that were asked for under this key' }),
  from: historyTime('only transfers that began at this time or later (RFC 3339)'),
  to: historyTime('only transfers that began before this time (RFC 3339)'),
  ...pageQuery,
});
export type TransfersQuery = z.infer<typeof transfersQuery>;

/** A transfer in a list: its terms, and how it stands. */
export const listedTransfer = transferAnswer
  .pick({
    transferId: true,
    status: true,
    fromAccountId: true,
    toAccountId: true,
    amount: true,
    captured: true,
    currency: true,
    description: true,
    reference: true,
    metadata: true,
    valueDate: true,
    expiresAt: true,
    reverses: true,
    transactionId: true,
  })
  .extend({
    /** Under which it was asked for. */
    idempotencyKey: z.string(),
    /** When it began, and when a pending one ended. */
    at: texts.writtenTime,
    endedAt: texts.writtenTime.optional(),
  });
export type ListedTransfer = z.infer<typeof listedTransfer>;

/** Query of GET /v1/transactions. */
export const transactionsQuery = z.strictObject({
  accountId: accountText.optional().meta({
    description: 'only with a transfer from or to this account; a customer has to name one',
  }),
  status: z
    .literal('completed')
    .optional()
    .meta({ description: 'the only status: a transaction happens, or nothing of it does' }),
  reference: texts.clientTexts.reference
    .optional()
    .meta({ description: 'only transactions with exactly this reference' }),
  idempotencyKey: clientKeyText
    .optional()
    .meta({ description: 'only transactions that were asked for under this key' }),
  from: historyTime('only transactions of this time or later (RFC 3339)'),
  to: historyTime('only transactions before this time (RFC 3339)'),
  ...pageQuery,
});
export type TransactionsQuery = z.infer<typeof transactionsQuery>;

/** A transaction in a list. */
const listedTransaction = transactionAnswer
  .pick({
    transactionId: true,
    status: true,
    description: true,
    reference: true,
    metadata: true,
    idempotencyKey: true,
    at: true,
  })
  .extend({
    /** How many. */
    transfers: z.int().min(1),
  });
export type ListedTransaction = z.infer<typeof listedTransaction>;

const transactionsAnswer = z.strictObject({ items: z.array(listedTransaction), nextCursor });
export type TransactionsAnswer = z.infer<typeof transactionsAnswer>;

const transfersAnswer = z.strictObject({ items: z.array(listedTransfer), nextCursor });
export type TransfersAnswer = z.infer<typeof transfersAnswer>;

/** The operations of queries-bank-api on transfers and transactions. */
export const TRANSFER_QUERIES: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/transfers',
    id: 'listTransfers',
    access: { scope: 'accounts:read', object: 'accounts' },
    summary: 'Transfers, of one account or of all, newest first',
    description:
      'A transfer is listed when it passes every filter. By reference, and by a status that only ' +
      'pending transfers have had, there is an index; with other filters an answer looks at ' +
      `${FILTER_TRANSFERS_MAX} transfers at most, so it may have fewer items than limit, even ` +
      'none, and a nextCursor: go on until that is null. A cursor keeps its filters: with others ' +
      'it is refused. A customer names an own account.',
    query: transfersQuery.shape,
    status: 200,
    answer: transfersAnswer,
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/transactions',
    id: 'listTransactions',
    access: { scope: 'accounts:read', object: 'accounts' },
    summary: 'Transactions, with a transfer of one account or all, newest first',
    description:
      'By account and by reference there is an index; with other filters an answer looks at ' +
      `${FILTER_TRANSFERS_MAX} transactions at most, so it may have fewer items than limit, even ` +
      'none, and a nextCursor: go on until that is null. A cursor keeps its filters: with others ' +
      'it is refused. A customer names an own account, and sees what is said of a transaction ' +
      'only where its first transfer leaves that account.',
    query: transactionsQuery.shape,
    status: 200,
    answer: transactionsAnswer,
    problems: [],
  },
];
