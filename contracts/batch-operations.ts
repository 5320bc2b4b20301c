import { z } from 'zod';
import { COMMAND_ID_PATTERN } from '../domain/ids.ts';
import { accountRefText, batchAnswer, batchBody } from './batches.ts';
import { common, headers as commandHeaders } from './command-operations.ts';
import type { Operation } from './openapi.ts';
import { accountAnswer, outcomeSchema } from './outcomes.ts';

const flag = (description: string) => z.enum(['true', 'false']).optional().meta({ description });

/** What an executed command answers, for ever. */
export const commandStatus = z.strictObject({
  status: z.literal('executed'),
  commandId: z.string(),
  accountId: z.string(),
  /** Exactly one of the two: the account that was opened, or the outcome. */
  account: accountAnswer.optional(),
  outcome: outcomeSchema.optional(),
  /** Everything that the command did, in order. */
  events: z
    .array(z.strictObject({ id: z.string(), type: z.string(), version: z.int(), at: z.string() }))
    .min(1),
});

/** The operations of core-bank-api that are about more than one new command. */
export const BATCH_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/batches',
    id: 'executeBatch',
    summary: 'Executes many commands, those of one account in order; each has its own result',
    query: {
      atomic: flag('true: all commands, of any accounts, in one commit or not at all'),
      dryRun: flag('true: the same answer, but nothing is written'),
    },
    headers: {
      'Idempotency-Key': commandHeaders['Idempotency-Key'].meta({
        description:
          'the items without a key get theirs from it and from what they say, so all can safely ' +
          'be sent again, also after some were corrected',
      }),
    },
    body: batchBody,
    status: 200,
    answer: batchAnswer,
    answerHeaders: { 'Idempotency-Key': common.answerHeaders['Idempotency-Key'] },
    problems: ['malformed-json', 'payload-too-large', 'unsupported-media-type'],
  },
  {
    method: 'get',
    path: '/v1/commands/{idempotencyKey}',
    id: 'commandStatus',
    summary: 'Tells what came of a command, however it was sent and however long ago',
    params: { idempotencyKey: z.string().regex(COMMAND_ID_PATTERN) },
    query: {
      accountId: accountRefText.optional().meta({
        description: 'the account commanded; by default the one that the key opened',
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
