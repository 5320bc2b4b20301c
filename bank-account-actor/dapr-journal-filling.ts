import type { StreamId } from '../domain/ids.ts';
import type { Sidecar } from '../platform/dapr.ts';
import { journalMark, type JournalFilling } from './journal.ts';
import { JOURNAL_STORE } from './dapr-journal.ts';
import { headKey, MARK_KEY, rowKey, secretKey } from './journal-keys.ts';

/** The same rows as those of `daprJournal`, for a restore. */
export function daprJournalFilling(sidecar: Sidecar): JournalFilling {
  return {
    async mark() {
      const value = await sidecar.readState(JOURNAL_STORE, MARK_KEY);
      return value === undefined ? undefined : journalMark.parse(value);
    },
    async setMark(mark) {
      await sidecar.transact(JOURNAL_STORE, [{ put: MARK_KEY, value: mark }]);
    },
    async areEmpty(streams, certainly) {
      // A stream whose first row was pruned has a head.
      const keysOf = (stream: StreamId): string[] => [headKey(stream), rowKey(stream, 1)];
      const found = await sidecar.readStates(JOURNAL_STORE, streams.flatMap(keysOf));
      const isThere = async (key: string): Promise<boolean> =>
        found.has(key) ||
        // A read of many at once may leave out what is there.
        (certainly && (await sidecar.readState(JOURNAL_STORE, key)) !== undefined);
      return Promise.all(
        streams.map(async (stream) => {
          const [head, row] = await Promise.all(keysOf(stream).map(isThere));
          return head !== true && row !== true;
        }),
      );
    },
    async fill(rows) {
      if (rows.length === 0) return 'committed';
      const inserts = rows.map(({ stream, row }) => ({ insert: rowKey(stream, 1), value: row }));
      return sidecar.transact(JOURNAL_STORE, inserts);
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
