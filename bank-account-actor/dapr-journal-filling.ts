import type { Sidecar } from '../platform/dapr.ts';
import { journalMark, type JournalFilling } from './journal.ts';
import { JOURNAL_STORE } from './dapr-journal.ts';
import { headKey, MARK_KEY, rowKey, secretKey } from './journal-keys.ts';

/** The same rows as those of `daprJournal`, for a restore. */
export function daprJournalFilling(sidecar: Sidecar): JournalFilling {
  return {
    async mark() {
      const value = (await sidecar.readStates(JOURNAL_STORE, [MARK_KEY])).get(MARK_KEY);
      return value === undefined ? undefined : journalMark.parse(value);
    },
    async setMark(mark) {
      await sidecar.transact(JOURNAL_STORE, [{ put: MARK_KEY, value: mark }]);
    },
    async areEmpty(streams) {
      // A stream whose first row was pruned has a head.
      const keys = streams.flatMap((stream) => [headKey(stream), rowKey(stream, 1)]);
      const found = await sidecar.readStates(JOURNAL_STORE, keys);
      return streams.map((stream) => !found.has(headKey(stream)) && !found.has(rowKey(stream, 1)));
    },
    async fill(rows) {
      if (rows.length === 0) return;
      const inserts = rows.map(({ stream, row }) => ({ insert: rowKey(stream, 1), value: row }));
      const outcome = await sidecar.transact(JOURNAL_STORE, inserts);
      if (outcome === 'committed') return;
      const streams = rows.map(({ stream }) => stream).join(', ');
      throw new Error(`somebody else writes to the journal: one of ${streams} has a row now`);
    },
    async keepSecrets(secrets) {
      if (secrets.size === 0) return;
      const puts = [...secrets].map(([stream, key]) => ({
        put: secretKey(stream),
        value: { key },
      }));
      await sidecar.transact(JOURNAL_STORE, puts);
    },
  };
}
