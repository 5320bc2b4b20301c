import type { Request, Response } from 'express';
import type { HistoryFilters } from '../../contracts/account/history-filters.ts';
import * as queries from '../../contracts/account/queries.ts';
import type { AccountModel, HistoryEntry } from '../../contracts/account/read-models.ts';
import { accountId as idOf } from '../../domain/ids.ts';
import { readCursor, writeCursor, accountOf, invalid, queryOf } from '../requests.ts';
import { findLines, hasFilters, listName } from './filtered-history.ts';
import type { Found } from './filtered-history.ts';
import type { HistoryView } from './history-view.ts';
import {
  accountAt,
  notReached,
  setAside,
  tag,
  waited,
  type WaitingPorts,
} from '../read-your-writes.ts';

export interface HistoryPorts extends WaitingPorts {
  readonly history: HistoryView;
}

/** Answers pages of an account's history. */
export function readHistory(ports: HistoryPorts) {
  return async (request: Request, response: Response): Promise<queries.HistoryAnswer> => {
    const accountId = accountOf(request);
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
    return { accountId, version, items: [...items], nextCursor };
  };
}

/** The lines of these versions, newest first; waits for those that are late. */
async function linesOf(
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
  return findLines(read, start, limit, filters);
}
