import { common, headers, transferReversalBody, WITH_BODY } from '../account/command-operations.ts';
import { pendingAnswer } from '../account/outcomes.ts';
import type { Operation } from '../http/openapi.ts';
import { transactionParams, transferParams } from '../http/parameters.ts';
import type { ProblemCode } from '../http/problems.ts';
import { transactionAnswer, transactionBody, transactionCommandAnswer } from './transactions.ts';
import { captureTransferBody, transferAnswer, transferBody } from './transfers.ts';
import { transferCommandAnswer } from './transfers.ts';
import { voidTransferBody } from './transfers.ts';

const begin = {
  ...common,
  method: 'post',
  headers,
  status: 201,
  answer: transferCommandAnswer,
  pending: pendingAnswer,
  answerHeaders: { ...common.answerHeaders, Location: 'the path of the transfer' },
} satisfies Partial<Operation>;

const { ETag: _ofOneAccount, ...answerHeaders } = common.answerHeaders;
const transact = {
  ...common,
  method: 'post',
  headers: { 'Idempotency-Key': headers['Idempotency-Key'] },
  status: 201,
  answer: transactionCommandAnswer,
  answerHeaders: { ...answerHeaders, Location: 'the path of the transaction' },
} satisfies Partial<Operation>;

/** Why money may not go from one account to another now. */
const SENDING: readonly ProblemCode[] = [
  'same-account',
  'account-not-found',
  'account-closed',
  'account-frozen',
  'account-blocked',
  'currency-mismatch',
  'insufficient-funds',
  'limit-exceeded',
];
const TRANSACTING: readonly ProblemCode[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
  ...SENDING,
  'approval-required',
];

/** The operations of core-bank-api on transfers and transactions. */
export const TRANSFER_OPERATIONS: readonly Operation[] = [
  {
    ...begin,
    path: '/v1/transfers',
    id: 'transfer',
    access: { scope: 'transfers:write', object: 'accounts' },
    summary: 'Moves money between two accounts of one currency: both legs happen, or none',
    body: transferBody,
    problems: [...WITH_BODY, ...SENDING, 'too-many-open'],
  },
  {
    ...begin,
    path: '/v1/transfers/{transferId}/capture',
    id: 'captureTransfer',
    access: { scope: 'transfers:write', object: 'transfer' },
    summary: 'Moves the money of a pending transfer, in part or whole; the rest is released',
    status: 200,
    params: transferParams,
    body: captureTransferBody,
    problems: [
      ...WITH_BODY,
      'transfer-not-found',
      'transfer-already-ended',
      'transfer-amount-exceeded',
      'transfer-expired',
      'account-not-found',
      'account-closed',
      'account-frozen',
      'account-blocked',
      'currency-mismatch',
    ],
  },
  {
    ...begin,
    path: '/v1/transfers/{transferId}/void',
    id: 'voidTransfer',
    access: { scope: 'transfers:write', object: 'transfer' },
    summary: 'Ends a pending transfer without moving money',
    status: 200,
    params: transferParams,
    body: voidTransferBody,
    problems: [...WITH_BODY, 'transfer-not-found', 'transfer-already-ended', 'account-not-found'],
  },
  {
    ...begin,
    path: '/v1/transfers/{transferId}/reversals',
    id: 'reverseTransfer',
    access: { scope: 'reversals:write', object: 'transfer' },
    summary: 'Takes a completed transfer back, once, by a transfer the other way',
    params: transferParams,
    body: transferReversalBody,
    problems: [
      ...WITH_BODY,
      'transfer-not-found',
      'not-reversible',
      'already-reversed',
      'account-closed',
      'account-frozen',
      'account-blocked',
      'insufficient-funds',
      'limit-exceeded',
      'too-many-open',
    ],
  },
  {
    ...transact,
    path: '/v1/transactions',
    id: 'transact',
    access: { scope: 'transfers:write', object: 'accounts' },
    summary: 'Moves money by several transfers, decided in order: all of them happen, or none',
    description:
      'Each transfer is decided on what the ones before it left, and may have a currency of its ' +
      'own, so a conversion is two transfers through accounts of the bank. All of them enter the ' +
      'log together. A problem names the first transfer that a rule refused by its index.',
    body: transactionBody,
    problems: TRANSACTING,
  },
  {
    ...transact,
    path: '/v1/transactions/{transactionId}/reversals',
    id: 'reverseTransaction',
    access: { scope: 'reversals:write', object: 'transaction' },
    summary: 'Takes a transaction back, once, by another with its transfers the other way',
    params: transactionParams,
    body: transferReversalBody,
    problems: [...TRANSACTING, 'transaction-not-found', 'already-reversed'],
  },
  {
    method: 'get',
    path: '/v1/transactions/{transactionId}',
    id: 'getTransaction',
    access: { scope: 'accounts:read', object: 'transaction' },
    summary: 'What a transaction did, and which one it reverses or is reversed by',
    params: transactionParams,
    status: 200,
    answer: transactionAnswer,
    problems: ['transaction-not-found'],
  },
  {
    method: 'get',
    path: '/v1/transfers/{transferId}',
    id: 'getTransfer',
    access: { scope: 'accounts:read', object: 'transfer' },
    summary: 'How a transfer stands, and which transfer it reverses or is reversed by',
    params: transferParams,
    status: 200,
    answer: transferAnswer,
    problems: ['transfer-not-found'],
  },
];
