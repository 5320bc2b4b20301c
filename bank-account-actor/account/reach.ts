import { EVERY_OWNER, mayReach, type Sender } from '../../contracts/access/principal.ts';
import { NO_ACCOUNT, type Account } from '../../domain/account.ts';
import type { StreamId } from '../../domain/ids.ts';
import { whyNotTake } from '../../domain/transfer-decisions.ts';
import type { Draft, Working } from '../turn/draft.ts';
import { isAccountState } from '../turn/stream-state.ts';

/** The account as the turn has left it so far. */
export const accountOf = ({ state }: Working): Account =>
  state !== undefined && isAccountState(state) ? state : NO_ACCOUNT;

/**
 * Whether the sender may not reach the account; one that does not exist is nobody's. The row is
 * read in this turn in both cases, so that the time of the answer does not tell which it is either.
 * Undefined: to be fetched.
 */
export function isForeignTo(
  draft: Draft,
  stream: StreamId,
  owner: Sender['owner'],
): boolean | undefined {
  const current = draft.read(stream);
  if (current === undefined) return undefined;
  // Its owner is not known; the command is answered as unavailable to everybody.
  if (current === 'unreadable') return false;
  const account = accountOf(current);
  if (account.status !== 'none' && mayReach({ owner }, account.ownerId)) return false;
  return draft.facts.isRead(stream) ? true : undefined;
}

/**
 * Whether the target takes nothing, for a reason that is not the sender's business. Who may not see
 * the target learns that no such account can be paid in this currency now, whatever else is wrong:
 * not whether it is frozen, closed, of another currency or not there.
 */
export const isHiddenFrom = (owner: Sender['owner'], source: Account, target: Account): boolean =>
  source.status !== 'none' &&
  whyNotTake(source, target) !== undefined &&
  !(target.status === 'none' ? owner === EVERY_OWNER : mayReach({ owner }, target.ownerId));
