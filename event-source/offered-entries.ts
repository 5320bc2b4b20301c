import type { LogEntry } from './event-log.ts';

/** More than this is forgotten and read from the log when its turn comes. */
export const OFFERED_ENTRIES_MAX = 5_000;

interface Offered {
  /** Position of the entry before this one in the log. */
  readonly after: number;
  readonly entry: LogEntry;
}

/** Keeps what was just appended, so that a reader who is up to date need not ask the log. */
export function offeredEntries(entriesMax = OFFERED_ENTRIES_MAX) {
  let waiting: Offered[] = [];
  return {
    add(after: number, added: readonly LogEntry[]): void {
      added.forEach((entry, at) => {
        waiting.push({ after: added[at - 1]?.position ?? after, entry });
      });
      if (waiting.length > entriesMax) waiting = [];
    },
    /** The entries that follow a position in the log without a hole; none when unknown. */
    after(position: number, limit: number): LogEntry[] {
      const first = waiting.findIndex(({ entry }) => entry.position > position);
      waiting = first === -1 ? [] : waiting.slice(first);
      const entries: LogEntry[] = [];
      let reached = position;
      for (const { after, entry } of waiting.slice(0, limit)) {
        if (after > reached) break;
        entries.push(entry);
        reached = entry.position;
      }
      return entries;
    },
  };
}
