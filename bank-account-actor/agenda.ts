import type { AccountState } from '../contracts/account-state.ts';
import type { StreamId } from '../domain/ids.ts';
import type { JournalRow } from './journal.ts';

/** A transfer that is pending for longer was left by its client or by the command API. */
export const TRANSFER_LATE_MS = 3_000;

interface Entry {
  readonly account: AccountState;
  dueAtMs: number;
}

export type Agenda = ReturnType<typeof createAgenda>;

/**
 * The accounts of this host that have something left to do without a client: transfers that
 * are pending, and holds that expire. Kept current by every commit and every activation; after a
 * restart it is made anew from the accounts that the journal lists.
 */
export function createAgenda() {
  const entries = new Map<StreamId, Entry>();
  return {
    /** Takes the account as it stands now; an older one than is known tells nothing. */
    note(stream: StreamId, row: JournalRow): void {
      // A person has nothing that time ends.
      if (!('account' in row)) return;
      const { account } = row;
      const known = entries.get(stream);
      if (known !== undefined && known.account.version >= account.version) return;
      const dueAtMs = nextDueMs(account);
      if (dueAtMs !== undefined) entries.set(stream, { account, dueAtMs });
      else if (known !== undefined) entries.delete(stream);
    },
    /** Whether a client is not needed for anything that is open on the account. */
    isEmpty: (stream: StreamId): boolean => !entries.has(stream),
    /** Accounts with something due, the longest waiting first. */
    due(nowMs: number, limit: number): [StreamId, AccountState][] {
      // A transfer waits no longer than that, unless the clock was set back meanwhile.
      const latestMs = nowMs + TRANSFER_LATE_MS;
      for (const entry of entries.values()) {
        if (entry.account.transfers !== undefined && entry.dueAtMs > latestMs)
          entry.dueAtMs = latestMs;
      }
      const due = [...entries].filter(([, { dueAtMs }]) => dueAtMs <= nowMs);
      due.sort(([, left], [, right]) => left.dueAtMs - right.dueAtMs);
      return due.slice(0, limit).map(([stream, { account }]) => [stream, account]);
    },
    /** What could not be done now is tried again then. */
    putOff(stream: StreamId, untilMs: number): void {
      const entry = entries.get(stream);
      if (entry !== undefined) entry.dueAtMs = Math.max(entry.dueAtMs, untilMs);
    },
    size: (): number => entries.size,
  };
}

/** Whether time will end something on the account, so that its host must know of it. */
export const hasOpenWork = (account: AccountState): boolean => nextDueMs(account) !== undefined;

/** Also one that was reserved in the future: the clock was set back since, nobody knows when. */
export const isLate = (reservedAt: string, nowMs: number): boolean =>
  Date.parse(reservedAt) > nowMs || isDue(reservedAt, TRANSFER_LATE_MS, nowMs);

export const isDue = (at: string, afterMs: number, nowMs: number): boolean =>
  Date.parse(at) + afterMs <= nowMs;

function nextDueMs({ transfers = [], holds = [] }: AccountState): number | undefined {
  let next: number | undefined;
  const add = (at: number): void => {
    if (next === undefined || at < next) next = at;
  };
  for (const { reservedAt } of transfers) add(Date.parse(reservedAt) + TRANSFER_LATE_MS);
  for (const { expiresAt } of holds) if (expiresAt !== undefined) add(Date.parse(expiresAt));
  return next;
}
