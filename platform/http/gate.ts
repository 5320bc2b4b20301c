import type { Request, RequestHandler } from 'express';
import type { Principal } from '../../contracts/access/principal.ts';
import { mayUse, type Access } from '../../contracts/access/rules.ts';
import { Failure } from './failure.ts';

/** Lets a request through to an operation only when its sender has the right to use that. */
export type Gate = (access: Access) => RequestHandler;

/** Who sends a request; rejects with a Failure (unauthenticated) when nobody can be told. */
export type Identify = (request: Request) => Promise<Principal> | Principal;

const principals = new WeakMap<Request, Principal>();

/**
 * The gate of an API. Whoever has not the scope, or no role that allows it, gets 403 before any of
 * the request is looked at.
 * @example
 * serve(app, OPERATIONS, handlers, gate(bearer(options)));
 */
export const gate =
  (identify: Identify): Gate =>
  (access) =>
  async (request, _response, next) => {
    const principal = await identify(request);
    if (!mayUse(principal, access)) {
      throw new Failure('forbidden', { more: { scope: access.scope } });
    }
    principals.set(request, principal);
    next();
  };

/** Who sent a request that has passed the gate. */
export function principalOf(request: Request): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Error(`${request.path} was not guarded by a gate`);
  return principal;
}
