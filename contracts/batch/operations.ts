import { accountRefText, writtenId, writtenTime } from '../http/scalars.ts';
import { flagText } from '../http/parameters.ts';
import { z } from 'zod';
import { COMMAND_ID_PATTERN } from '../../domain/ids.ts';
import { batchAnswer, batchBody } from './batches.ts';
import { common, headers as commandHeaders } from '../account/command-operations.ts';
import type { Operation } from '../http/openapi.ts';
import { accountAnswer, outcomeSchema } from '../account/outcomes.ts';
import { transferAnswer } from '../transfer/transfers.ts';

/** The result of an executed command; except for transfers it never changes. */
export const commandStatus = z.strictObject({
  status: z.literal('executed'),
  commandId: z.string(),
  accountId: writtenId,
  /** Exactly one of the two: the account that was opened, or the outcome. */
  account: accountAnswer.optional(),
  /** Of a transfer its last step at the account that was asked for. */
  outcome: outcomeSchema.optional(),
  /** Of a command on a transfer: how that stands by now. */
  transfer: transferAnswer.optional(),
  /** Everything that the command did, in order; of a transfer at both accounts. */
  events: z
    .array(z.strictObject({ id: z.string(), type: z.string(), version: z.int(), at: writtenTime }))
    .min(1),
});

/** The operations of core-bank-api on batches and on commands of the past. */
export const BATCH_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/batches',
    id: 'executeBatch',
    access: { scope: 'batches:write', object: 'accounts' },
    summary: 'Executes many commands, those of one account in order; each has its own result',
    query: {
      atomic: flagText('true: all commands, of any accounts, in one commit or not at all'),
      dryRun: flagText('true: the same answer, but nothing is written'),
    },
    headers: {
      'Idempotency-Key': commandHeaders['Idempotency-Key'].meta({
        description:
          'makes the same batch safe to send again, for ever; a batch that says anything else is ' +
          'refused (422), so give an item that shall survive a correction a key of its own',
      }),
    },
    body: batchBody,
    status: 200,
    answer: batchAnswer,
    answerHeaders: { 'Idempotency-Key': common.answerHeaders['Idempotency-Key'] },
    problems: [
      'malformed-json',
      'payload-too-large',
      'unsupported-media-type',
      'idempotency-key-reused',
    ],
  },
  {
    method: 'get',
    path: '/v1/commands/{idempotencyKey}',
    id: 'commandStatus',
    access: { scope: 'accounts:read', object: 'command' },
    summary: 'Tells what came of a command, however it was sent and however long ago',
    params: { idempotencyKey: z.string().regex(COMMAND_ID_PATTERN) },
    query: {
      accountId: accountRefText.optional().meta({
        description: 'an account that it was about, by default the one that the key opened',
      }),
      source: z.string().min(1).optional().meta({
        description: 'of a message without a key: its source; the path then names its id',
      }),
    },
    status: 200,
    answer: commandStatus,
    problems: ['command-not-found'],
  },
];
