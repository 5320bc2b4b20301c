import type { RequestHandler, Response } from 'express';
import { Failure } from '../http/http.ts';
import { principalOf } from '../http/gate.ts';
import { createShares, holderOf, type Reached, type Room, type ShareBounds } from './shares.ts';

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
 * What the sender may still have under way, of the bound that it is the nearest to
 * (draft-ietf-httpapi-ratelimit-headers-10, with its unit of concurrent requests).
 */
function tellRoom(response: Response, what: string, { most, left }: Room): void {
  response.setHeader('RateLimit-Policy', `"${what}";q=${most};qu="concurrent-requests"`);
  response.setHeader('RateLimit', `"${what}";r=${Math.max(left, 0)}`);
}

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
    // Its client went while the gate looked at the token: 'close' has passed, and would never give
    // the part back.
    if (response.destroyed) return;
    const id = bounds.perObject === undefined ? undefined : request.params['id'];
    const object = typeof id === 'string' ? { object: id } : {};
    const holder = { ...holderOf(principalOf(request)), ...object };
    const reached = shares.take(holder);
    tellRoom(response, what, shares.nearest(holder));
    if (reached !== undefined) return next(refusal(reached));
    response.once('close', () => shares.give(holder));
    next();
  };
}
