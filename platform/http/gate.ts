import type { Request, RequestHandler } from 'express';
import type { Principal } from '../../contracts/access/principal.ts';
import { mayUse, type Access } from '../../contracts/access/rules.ts';
import { challenge } from '../tokens/challenges.ts';
import { Failure } from './failure.ts';

/** Lets a request through to an operation only when its sender has the right to use that. */
export type Gate = (access: Access) => RequestHandler;

/** Who sends a request; rejects with a Failure (unauthenticated) when nobody can be told. */
export type Identify = (request: Request) => Promise<Principal> | Principal;

/** Who passed, and how the same is asked again. */
interface Passed {
  readonly principal: Principal;
  readonly again: () => Promise<Principal>;
}
const passed = new WeakMap<Request, Passed>();
/** Who lacked the right. */
const turnedAway = new WeakMap<Request, Principal>();

/**
 * The gate of an API. Anyone who lacks the scope, or a role that allows it, gets 403 before any of
 * the request is looked at.
 * @example
 * serve(app, OPERATIONS, handlers, gate(bearer(options)));
 */
export const gate =
  (identify: Identify): Gate =>
  (access) => {
    const { scope } = access;
    const enter = async (request: Request): Promise<Principal> => {
      const principal = await identify(request);
      if (mayUse(principal, access)) return principal;
      turnedAway.set(request, principal);
      const scheme = /^dpop /i.test(request.headers.authorization ?? '') ? 'DPoP' : 'Bearer';
      const why = challenge(scheme, { error: 'insufficient_scope', scope });
      throw new Failure('forbidden', { more: { scope } }, { 'WWW-Authenticate': why });
    };
    return async (request, _response, next) => {
      const principal = await enter(request);
      passed.set(request, { principal, again: () => enter(request) });
      next();
    };
  };

function passedBy(request: Request): Passed {
  const found = passed.get(request);
  if (found === undefined) throw new Error(`${request.path} was not guarded by a gate`);
  return found;
}

/** Who sent a request that has passed the gate. */
export const principalOf = (request: Request): Principal => passedBy(request).principal;

/** Who sent a request, whether it passed the gate or not; undefined when nobody could be told. */
export const senderKnownOf = (request: Request): Principal | undefined =>
  passed.get(request)?.principal ?? turnedAway.get(request);

/**
 * Whether who sent a long request would still pass the gate: rejects with a Failure when the token
 * has ended or was taken back.
 */
export const lookAgain = async (request: Request): Promise<void> =>
  void (await passedBy(request).again());
