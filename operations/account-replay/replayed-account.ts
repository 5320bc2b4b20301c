import { decodeEvent, type LoggedEvent } from '../../contracts/account/events.ts';
import { balanceOf, sameBalance, type Balance } from '../../contracts/account/money.ts';
import { encodeAccount, type AccountState } from '../../contracts/account/state.ts';
import { evolve, NO_ACCOUNT, type Account, type ExistingAccount } from '../../domain/account.ts';
import { CannotRun } from '../../runtime/progress.ts';

/** One event of an account, and what the domain makes of all events up to it. */
export interface ReplayedEvent {
  readonly event: LoggedEvent;
  /** The balance after the event, in decimal strings of the account's currency. */
  readonly balance: Balance;
  /** Whether the event states the same balance: the actor wrote it when it decided. */
  readonly isAsStated: boolean;
}

interface ReplayedAccount {
  /** Applies the next event. Throws CannotRun for one that cannot follow the events so far. */
  readonly apply: (event: LoggedEvent) => ReplayedEvent;
  /** The account after the last event, as it would rest in the journal; undefined before any. */
  readonly state: () => AccountState | undefined;
}

/** An account that is built again from its events, with the same `evolve` as everywhere. */
export function replayedAccount(): ReplayedAccount {
  let account: Account = NO_ACCOUNT;

  const next = (event: LoggedEvent): ExistingAccount => {
    const place = `Event ${event.version} (${event.type})`;
    if (event.version !== account.version + 1) {
      throw new CannotRun(`${place} does not follow version ${account.version} of the account.`);
    }
    try {
      return evolve(account, decodeEvent(event));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CannotRun(`${place} cannot be applied: ${reason}.`, { cause: error });
    }
  };

  return {
    apply: (event) => {
      const after = next(event);
      account = after;
      const balance = balanceOf(after);
      return { event, balance, isAsStated: sameBalance(balance, event.data.balance) };
    },
    state: () => (account.status === 'none' ? undefined : encodeAccount(account)),
  };
}
