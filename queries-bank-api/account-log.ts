import type { AccountPage } from '../contracts/log.ts';
import type { AccountId } from '../domain/ids.ts';

/** The immutable log of one account. */
export interface AccountLog {
  /** Events from a version on, oldest first; rejects with Unavailable while the log is away. */
  events(accountId: AccountId, fromVersion: number, limit: number): Promise<AccountPage>;
}
