import type { Request, Response } from 'express';
import type { RefusalMessage } from '../contracts/account/refusals.ts';
import type { PersonRefusalMessage } from '../contracts/person/commands.ts';
import { dryRunOf } from './request-headers.ts';

/** A command that was executed, or would be. */
export interface Done {
  /** Of its success, when it is executed. */
  readonly status: 200 | 201;
  readonly body: object;
  /** Of what it was about, after it. */
  readonly version: number | undefined;
  /** The path of what it made. */
  readonly location?: string;
  readonly isReplayed: boolean;
  /** Of a dry run: a second person would have to approve it. */
  readonly needsApproval?: true | undefined;
}

/**
 * Answers a command. A dry run made nothing that could be found at a location or be matched by a
 * version, and says so.
 */
export function answerCommand(request: Request, response: Response, done: Done): void {
  const { status, body, version, location, isReplayed, needsApproval } = done;
  if (isReplayed) response.set('Idempotency-Replayed', 'true');
  if (dryRunOf(request)) {
    response.json({ dryRun: true, ...body, needsApproval });
    return;
  }
  if (version !== undefined) response.set('ETag', `"${version}"`);
  if (location !== undefined) response.location(location);
  response.status(status).json(body);
}

/**
 * Answers a command that waits for a second person with 202 and the approval (RFC 9110, section
 * 15.3.3); false: it does not wait, and nothing was answered.
 */
export function answerPending(
  response: Response,
  refusal: RefusalMessage | PersonRefusalMessage,
): boolean {
  if (refusal.code !== 'approval-pending') return false;
  const { approvalId, expiresAt } = refusal;
  response.status(202).location(`/v1/approvals/${approvalId}`);
  response.json({ approvalId, status: 'waiting', expiresAt });
  return true;
}
