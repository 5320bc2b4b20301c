import type { Request, Response } from 'express';
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
}

/**
 * Answers a command. A dry run made nothing that could be found at a location or be matched by a
 * version, and says so.
 */
export function answerCommand(request: Request, response: Response, done: Done): void {
  const { status, body, version, location, isReplayed } = done;
  if (isReplayed) response.set('Idempotency-Replayed', 'true');
  if (dryRunOf(request)) {
    response.json({ dryRun: true, ...body });
    return;
  }
  if (version !== undefined) response.set('ETag', `"${version}"`);
  if (location !== undefined) response.location(location);
  response.status(status).json(body);
}
