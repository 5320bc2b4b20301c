import { accountState, decodeAccount, encodeAccount } from '../../contracts/account/state.ts';
import { decodePerson, personState } from '../../contracts/person/events.ts';
import { refusalsState, type RefusalsState } from '../../contracts/account/refusal-events.ts';
import { approvalState, type ApprovalState } from '../../contracts/approval/events.ts';
import type { ExistingAccount } from '../../domain/account.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { KnownPerson } from '../../domain/person.ts';

/** The current state of a stream: everything that the next decision needs. */
export type StreamState = ExistingAccount | KnownPerson | RefusalsState | ApprovalState;

/** Whether it is the state of an account. */
export const isAccountState = (state: StreamState): state is ExistingAccount => 'ledger' in state;
/** Whether it is the state of a person. */
export const isPersonState = (state: StreamState): state is KnownPerson => 'registeredAt' in state;
/** Whether it is the state of an account's recorded refusals. */
export const isRefusalsState = (state: StreamState): state is RefusalsState => 'onDay' in state;

/** Whether it is the state of an approval. */
export const isApprovalState = (state: StreamState): state is ApprovalState => 'askedAt' in state;

/** The state as the journal stores it: JSON. */
export const encodeState = (state: StreamState): string =>
  JSON.stringify(isAccountState(state) ? encodeAccount(state) : state);

/**
 * The state in a row.
 * @throws Error when the row has something else than its stream is for.
 */
export function decodeState(stream: StreamId, text: string): StreamState {
  const value: unknown = JSON.parse(text);
  if (stream.startsWith('acct/')) return decodeAccount(accountState.parse(value));
  if (stream.startsWith('person/')) return decodePerson(personState.parse(value));
  if (stream.startsWith('approval/')) return approvalState.parse(value);
  return refusalsState.parse(value);
}

/** When something on the stream ends without a client, in epoch milliseconds; null for never. */
export function dueOf(state: StreamState): number | null {
  if (isApprovalState(state)) {
    return state.status === 'waiting' ? Date.parse(state.expiresAt) : null;
  }
  if (!isAccountState(state)) return null;
  let due: number | null = null;
  for (const { expiresAt } of [...state.holds, ...state.transfers]) {
    if (expiresAt === undefined) continue;
    const expires = Date.parse(expiresAt);
    // By the account's clock, which may have been ahead: then it is over by any clock.
    const at = expires <= Date.parse(state.changedAt) ? 0 : expires;
    if (due === null || at < due) due = at;
  }
  return due;
}
