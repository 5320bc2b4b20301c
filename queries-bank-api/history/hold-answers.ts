import type { Request, Response } from 'express';
import { defined } from '../../contracts/account/events.ts';
import type { HistoryFilters } from '../../contracts/account/history-filters.ts';
import * as queries from '../../contracts/account/queries.ts';
import type { HoldStatus, HoldsAnswer, ListedHold } from '../../contracts/account/queries.ts';
import type { AccountModel, HistoryEntry } from '../../contracts/account/read-models.ts';
import { idParams } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import { inParallel } from '../../platform/parallel.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import { accountAt, tag } from '../read-your-writes.ts';
import { findLines, linesOf, type HistoryPorts } from './history-answers.ts';

const READS_AT_ONCE = 4;

/** The event that ends a hold so. */
const ENDS: Readonly<Record<Exclude<HoldStatus, 'open'>, string>> = {
  captured: 'hold-captured',
  voided: 'hold-voided',
  expired: 'hold-expired',
};

function holdOf(line: HistoryEntry, status: HoldStatus): ListedHold {
  const { version, amount, currency, at, holdId = '' } = line;
  const { description, reference, metadata, valueDate, expiresAt } = line;
  const said = { description, reference, metadata, valueDate, expiresAt };
  return defined({ holdId, status, version, amount, currency, at, ...said });
}

/** Answers the holds of an account. */
export function listHolds(ports: HistoryPorts) {
  /** Open ones the account itself knows; only what was said of them is read from the history. */
  const open = async (account: AccountModel, before: number, limit: number) => {
    const versions = (account.openHolds ?? [])
      .map((hold) => Number(hold.split('/')[0]))
      .toReversed();
    const wanted = versions.filter((version) => version < before).slice(0, limit + 1);
    const shown = wanted.slice(0, limit);
    const lines = new Map<number, HistoryEntry>();
    await inParallel(shown, READS_AT_ONCE, async (version) => {
      const [line] = await linesOf(ports, account, version, version);
      lines.set(version, line!);
    });
    const items = shown.map((version) => holdOf(lines.get(version)!, 'open'));
    return { items, next: wanted.length > limit ? shown.at(-1)! : 0 };
  };
  const ended = async (
    account: AccountModel,
    before: number,
    limit: number,
    status: Exclude<HoldStatus, 'open'>,
  ) => {
    const filters: HistoryFilters = { type: [ENDS[status]] };
    const read = (from: number, to: number) => linesOf(ports, account, from, to);
    const found = await findLines(read, before - 1, limit, filters);
    return { items: found.items.map((line) => holdOf(line, status)), next: found.next + 1 };
  };

  return async (request: Request, response: Response): Promise<HoldsAnswer> => {
    const accountId = paramOf(request, idParams, 'id');
    const query = queryOf(queries.holdsQuery, request);
    const { status = 'open', limit = queries.PAGE_ITEMS_DEFAULT, cursor, minVersion } = query;
    const list = `holds/${accountId}/${status}`;
    const place = cursor === undefined ? Infinity : readCursor(list, cursor);
    if (place === undefined || place === 0) {
      throw invalid('query/cursor', 'must be a cursor that an answer with this status gave');
    }
    const account = await accountAt(ports, accountId, minVersion);
    const { version } = account;
    const before = Math.min(place, version + 1);
    const { items, next } =
      status === 'open'
        ? await open(account, before, limit)
        : await ended(account, before, limit, status);
    tag(response, version);
    return { accountId, version, items, nextCursor: next > 1 ? writeCursor(list, next) : null };
  };
}
