import { z } from 'zod';
import type { Operation } from '../http/openapi.ts';
import { idParams } from '../http/parameters.ts';
import { nextCursor, pageQuery } from './queries.ts';
import { refusalEventSchema } from './refusal-events.ts';
import { positionNumber } from '../log/topics.ts';

export const refusalsQuery = z.strictObject(pageQuery);

const [refused] = refusalEventSchema.options;
/** The record of a refusal as the log has it, with its place in the log. */
export const refusalRecord = refused.extend({ position: positionNumber });

export const refusalsAnswer = z.strictObject({
  accountId: z.string(),
  /** How many records the account has in the log: their versions are 1 to this. */
  recorded: z.int().min(0),
  items: z.array(refusalRecord),
  nextCursor,
});
export type RefusalsAnswer = z.infer<typeof refusalsAnswer>;

export const REFUSAL_QUERIES: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/accounts/{id}/refusals',
    id: 'readRefusals',
    summary: 'The refused commands of an account that were recorded, newest first',
    description:
      'From the immutable log, where they are a stream of their own, refusal/{accountId}. Only ' +
      'accounts with recordRefusals have them. What was answered just now may come a moment later.',
    params: idParams,
    query: refusalsQuery.shape,
    status: 200,
    answer: refusalsAnswer,
    problems: ['account-not-found'],
  },
];
