import { common, headers, transferReversalBody, WITH_BODY } from '../account/command-operations.ts';
import { pendingAnswer } from '../account/outcomes.ts';
import type { Operation } from '../http/openapi.ts';
import { transferParams } from '../http/parameters.ts';
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

/** The operations of core-bank-api on transfers. */
export const TRANSFER_OPERATIONS: readonly Operation[] = [
  {
    ...begin,
    path: '/v1/transfers',
    id: 'transfer',
    access: { scope: 'transfers:write', object: 'accounts' },
    summary: 'Moves money between two accounts of one currency: both legs happen, or none',
    body: transferBody,
    problems: [
      ...WITH_BODY,
      'same-account',
      'account-not-found',
      'account-closed',
      'account-frozen',
      'account-blocked',
      'currency-mismatch',
      'insufficient-funds',
      'limit-exceeded',
      'too-many-open',
    ],
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
