import type { Request, RequestHandler } from 'express';
import { objectsIn } from '../contracts/access/access-records.ts';
import { ownerBound } from '../contracts/access/principal.ts';
import type { Access } from '../contracts/access/rules.ts';
import { idParams, personParams } from '../contracts/http/parameters.ts';
import { unreachable, type AccountId } from '../domain/ids.ts';
import type { RecordAccess } from '../platform/access-reports.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import { principalOf } from '../platform/http/gate.ts';
import { Failure } from '../platform/http/http.ts';
import { paramOf } from '../platform/http/requests.ts';
import type { AccountView } from './accounts/account-view.ts';
import type { AccountLog } from './log/account-log.ts';
import { Unavailable } from './read-models/read-models.ts';

const ACCOUNTS_REMEMBERED = 100_000;

/** What tells whose an account is. */
export interface OwnershipPorts {
  readonly accounts: Pick<AccountView, 'account'>;
  readonly log: Pick<AccountLog, 'events'>;
}

/**
 * Lets a customer ask about what is theirs only. What is somebody else's is answered as what is
 * missing is, before anything of it is looked at: the same 404, and 503 for both alike.
 */
export function ownObjects(ports: OwnershipPorts) {
  const isOwn = ownAccounts(ports);
  const guard = async (object: Access['object'], request: Request): Promise<void> => {
    const owner = ownerBound(principalOf(request));
    if (owner === undefined) return;
    switch (object) {
      case 'account':
        if (await isOwn(paramOf(request, idParams, 'id'), owner)) return;
        throw new Failure('account-not-found');
      case 'person':
        if (paramOf(request, personParams, 'personId') === owner) return;
        throw new Failure('person-not-found');
      case 'accounts':
      case 'bank':
        return;
      case 'transfer':
      case 'transaction':
      case 'command':
        throw new Error(`nobody tells here whose a ${object} is`);
      default:
        return unreachable(object);
    }
  };
  return (object: Access['object']): RequestHandler =>
    async (request, _response, next) => {
      await guard(object, request);
      next();
    };
}

/**
 * Whether an account is of that owner, who never changes. The read side may not have it yet, and
 * then the log knows. Both are asked about what is foreign and about what is missing, and nothing
 * is remembered of either, so that neither the time nor a failure tells one from the other.
 */
function ownAccounts({ accounts, log }: OwnershipPorts) {
  const owners = boundedMap<AccountId, string>(ACCOUNTS_REMEMBERED);
  const shownOwner = async (id: AccountId): Promise<string | undefined> => {
    try {
      return (await accounts.account(id))?.ownerId;
    } catch (error) {
      if (error instanceof Unavailable) return undefined;
      throw error;
    }
  };
  const loggedOwner = async (id: AccountId): Promise<string | undefined> => {
    const [opening] = (await log.events(id, 1, 1)).entries;
    return opening?.event.type === 'account-opened' ? opening.event.data.ownerId : undefined;
  };
  return async (id: AccountId, owner: string): Promise<boolean> => {
    if (owners.get(id) === owner) return true;
    const isOwn = (await shownOwner(id)) === owner || (await loggedOwner(id)) === owner;
    if (isOwn) owners.set(id, owner);
    return isOwn;
  };
}

/**
 * Whether a customer asks for what an owner has who is somebody else, which is recorded: somebody
 * else has nothing, as nobody has.
 */
export function isForeignOwner(
  record: RecordAccess,
  operation: string,
  request: Request,
  ownerId: string | undefined,
): boolean {
  const principal = principalOf(request);
  const bound = ownerBound(principal);
  if (bound === undefined || bound === ownerId) return false;
  const objects = objectsIn({ personId: ownerId });
  record({ outcome: 'not-found', operation, principal, objects });
  return true;
}

/**
 * What the reader may see of events: who did them is for the bank's own people. A customer sees
 * what happened, and not by whose hand.
 */
export const shownTo = <
  Item extends { readonly by?: string | undefined; readonly approvedBy?: string | undefined },
>(
  request: Request,
  items: readonly Item[],
): Item[] =>
  ownerBound(principalOf(request)) === undefined
    ? [...items]
    : items.map(({ by: _by, approvedBy: _approvedBy, ...rest }) => rest as Item);
