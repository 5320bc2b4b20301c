import { isAccountEvent, isRefusalEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { balanceOf, sameBalance } from '../../contracts/account/money.ts';
import { decodeEvent, type LoggedEvent } from '../../contracts/account/events.ts';
import { evolve, NO_ACCOUNT, type ExistingAccount } from '../../domain/account.ts';
import { evolvePerson, NO_PERSON } from '../../domain/person.ts';
import { afterRecord } from '../../domain/refusal-record.ts';
import { isAccountState, isPersonState, isRefusalsState } from '../turn/stream-state.ts';
import type { StreamState } from '../turn/stream-state.ts';

/** The log does not hold what the bank would have written. */
export class LogUnsound extends Error {}

/** The state of a stream after its next event; throws LogUnsound when that cannot follow. */
export function stateAfter(state: StreamState | undefined, event: BankEvent): StreamState {
  try {
    if (isRefusalEvent(event)) {
      return afterRecord(
        state !== undefined && isRefusalsState(state) ? state : undefined,
        event.at,
      );
    }
    if (!isAccountEvent(event)) {
      const { type, at } = event;
      const person = state !== undefined && isPersonState(state) ? state : NO_PERSON;
      return evolvePerson(person, { type, at });
    }
    const before = state !== undefined && isAccountState(state) ? state : NO_ACCOUNT;
    const after = evolve(before, decodeEvent(event));
    checkBalance(event, after);
    return after;
  } catch (error) {
    throw new LogUnsound(`${event.id} cannot follow what the log has before it: ${String(error)}`);
  }
}

/** Every event says the balance that its actor saw: a replay that differs must not be served. */
function checkBalance({ data }: LoggedEvent, after: ExistingAccount): void {
  const [said, replayed] = [data.balance, balanceOf(after)];
  if (sameBalance(said, replayed)) return;
  throw new Error(`it says ${JSON.stringify(said)}, not ${JSON.stringify(replayed)}`);
}
