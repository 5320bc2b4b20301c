import { z } from 'zod';
import type { Operation } from '../http/openapi.ts';
import { idParams, wholeNumber } from '../http/parameters.ts';
import * as receipts from './receipts.ts';
import { timeText } from '../http/scalars.ts';

const TX_MAX = 2 ** 36;
const VERSION_MAX = 999_999_999_999_999;

/** The account and the version in a path. */
export const receiptParams = {
  ...idParams,
  version: z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/, 'must be a whole number from 1')
    .meta({ description: `version of the account, 1 to ${VERSION_MAX}` }),
};
/** The account and the version of the record in a path. */
const refusalReceiptParams = {
  ...receiptParams,
  version: receiptParams.version.meta({ description: 'version of the record: the end of its id' }),
};
const transaction = (description: string) =>
  wholeNumber(TX_MAX).meta({ description, examples: ['7'] });
/** Query of GET /v1/audit/consistency. */
export const consistencyQuery = z.strictObject({
  fromTx: transaction('txId of the older state, for example of a receipt'),
  toTx: transaction('txId of the newer state, now when missing').optional(),
});
/** Query of an export. */
export const exportQuery = z.strictObject({
  from: timeText.optional().meta({ description: 'from this time on' }),
  to: timeText.optional().meta({ description: 'before this time' }),
});
/** Query of GET /v1/audit/log. */
export const walkQuery = z.strictObject({
  fromTx: transaction('the first transaction, 1 when missing').optional(),
  toTx: transaction('the last transaction, for example txId of a signed state'),
});
/** The key that verifies the bank's signatures. */
const publicKeyAnswer = z.strictObject({
  algorithm: z.literal('ECDSA P-256, SHA-256'),
  /** PEM; compare it with what the bank published elsewhere before you rely on it. */
  publicKey: z.string(),
});

const common = { method: 'get', status: 200 } as const;
const NDJSON = 'application/x-ndjson';

/** The operations of queries-bank-api for everyone who wants to verify the bank. */
export const PROOF_QUERIES: readonly Operation[] = [
  {
    ...common,
    path: '/v1/accounts/{id}/events/{version}/receipt',
    id: 'readReceipt',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'An event with the proof that it stands in the log, which anyone checks offline',
    params: receiptParams,
    answer: receipts.accountReceipt,
    problems: ['event-not-found'],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/refusals/{version}/receipt',
    id: 'readRefusalReceipt',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'The record of a refused command with the proof that it stands in the log',
    params: refusalReceiptParams,
    answer: receipts.refusalReceipt,
    problems: ['event-not-found'],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/export',
    id: 'exportAccount',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'The events of an account with their proofs, one JSON document a line',
    description:
      'The first line says what the others are: what is below is its schema and theirs. With a ' +
      'period, the event before it and the one after it come too, so that none can be missing.',
    params: idParams,
    query: exportQuery.shape,
    answer: z.union([receipts.accountExportHeader, receipts.exportedEvent]),
    answerType: NDJSON,
    problems: ['account-not-found'],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/refusals/export',
    id: 'exportRefusals',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'The recorded refusals of an account with their proofs, one JSON document a line',
    description:
      'Like the export of the account, of the stream refusal/{id}. An account without any has a ' +
      'first line only, which says so (headVersion 0).',
    params: idParams,
    query: exportQuery.shape,
    answer: z.union([receipts.refusalsExportHeader, receipts.exportedEvent]),
    answerType: NDJSON,
    problems: ['account-not-found'],
  },
  {
    ...common,
    path: '/v1/audit/public-key',
    id: 'readPublicKey',
    access: { scope: 'proofs:read', object: 'bank' },
    summary: 'The key that states of the log are signed with',
    answer: publicKeyAnswer,
    problems: [],
  },
  {
    ...common,
    path: '/v1/audit/state',
    id: 'readState',
    access: { scope: 'proofs:read', object: 'bank' },
    summary: 'The state of the log now, signed',
    answer: receipts.signedStateDocument,
    problems: [],
  },
  {
    ...common,
    path: '/v1/audit/consistency',
    id: 'proveConsistency',
    access: { scope: 'proofs:read', object: 'bank' },
    summary: 'The proof that a newer state of the log continues an older one',
    query: consistencyQuery.shape,
    answer: receipts.consistencyDocument,
    problems: [],
  },
  {
    ...common,
    path: '/v1/audit/log',
    id: 'walkLog',
    access: { scope: 'audit:log', object: 'bank' },
    summary: 'All transactions of the log with their keys and hashes, one a line, without values',
    description:
      'It shows the ids of all accounts and commands, so it is for auditors. Nothing else proves ' +
      'that a key was written once and that an account has no more versions than were shown.',
    query: walkQuery.shape,
    answer: receipts.walkedTransaction,
    answerType: NDJSON,
    problems: [],
  },
];
