import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { AccountPage, RefusalsPage } from '../../contracts/log/entries.ts';
import type { AccountId } from '../../domain/ids.ts';

/** The immutable log of one account; rejects with Unavailable while the log is away. */
export interface AccountLog {
  /** Events from a version on, oldest first. */
  events(accountId: AccountId, fromVersion: number, limit: number): Promise<AccountPage>;
  /** The events of these versions, in the same order; rejects when the log lacks one of them. */
  read(accountId: AccountId, versions: readonly number[]): Promise<readonly LoggedEvent[]>;
  /**
   * Only the last event at that time (milliseconds of UTC) or before it; no entry if all are later.
   */
  until(accountId: AccountId, timeMs: number): Promise<AccountPage>;
  /** The last version of each account in the log, 0 when it has none; same order. */
  heads(accountIds: readonly AccountId[]): Promise<readonly number[]>;
  /** Records of refused commands from a number on, oldest first. */
  refusals(accountId: AccountId, from: number, limit: number): Promise<RefusalsPage>;
}
