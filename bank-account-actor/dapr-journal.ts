import type { StreamId } from '../domain/ids.ts';
import { batcher } from '../platform/batcher.ts';
import { inParallel } from '../platform/parallel.ts';
import { SidecarError, type Sidecar, type StateOperation } from '../platform/dapr.ts';
import { JournalFull, journalHead, journalRow, NO_HEAD, rowNumbers } from './journal.ts';
import type { Commit, Journal, JournalRow, Loaded } from './journal.ts';
import { headKey, rowKey, secretKey, secretValue, slotValue } from './journal-keys.ts';
import { SLOTS, SlotsFull, unsettledSlots } from './unsettled-slots.ts';

export const JOURNAL_STORE = 'actor-journal';
const READ_ROWS = 32;
const READ_KEYS_MAX = 128;
// Measured: 4 x 16 commits twice as many rows a second as one request each, for half the CPU
// (docs/decisions/0003-journal.md).
const GROUP_COMMITS_MAX = 16;
const GROUPS_IN_FLIGHT_MAX = 4;
const SLOTS_AT_ONCE_MAX = 16;

/**
 * The journal in Dapr's state store. Commits of different streams that come together are
 * written in one transaction. `host` names this host for ever: its list of unsettled streams
 * is found by it after a restart.
 */
export function daprJournal(sidecar: Sidecar, host: string): Journal {
  const slots = unsettledSlots();
  const committing = new Set<StreamId>();
  const slotKey = (slot: number): string => `unsettled.${host}.${slot}`;

  const loadRows = async (stream: StreamId, from: number): Promise<JournalRow[]> => {
    const rows: JournalRow[] = [];
    for (;;) {
      const numbers = rowNumbers(from + rows.length, READ_ROWS);
      const keys = numbers.map((commit) => rowKey(stream, commit));
      const found = await sidecar.readStates(JOURNAL_STORE, keys);
      for (const key of keys) {
        const value = found.get(key) ?? (await sidecar.readState(JOURNAL_STORE, key));
        if (value === undefined) return rows;
        rows.push(journalRow.parse(value));
      }
    }
  };

  const load = batcher<StreamId, Loaded>({ itemsMax: READ_KEYS_MAX / 4, inFlightMax: 4 }, (ids) =>
    loadMany(sidecar, ids, loadRows),
  );

  const writeGroup = async (commits: readonly Commit[]): Promise<'committed' | 'conflict'> => {
    const listing = slots.reserve(commits.map(({ stream }) => stream));
    const operations = commits.flatMap(operationsOf);
    if (listing !== undefined) {
      operations.push({ put: slotKey(listing.slot), value: { streams: listing.streams } });
    }
    try {
      const outcome = await sidecar.transact(JOURNAL_STORE, operations);
      if (listing !== undefined) {
        if (outcome === 'committed') slots.wrote(listing);
        else slots.unwritten(listing);
      }
      return outcome;
    } catch (error) {
      // The transaction may still be applied, or be lost.
      if (listing !== undefined) slots.mayHaveWritten(listing);
      throw error;
    }
  };

  const commitOne = async (commit: Commit): Promise<Outcome> => {
    try {
      return await writeGroup([commit]);
    } catch (error) {
      return asUnknown(error);
    }
  };
  const commitGroup = batcher<Commit, Outcome>(
    { itemsMax: GROUP_COMMITS_MAX, inFlightMax: GROUPS_IN_FLIGHT_MAX },
    async (commits) => {
      if (commits.length === 1) return Promise.all(commits.map(commitOne));
      try {
        const outcome = await writeGroup(commits);
        if (outcome === 'committed') return commits.map(() => outcome);
      } catch (error) {
        if (!(error instanceof SlotsFull)) return commits.map(() => asUnknown(error));
      }
      // One of them was overtaken, so none was written: each must find out for itself.
      // So must those that are listed already when there is no room for others.
      return Promise.all(commits.map(commitOne));
    },
  );

  return {
    load,
    async commit(commit) {
      // A listing must not be dropped between the look at it and the end of the commit.
      committing.add(commit.stream);
      try {
        const outcome = await commitGroup(commit);
        if (typeof outcome === 'string') return outcome;
        if (outcome.unknown instanceof SlotsFull) throw new JournalFull();
        return settleUnknown(await rowAt(sidecar, commit), commit, outcome.unknown);
      } finally {
        committing.delete(commit.stream);
      }
    },
    async secrets(streams) {
      const found = await sidecar.readStates(JOURNAL_STORE, streams.map(secretKey));
      return Promise.all(
        streams.map(async (stream) => {
          const key = secretKey(stream);
          const value = found.get(key) ?? (await sidecar.readState(JOURNAL_STORE, key));
          return value === undefined ? undefined : secretValue.parse(value).key;
        }),
      );
    },
    async unsettled() {
      // One by one: a slot that was taken for missing would leave its streams behind for ever.
      await inParallel(rowNumbers(0, SLOTS), SLOTS_AT_ONCE_MAX, async (slot) => {
        const value = await sidecar.readState(JOURNAL_STORE, slotKey(slot));
        if (value !== undefined) slots.wrote({ slot, ...slotValue.parse(value) });
      });
      return slots.streams();
    },
    async settle(isSettled) {
      const gone = slots.takeSettled((id) => !committing.has(id) && isSettled(id));
      if (gone.length > 0) {
        await sidecar.transact(
          JOURNAL_STORE,
          gone.map((slot) => ({ delete: slotKey(slot) })),
        );
        slots.deleted(gone);
      }
      const merge = slots.merge((id) => !committing.has(id) && isSettled(id));
      if (merge === undefined) return;
      await sidecar.transact(JOURNAL_STORE, [
        ...merge.writes.map(({ slot, streams }) => ({
          put: slotKey(slot),
          value: { streams },
        })),
        ...merge.gone.map((slot) => ({ delete: slotKey(slot) })),
      ]);
      slots.merged(merge);
    },
  };
}

type Outcome = 'committed' | 'conflict' | { readonly unknown: Error };

const asUnknown = (error: unknown): Outcome => ({
  unknown: error instanceof Error ? error : new Error(String(error)),
});

function operationsOf({ stream, commit, row, head, newHead, secret }: Commit): StateOperation[] {
  const insert: StateOperation[] = [{ insert: rowKey(stream, commit), value: row }];
  if (secret === 'forget') insert.push({ delete: secretKey(stream) });
  else if (secret) insert.push({ put: secretKey(stream), value: { key: secret.keep } });
  if (newHead === undefined) return insert;
  const pruned = rowNumbers(head.first, newHead.first - head.first);
  return [
    ...insert,
    { put: headKey(stream), value: newHead },
    ...pruned.map((old) => ({ delete: rowKey(stream, old) })),
  ];
}

async function rowAt(sidecar: Sidecar, commit: Commit): Promise<JournalRow | undefined> {
  const key = rowKey(commit.stream, commit.commit);
  const value = await sidecar.readState(JOURNAL_STORE, key);
  return value === undefined ? undefined : journalRow.parse(value);
}

// After a lost answer the row tells who wrote it. A missing row proves nothing, because the
// write may still be on its way.
function settleUnknown(
  stored: JournalRow | undefined,
  commit: Commit,
  cause: Error,
): 'committed' | 'conflict' {
  if (stored === undefined)
    throw new SidecarError(`a commit's outcome is unknown: ${cause.message}`);
  return stored.writer === commit.row.writer ? 'committed' : 'conflict';
}

async function loadMany(
  sidecar: Sidecar,
  streams: readonly StreamId[],
  loadRows: (stream: StreamId, from: number) => Promise<JournalRow[]>,
): Promise<Loaded[]> {
  const heads = await sidecar.readStates(JOURNAL_STORE, streams.map(headKey));
  return Promise.all(
    streams.map(async (stream) => {
      const key = headKey(stream);
      const stored = heads.get(key) ?? (await sidecar.readState(JOURNAL_STORE, key));
      const head = stored === undefined ? NO_HEAD : journalHead.parse(stored);
      return { head, rows: await loadRows(stream, head.from) };
    }),
  );
}
