import { z } from 'zod';
import { moneyBody } from '../account/command-operations.ts';
import { keyOf, type LoggedEvent } from '../account/events.ts';
import { triable } from '../account/outcomes.ts';
import * as texts from '../http/scalars.ts';
import { transferAnswer } from './transfers.ts';

/** Most transfers of one transaction. */
const TRANSACTION_TRANSFERS_MAX = 32;

const { amount, currency, description, reference, metadata, valueDate } = moneyBody.shape;

/** Body of POST /v1/transactions. */
export const transactionBody = z.strictObject({
  transfers: z
    .array(
      z.strictObject({
        fromAccountId: texts.accountRefText,
        toAccountId: texts.accountRefText,
        amount,
        currency,
        description,
        reference,
      }),
    )
    .min(1)
    .max(TRANSACTION_TRANSFERS_MAX)
    .meta({ description: 'decided in this order, each on what the ones before it left' }),
  description,
  reference,
  metadata: metadata.meta({ description: 'of the transaction; its transfers have none' }),
  valueDate: valueDate.meta({ description: 'of each transfer; the day of booking if missing' }),
});
export type TransactionBody = z.infer<typeof transactionBody>;

/** A transaction: it moved the money of all of its transfers. */
export const transactionAnswer = z.strictObject({
  transactionId: texts.transactionIdText,
  status: z.literal('completed'),
  /** Of the transaction; a customer sees them of an own one only. */
  description: texts.storedTexts.description.optional(),
  reference: texts.storedTexts.reference.optional(),
  metadata: texts.storedTexts.metadata.optional(),
  /** The client's key. */
  idempotencyKey: z.string(),
  at: texts.writtenTime,
  /** In their order; a customer sees those from or to an own account. */
  transfers: z.array(transferAnswer),
  /** The transaction that this one takes back, and the one that took this one back. */
  reverses: texts.transactionIdText.optional(),
  reversedBy: texts.transactionIdText.optional(),
});
export type TransactionAnswer = z.infer<typeof transactionAnswer>;

/** The answer to a command on a transaction. */
export const transactionCommandAnswer = triable(
  transactionAnswer.extend({
    status: z.enum(['completed', 'would-complete']),
    transfers: z.array(transferAnswer.extend({ status: z.enum(['completed', 'would-complete']) })),
  }),
);

/** What a transaction's first event tells of all of it; undefined for any other event. */
export function transactionTermsOf(event: LoggedEvent) {
  if (event.type !== 'transfer-sent') return undefined;
  const { transactionId, transaction } = event.data;
  if (transactionId === undefined || transaction === undefined) return undefined;
  return { transactionId, ...transaction, idempotencyKey: keyOf(event), at: event.at };
}
