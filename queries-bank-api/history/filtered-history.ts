import { createHash } from 'node:crypto';
import { FILTER_LINES_MAX, type HistoryFilters } from '../../contracts/account/history-filters.ts';
import { HISTORY_PAGE_ENTRIES, type HistoryEntry } from '../../contracts/account/read-models.ts';

/** Lines that are read at once while looking for those that pass. */
const STRIDE_LINES = 4 * HISTORY_PAGE_ENTRIES;

/** The lines of versions `from` to `to`, newest first. */
export type ReadLines = (from: number, to: number) => Promise<readonly HistoryEntry[]>;

export interface Found {
  readonly items: readonly HistoryEntry[];
  /** The version to go on with, downwards; 0 when nothing older can pass. */
  readonly next: number;
}

export function passes(line: HistoryEntry, { type, direction, from, to }: HistoryFilters): boolean {
  const at = Date.parse(line.at);
  return (
    (type === undefined || type.includes(line.type)) &&
    (direction === undefined || direction === line.direction) &&
    (from === undefined || at >= from) &&
    (to === undefined || at < to)
  );
}

export const hasFilters = (filters: HistoryFilters): boolean =>
  Object.values(filters).some((value) => value !== undefined);

/** The name of a filtered list: a cursor of it fits no other filters. */
export function listName(accountId: string, filters: HistoryFilters): string {
  if (!hasFilters(filters)) return `history/${accountId}`;
  const { type, direction, from, to } = filters;
  const text = JSON.stringify([type, direction, from, to].map((value) => value ?? null));
  return `history/${accountId}/${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/**
 * The lines that pass, newest first, from version `start` down: until there are `limit` of them,
 * or FILTER_LINES_MAX lines were looked at, or all that are left are too old.
 */
export async function findLines(
  read: ReadLines,
  start: number,
  limit: number,
  filters: HistoryFilters,
): Promise<Found> {
  const items: HistoryEntry[] = [];
  const end = Math.max(0, start - FILTER_LINES_MAX);
  for (let next = start; next > end;) {
    const first = Math.max(end + 1, next - STRIDE_LINES + 1);
    for (const line of await read(first, next)) {
      if (filters.from !== undefined && Date.parse(line.at) < filters.from) {
        return { items, next: 0 };
      }
      if (passes(line, filters)) items.push(line);
      if (items.length === limit) return { items, next: line.version - 1 };
    }
    next = first - 1;
  }
  return { items, next: end };
}
