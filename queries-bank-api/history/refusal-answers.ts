import type { Request } from 'express';
import {
  PAGE_ITEMS_DEFAULT,
  refusalsQuery,
  type RefusalsAnswer,
} from '../../contracts/account/queries.ts';
import type { AccountId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http/http.ts';
import type { AccountLog } from '../log/account-log.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import { idParams } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import { shownTo } from '../own-objects.ts';
import { Unavailable } from '../read-models/read-models.ts';

/** Answers pages of an account's recorded refusals, newest first; a cursor names where one ends. */
export function readRefusals(log: AccountLog) {
  return async (request: Request): Promise<RefusalsAnswer> => {
    const accountId = paramOf(request, idParams, 'id');
    const { limit = PAGE_ITEMS_DEFAULT, cursor } = queryOf(refusalsQuery, request);
    const list = `refusals/${accountId}`;
    const through = cursor === undefined ? Infinity : readCursor(list, cursor);
    if (through === undefined)
      throw invalid('query/cursor', 'must be a cursor that an answer gave');
    const recorded = await countOf(log, accountId);
    const last = Math.min(through, recorded);
    const first = Math.max(1, last - limit + 1);
    const items: RefusalsAnswer['items'] = [];
    // The log may give less than it was asked for, and more must not be left out in between.
    while (first + items.length <= last) {
      const from = first + items.length;
      const { entries } = await log.refusals(accountId, from, last - from + 1);
      if (entries.length === 0) throw new Unavailable(`refusal ${from} of ${accountId}`);
      items.push(...entries.map(({ position, event }) => ({ position, ...event })));
    }
    items.reverse();
    return {
      accountId,
      recorded,
      items: shownTo(request, items),
      nextCursor: first > 1 ? writeCursor(list, first - 1) : null,
    };
  };
}

async function countOf(log: AccountLog, accountId: AccountId): Promise<number> {
  const { headVersion } = await log.refusals(accountId, 1, 1);
  if (headVersion > 0) return headVersion;
  const [versions = 0] = await log.latestVersions([accountId]);
  if (versions === 0) throw new Failure('account-not-found');
  return 0;
}
