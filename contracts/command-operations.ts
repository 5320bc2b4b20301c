import { z } from 'zod';
import { COMMAND_ID_PATTERN } from '../domain/ids.ts';
import { moneyBody, openAccountBody } from './commands.ts';
import type { Operation } from './openapi.ts';
import { accountAnswer, outcomeSchema } from './outcomes.ts';
import type { ProblemCode } from './problems.ts';

const idOrNumber = z
  .string()
  .regex(/^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{20})$/)
  .meta({ description: 'account id (lower-case UUID) or account number (20 digits)' });

const common = {
  query: {
    dryRun: z
      .enum(['true', 'false'])
      .optional()
      .meta({ description: 'true: the same answer, but nothing is written' }),
  },
  answerHeaders: {
    'Idempotency-Key': "the client's key, or the one that the server made",
    'Idempotency-Replayed': '"true" when the command had been executed before',
    ETag: 'the version of the account after the command, in double quotes',
  },
} satisfies Partial<Operation>;

const headers = {
  'Idempotency-Key': z
    .string()
    .regex(COMMAND_ID_PATTERN)
    .optional()
    .meta({ description: 'makes the request safe to send again, for ever' }),
  'If-Match': z
    .string()
    .regex(/^"(?:0|[1-9][0-9]{0,14})"$/)
    .optional()
    .meta({ description: 'the command runs only at this version of the account' }),
};

const WITH_BODY: readonly ProblemCode[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
  'version-mismatch',
];

/** What core-bank-api serves. */
export const COMMAND_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    method: 'post',
    path: '/v1/accounts',
    id: 'openAccount',
    summary: 'Opens an account, with a first deposit if one is given',
    headers,
    body: openAccountBody,
    status: 201,
    answer: accountAnswer,
    answerHeaders: { ...common.answerHeaders, Location: 'the path of the account' },
    problems: [...WITH_BODY, 'account-already-exists'],
  },
  {
    ...common,
    method: 'post',
    path: '/v1/accounts/{id}/deposits',
    id: 'deposit',
    summary: 'Puts money into an account',
    params: { id: idOrNumber },
    headers,
    body: moneyBody,
    status: 201,
    answer: outcomeSchema,
    problems: [...WITH_BODY, 'account-not-found'],
  },
  {
    ...common,
    method: 'post',
    path: '/v1/accounts/{id}/withdrawals',
    id: 'withdraw',
    summary: 'Takes money out of an account, as far as it is available',
    params: { id: idOrNumber },
    headers,
    body: moneyBody,
    status: 201,
    answer: outcomeSchema,
    problems: [...WITH_BODY, 'account-not-found', 'insufficient-funds'],
  },
];
