import type { LogEntry } from '../log/event-log.ts';

/** More than this is forgotten and read from the log when its turn comes. */
export const OFFERED_ENTRIES_MAX = 5_000;
const OFFERED_BYTES_MAX = 16 * 1024 * 1024;

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
      const bytes = waiting.reduce((sum, { entry }) => sum + entry.json.length, 0);
      if (waiting.length > entriesMax || bytes > OFFERED_BYTES_MAX) waiting = [];
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
