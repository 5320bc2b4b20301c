import * as queries from '../../contracts/account/queries.ts';
import { FILTER_LINES_MAX, type HistoryFilters } from '../../contracts/account/history-filters.ts';
import {
  HISTORY_PAGE_ENTRIES,
  type HistoryEntry,
  type AccountModel,
} from '../../contracts/account/read-models.ts';
import { keyOf } from '../../contracts/account/events.ts';
import { dayIn } from '../../domain/calendar.ts';
import { accountId as idOf } from '../../domain/ids.ts';
import {
  accountAt,
  notReached,
  setAside,
  tag,
  waited,
  type WaitingPorts,
} from '../read-your-writes.ts';
import { filteredList, readCursor, writeCursor } from '../cursors.ts';
import { idParams } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import { shownTo } from '../own-objects.ts';
import type { HistoryView } from './history-view.ts';
import type { Request, Response } from 'express';

/** Lines that are read at once while looking for those that pass. */
const STRIDE_LINES = 4 * HISTORY_PAGE_ENTRIES;

/** The lines of versions `from` to `to`, newest first. */
export type ReadLines = (from: number, to: number) => Promise<readonly HistoryEntry[]>;

/** Lines that passed the filters. */
export interface Found {
  readonly items: readonly HistoryEntry[];
  /** The version to continue with, downwards; 0 when nothing older can pass. */
  readonly next: number;
}

/**
 * Whether a line passes all filters. A movement without a value date counts from the day of its
 * booking in the time zone of the bank.
 */
export function passes(line: HistoryEntry, filters: HistoryFilters, timeZone = 'UTC'): boolean {
  const { type, direction, from, to, reference, idempotencyKey, valueDate } = filters;
  const at = Date.parse(line.at);
  const isMovement = line.direction !== 'none';
  return (
    (reference === undefined || reference === line.reference) &&
    (idempotencyKey === undefined || idempotencyKey === keyOf(line)) &&
    (valueDate === undefined ||
      (isMovement && valueDate === (line.valueDate ?? dayIn(timeZone, at)))) &&
    (type === undefined || type.includes(line.type)) &&
    (direction === undefined || direction === line.direction) &&
    (from === undefined || at >= from) &&
    (to === undefined || at < to)
  );
}

/** Whether any filter is given. */
const hasFilters = (filters: HistoryFilters): boolean =>
  Object.values(filters).some((value) => value !== undefined);

/** The name of a filtered list: a cursor of it is valid for no other filters. */
export function listName(accountId: string, filters: HistoryFilters): string {
  if (!hasFilters(filters)) return `history/${accountId}`;
  const { type, direction, from, to, reference, idempotencyKey, valueDate } = filters;
  const wanted = [type, direction, from, to, reference, idempotencyKey, valueDate];
  return filteredList(`history/${accountId}`, wanted);
}

/**
 * The lines that pass, newest first, from version `start` down: until there are `limit` of them,
 * FILTER_LINES_MAX lines were read, or all that remain are too old.
 */
export async function findLines(
  read: ReadLines,
  start: number,
  limit: number,
  filters: HistoryFilters,
  timeZone?: string,
): Promise<Found> {
  const items: HistoryEntry[] = [];
  const end = Math.max(0, start - FILTER_LINES_MAX);
  for (let next = start; next > end;) {
    const first = Math.max(end + 1, next - STRIDE_LINES + 1);
    for (const line of await read(first, next)) {
      if (filters.from !== undefined && Date.parse(line.at) < filters.from) {
        return { items, next: 0 };
      }
      if (passes(line, filters, timeZone)) items.push(line);
      if (items.length === limit) return { items, next: line.version - 1 };
    }
    next = first - 1;
  }
  return { items, next: end };
}

/** What the history needs. */
export interface HistoryPorts extends WaitingPorts {
  readonly history: HistoryView;
  /** IANA name of the zone whose days the bank has; UTC when missing. */
  readonly timeZone?: string;
}

/** Answers pages of an account's history. */
export function readHistory(ports: HistoryPorts) {
  return async (request: Request, response: Response): Promise<queries.HistoryAnswer> => {
    const accountId = paramOf(request, idParams, 'id');
    const query = queryOf(queries.historyQuery, request);
    const { limit = queries.PAGE_ITEMS_DEFAULT, cursor, minVersion, ...filters } = query;
    if (filters.from !== undefined && filters.to !== undefined && filters.from >= filters.to) {
      throw invalid('query/to', 'must be after "from"');
    }
    const list = listName(accountId, filters);
    const place = cursor === undefined ? undefined : readCursor(list, cursor);
    const account = await accountAt(ports, accountId, minVersion);
    const { version } = account;
    const isForeign = cursor !== undefined && place === undefined;
    if (isForeign || place === 0 || (place ?? 0) > version) {
      throw invalid('query/cursor', 'must be a cursor that an answer with these filters gave');
    }
    const { items, next } = hasFilters(filters)
      ? await filtered(ports, account, place, limit, filters)
      : await unfiltered(ports, account, place ?? version, limit);
    tag(response, version);
    const nextCursor = next > 0 ? writeCursor(list, next) : null;
    return { accountId, version, items: shownTo(request, items), nextCursor };
  };
}

/** The lines of these versions, newest first; waits for those that are late. */
export async function linesOf(
  { history, waitMs = queries.VERSION_WAIT_MS }: HistoryPorts,
  account: AccountModel,
  from: number,
  to: number,
): Promise<readonly HistoryEntry[]> {
  const lines = await waited(waitMs, () => history.lines(account, from, to));
  if (lines === undefined && (await history.isSetAside(account))) throw setAside(account.version);
  if (lines === undefined) throw notReached(account.version);
  return lines;
}

async function unfiltered(
  ports: HistoryPorts,
  account: AccountModel,
  to: number,
  limit: number,
): Promise<Found> {
  const from = Math.max(1, to - limit + 1);
  return { items: await linesOf(ports, account, from, to), next: from - 1 };
}

/** The last version before a time; the log finds it faster than pages of the read side would. */
async function lastBefore({ log }: HistoryPorts, id: string, to: number): Promise<number> {
  const { entries } = await log.until(idOf(id), Math.max(0, to - 1));
  return entries[0]?.event.version ?? 0;
}

async function filtered(
  ports: HistoryPorts,
  account: AccountModel,
  place: number | undefined,
  limit: number,
  filters: HistoryFilters,
): Promise<Found> {
  const read = (from: number, to: number) => linesOf(ports, account, from, to);
  const { version, at } = account;
  const { to } = filters;
  const isLate = place === undefined && to !== undefined && to <= Date.parse(at);
  const start = place ?? (isLate ? await lastBefore(ports, account.accountId, to) : version);
  return findLines(read, start, limit, filters, ports.timeZone);
}
