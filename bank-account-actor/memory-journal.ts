import type { AccountId } from '../domain/ids.ts';
import {
  NO_HEAD,
  type Commit,
  type Journal,
  type JournalHead,
  type JournalRow,
} from './journal.ts';

/** The journal without a database, for tests and simulations; same contract suite. */
export function memoryJournal(): Journal {
  const rows = new Map<string, JournalRow>();
  const heads = new Map<AccountId, JournalHead>();
  const listed = new Set<AccountId>();
  const key = (accountId: AccountId, commit: number) => `${accountId}.${commit}`;

  return {
    load: (accountId) => {
      const head = heads.get(accountId) ?? NO_HEAD;
      const found: JournalRow[] = [];
      for (let commit = head.from; ; commit += 1) {
        const row = rows.get(key(accountId, commit));
        if (row === undefined) break;
        found.push(structuredClone(row));
      }
      return Promise.resolve({ head, rows: found });
    },
    commit: ({ accountId, commit, row, head, newHead }: Commit) => {
      if (rows.has(key(accountId, commit))) return Promise.resolve('conflict');
      rows.set(key(accountId, commit), structuredClone(row));
      listed.add(accountId);
      if (newHead !== undefined) {
        heads.set(accountId, newHead);
        for (let old = head.first; old < newHead.first; old += 1) rows.delete(key(accountId, old));
      }
      return Promise.resolve('committed');
    },
    unsettled: () => Promise.resolve([...listed]),
    settle: (isSettled) => {
      for (const accountId of listed) if (isSettled(accountId)) listed.delete(accountId);
      return Promise.resolve();
    },
  };
}
