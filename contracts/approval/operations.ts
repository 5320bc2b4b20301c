import { z } from 'zod';
import { byText } from '../access/principal.ts';
import {
  common,
  emptyBody,
  headers,
  reasonBody,
  WITH_BODY,
} from '../account/command-operations.ts';
import { nextCursor, pageQuery } from '../account/queries.ts';
import { accountOfStream, defined } from '../account/events.ts';
import { triable } from '../account/outcomes.ts';
import type { Operation } from '../http/openapi.ts';
import { clientIdText, writtenId, writtenTime } from '../http/scalars.ts';
import { personOfStream } from '../log/bank-events.ts';
import { APPROVAL_STATUS, type ApprovalState } from './events.ts';
import type { ApprovalId } from '../../domain/ids.ts';

/** The approval in a path. */
export const approvalParams = {
  approvalId: clientIdText
    .meta({ description: 'approvalId of the answer 202' })
    .transform((id) => id as ApprovalId),
};

/** How an approval stands. */
export const approvalAnswer = z.strictObject({
  approvalId: writtenId,
  status: z.enum(APPROVAL_STATUS),
  /** The account or person that the command is for. */
  accountId: writtenId.optional(),
  personId: writtenId.optional(),
  /** Exactly this is executed once it is approved; amounts are in the account's currency. */
  command: z.looseObject({ type: z.string() }),
  /** The client's key of the command. */
  idempotencyKey: z.string(),
  askedBy: byText,
  askedAt: writtenTime,
  expiresAt: writtenTime,
  decidedBy: byText.optional(),
  reason: z.string().optional(),
  /** Why it could not be executed, although it was approved. */
  refusal: z.looseObject({ code: z.string() }).optional(),
  version: z.int().min(1),
  /** Time of the last event. */
  at: writtenTime,
});
export type ApprovalAnswer = z.infer<typeof approvalAnswer>;

const eventOf = z.strictObject({
  id: z.string(),
  type: z.string(),
  version: z.int(),
  at: writtenTime,
});
/** The answer to a decision. */
export const decidedAnswer = triable(
  approvalAnswer.extend({
    /** What the command did. */
    events: z.array(eventOf),
  }),
);

/** Query of GET /v1/approvals. */
export const approvalsQuery = z.strictObject({
  status: z.literal('waiting').optional().meta({ description: 'what still waits' }),
  ...pageQuery,
});

/** What the API says of an approval. */
export function approvalAnswerOf(id: string, approval: ApprovalState): ApprovalAnswer {
  const { about, asked, commandId, by, askedAt, expiresAt, changedAt, status, version } = approval;
  const isOfAccount = about.startsWith('acct/');
  return defined({
    approvalId: id,
    status,
    accountId: isOfAccount ? (accountOfStream(about) as string) : undefined,
    personId: isOfAccount ? undefined : (personOfStream(about) as string),
    command: asked as ApprovalAnswer['command'],
    idempotencyKey: commandId,
    askedBy: by,
    askedAt,
    expiresAt,
    decidedBy: approval.decidedBy,
    reason: approval.reason,
    refusal: approval.refusal as ApprovalAnswer['refusal'],
    version,
    at: changedAt,
  });
}

const decide = {
  ...common,
  headers,
  method: 'post',
  params: approvalParams,
  access: { scope: 'approvals:write', object: 'bank' },
  status: 200,
  answer: decidedAnswer,
  answerHeaders: {
    ...common.answerHeaders,
    ETag: 'the version of the approval after it, in double quotes',
  },
} satisfies Partial<Operation>;

/** The operations of core-bank-api on approvals. */
export const APPROVAL_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/approvals',
    id: 'listApprovals',
    access: { scope: 'approvals:read', object: 'bank' },
    summary: 'What waits for a second person, by when it expires; only what the sender may approve',
    query: approvalsQuery.shape,
    status: 200,
    answer: z.strictObject({ items: z.array(approvalAnswer), nextCursor }),
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/approvals/{approvalId}',
    id: 'readApproval',
    access: { scope: 'approvals:read', object: 'bank' },
    summary: 'How an approval stands',
    params: approvalParams,
    status: 200,
    answer: approvalAnswer,
    answerHeaders: { ETag: 'the version of the approval, in double quotes' },
    problems: ['approval-not-found'],
  },
  {
    ...decide,
    path: '/v1/approvals/{approvalId}/approve',
    id: 'approve',
    summary: 'Approves what another person asked for: it is executed at once, or refused for good',
    body: emptyBody,
    problems: [
      ...WITH_BODY,
      'approval-not-found',
      'approval-ended',
      'same-person',
      // Of the command: it may be refused by now.
      'account-not-found',
      'account-frozen',
      'account-closed',
      'insufficient-funds',
      'person-erased',
    ],
  },
  {
    ...decide,
    path: '/v1/approvals/{approvalId}/reject',
    id: 'reject',
    summary: 'Rejects what another person asked for: it is never executed',
    body: reasonBody,
    problems: [...WITH_BODY, 'approval-not-found', 'approval-ended', 'same-person'],
  },
];
