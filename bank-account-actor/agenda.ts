import type { ExistingAccount } from '../domain/account.ts';
import type { AccountId } from '../domain/ids.ts';

/** A transfer that is pending for longer was left by its client or by the command API. */
export const TRANSFER_LATE_MS = 3_000;

interface Entry {
  readonly account: ExistingAccount;
  dueAtMs: number;
}

export type Agenda = ReturnType<typeof createAgenda>;

/**
 * The accounts of this host that have something left to do without a client: transfers that
 * are pending, and holds that expire. Kept current by every commit and every activation; after a
 * restart it is made anew from the accounts that the journal lists.
 */
export function createAgenda() {
  const entries = new Map<AccountId, Entry>();
  return {
    /** Takes the account as it stands now; an older one than is known tells nothing. */
    note(accountId: AccountId, account: ExistingAccount): void {
      const known = entries.get(accountId);
      if (known !== undefined && known.account.version >= account.version) return;
      const dueAtMs = nextDueMs(account);
      if (dueAtMs !== undefined) entries.set(accountId, { account, dueAtMs });
      else if (known !== undefined) entries.delete(accountId);
    },
    /** Whether a client is not needed for anything that is open on the account. */
    isEmpty: (accountId: AccountId): boolean => !entries.has(accountId),
    /** Accounts with something due, the longest waiting first. */
    due(nowMs: number, limit: number): [AccountId, ExistingAccount][] {
      const due = [...entries].filter(([, { dueAtMs }]) => dueAtMs <= nowMs);
      due.sort(([, left], [, right]) => left.dueAtMs - right.dueAtMs);
      return due.slice(0, limit).map(([accountId, { account }]) => [accountId, account]);
    },
    /** What could not be done now is tried again then. */
    putOff(accountId: AccountId, untilMs: number): void {
      const entry = entries.get(accountId);
      if (entry !== undefined) entry.dueAtMs = Math.max(entry.dueAtMs, untilMs);
    },
    size: (): number => entries.size,
  };
}

export const isDue = (at: string, afterMs: number, nowMs: number): boolean =>
  Date.parse(at) + afterMs <= nowMs;

function nextDueMs({ transfers, holds }: ExistingAccount): number | undefined {
  let next: number | undefined;
  const add = (at: number): void => {
    if (next === undefined || at < next) next = at;
  };
  for (const { reservedAt } of transfers) add(Date.parse(reservedAt) + TRANSFER_LATE_MS);
  for (const { expiresAt } of holds) if (expiresAt !== undefined) add(Date.parse(expiresAt));
  return next;
}
