import type { Request, RequestHandler } from 'express';
import { Failure } from '../http/http.ts';
import { principalOf } from '../http/gate.ts';
import { createShares, type Holder, type Reached, type ShareBounds } from './shares.ts';

/** The bounds of a kind of work, and what a client hears when it has reached its own. */
export interface WorkBounds extends ShareBounds {
  /** What is counted, in the plural: "streams". */
  readonly what: string;
  readonly retryAfterSeconds: number;
}

const WHOSE: Readonly<Record<Reached, string>> = {
  perClient: 'one client',
  perPerson: 'one person',
  perObject: 'what the path names',
  total: 'all clients together',
};

/**
 * Lets requests through as long as their sender has no more under way than its part. More is
 * refused with 429; when all parts together are used up and the sender has one already, with 503.
 * It belongs after the gate, which tells who sends, and before the body is read.
 */
export function admission({ what, retryAfterSeconds, ...bounds }: WorkBounds): RequestHandler {
  const shares = createShares(bounds);
  const refusal = (reached: Reached): Failure => {
    const most = shares.most[reached];
    const detail =
      `${most} ${what} of ${WHOSE[reached]} are under way, which is as many as may be. ` +
      'Send it again later, with the same keys.';
    const headers = { 'Retry-After': String(retryAfterSeconds) };
    if (reached === 'total') return new Failure('service-unavailable', { detail }, headers);
    return new Failure('too-many-requests', { detail, more: { limit: reached, most } }, headers);
  };
  return (request, response, next) => {
    const holder = holderOf(request, bounds.perObject !== undefined);
    const reached = shares.take(holder);
    if (reached !== undefined) return next(refusal(reached));
    response.once('close', () => shares.give(holder));
    next();
  };
}

/** A client that acts by itself is one holder; of a client with persons each is one too. */
function holderOf(request: Request, byObject: boolean): Holder {
  const { client, subject, strength } = principalOf(request);
  const id = byObject ? request.params['id'] : undefined;
  return {
    client,
    ...(strength === 'client' ? {} : { person: subject }),
    ...(typeof id === 'string' ? { object: id } : {}),
  };
}
