import { z } from 'zod';
import { COMMAND_ID_PATTERN } from '../../domain/ids.ts';
import * as bodies from './commands.ts';
import type { ClientCommand } from './commands.ts';
import type { Operation } from '../http/openapi.ts';
import { accountAnswer, outcomeSchema, triable } from './outcomes.ts';
import { holdParams, idParams } from '../http/parameters.ts';
import type { ProblemCode } from '../http/problems.ts';

export const common = {
  query: {
    dryRun: z
      .enum(['true', 'false'])
      .optional()
      .meta({ description: 'true: 200 and what the answer would be; nothing is written' }),
  },
  answerHeaders: {
    'Idempotency-Key': "the client's key, or the one that the server made",
    'Idempotency-Replayed': '"true" when the command had been executed before',
    ETag: 'the version of the account after the command, in double quotes',
  },
} satisfies Partial<Operation>;

export const headers = {
  'Idempotency-Key': z
    .string()
    .regex(COMMAND_ID_PATTERN)
    .optional()
    .meta({ description: 'makes the request safe to send again, for ever' }),
  'If-Match': z
    .string()
    .regex(/^(?:\*|(?:W\/)?"[!#-~]*"(?:, *(?:W\/)?"[!#-~]*")*)$/)
    .optional()
    .meta({
      description:
        'the command runs only at this version of the account, as ETag tells it, or at one of ' +
        'several; *: at any, if there is one. Weak tags never match',
    }),
};

export const WITH_BODY: readonly ProblemCode[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'idempotency-key-reused',
  'version-mismatch',
];

/** A route of the command API: which command it gives to the account that the path names. */
export interface CommandOperation extends Operation {
  readonly command: ClientCommand['type'];
}

const ofAccount = (
  command: Exclude<ClientCommand['type'], 'open-account'>,
  path: string,
  [id, summary]: readonly [string, string],
  body: NonNullable<Operation['body']>,
  status: 200 | 201,
  problems: readonly ProblemCode[] = [],
): CommandOperation => ({
  ...common,
  command,
  method: command.startsWith('set-') ? 'put' : 'post',
  path: `/v1/accounts/{id}${path}`,
  id,
  summary,
  params: path.includes('{holdId}') ? holdParams : idParams,
  headers,
  body,
  status,
  answer: triable(outcomeSchema),
  problems: [...WITH_BODY, 'account-not-found', 'account-closed', ...problems],
});

const SPENDING: readonly ProblemCode[] = ['account-frozen', 'insufficient-funds', 'limit-exceeded'];
const HOLD: readonly ProblemCode[] = ['hold-not-found', 'hold-already-resolved'];

/** What core-bank-api serves. */
export const COMMAND_OPERATIONS: readonly CommandOperation[] = [
  {
    ...common,
    command: 'open-account',
    method: 'post',
    path: '/v1/accounts',
    id: 'openAccount',
    summary: 'Opens an account, with a first deposit if one is given',
    headers,
    body: bodies.openAccountBody,
    status: 201,
    answer: triable(accountAnswer),
    answerHeaders: { ...common.answerHeaders, Location: 'the path of the account' },
    problems: [...WITH_BODY, 'account-already-exists', 'owner-not-found'],
  },
  ofAccount(
    'deposit',
    '/deposits',
    ['deposit', 'Puts money into an account'],
    bodies.moneyBody,
    201,
    ['account-frozen'],
  ),
  ofAccount(
    'withdraw',
    '/withdrawals',
    ['withdraw', 'Takes money out of an account, as far as it is available'],
    bodies.moneyBody,
    201,
    SPENDING,
  ),
  ofAccount(
    'place-hold',
    '/holds',
    ['placeHold', 'Sets money aside: it stays in the ledger but is not available'],
    bodies.holdBody,
    201,
    [...SPENDING, 'too-many-open'],
  ),
  ofAccount(
    'capture-hold',
    '/holds/{holdId}/capture',
    ['captureHold', 'Takes the held money, or a part of it and releases the rest'],
    bodies.captureBody,
    200,
    [...HOLD, 'account-frozen', 'hold-expired', 'hold-amount-exceeded'],
  ),
  ofAccount(
    'void-hold',
    '/holds/{holdId}/void',
    ['voidHold', 'Releases the held money'],
    bodies.emptyBody,
    200,
    HOLD,
  ),
  ofAccount(
    'set-overdraft-limit',
    '/overdraft-limit',
    ['setOverdraftLimit', 'Sets how far the ledger may fall below zero'],
    bodies.overdraftBody,
    200,
    ['insufficient-funds'],
  ),
  ofAccount(
    'set-limits',
    '/limits',
    ['setLimits', 'Sets what may leave the account at once and per day (UTC); missing: no limit'],
    bodies.limitsBody,
    200,
  ),
  ofAccount(
    'set-details',
    '/details',
    ['setDetails', 'Sets name and metadata; what is missing is removed'],
    bodies.detailsBody,
    200,
  ),
  ofAccount(
    'set-refusal-recording',
    '/refusal-recording',
    ['setRefusalRecording', 'Sets whether refused commands are recorded in the log'],
    bodies.refusalRecordingBody,
    200,
  ),
  ofAccount(
    'freeze',
    '/freeze',
    ['freeze', 'Stops all movements; holds can still be voided and expire'],
    bodies.reasonBody,
    200,
    ['account-frozen'],
  ),
  ofAccount(
    'unfreeze',
    '/unfreeze',
    ['unfreeze', 'Allows movements again'],
    bodies.reasonBody,
    200,
    ['account-not-frozen'],
  ),
  ofAccount(
    'close',
    '/close',
    ['close', 'Closes an empty account for ever'],
    bodies.reasonBody,
    200,
    ['account-frozen', 'balance-not-zero'],
  ),
  ofAccount(
    'reverse',
    '/reversals',
    ['reverse', 'Takes back a deposit, withdrawal or capture, once'],
    bodies.reversalBody,
    201,
    [
      'account-frozen',
      'event-not-found',
      'not-reversible',
      'already-reversed',
      'insufficient-funds',
    ],
  ),
];
