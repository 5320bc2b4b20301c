import type { Request } from 'express';
import {
  ACCESS_CALLS,
  accessQuery,
  type AccessAnswer,
  type AccessFilters,
  type FoundAccess,
} from '../../contracts/access/access-records.ts';
import { PAGE_ITEMS_DEFAULT } from '../../contracts/account/queries.ts';
import { invalid, queryOf } from '../../platform/http/requests.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import { askServices } from '../other-services.ts';

/** Records of access that pass; rejects with Unavailable while event-source is away. */
export type FindAccess = (filters: AccessFilters) => Promise<FoundAccess>;

/** Asks event-source, which keeps the records. */
export function eventSourceAccess(dapr: ServiceInvoker): FindAccess {
  const ask = askServices(dapr);
  return (filters) => ask(ACCESS_CALLS.find, filters);
}

const LIST = 'access';

/** GET /v1/audit/access: who was refused, and who saw personal data. */
export const listAccess =
  (find: FindAccess) =>
  async (request: Request): Promise<AccessAnswer> => {
    const { cursor, limit = PAGE_ITEMS_DEFAULT, ...filters } = queryOf(accessQuery, request);
    const { from, to } = filters;
    if (from !== undefined && to !== undefined && from >= to) {
      throw invalid('query/to', 'must be after "from"');
    }
    const before = cursor === undefined ? undefined : readCursor(LIST, cursor);
    if (cursor !== undefined && (before ?? 0) < 1) {
      throw invalid('query/cursor', 'must be a cursor that an answer gave');
    }
    const { items, next, seal } = await find({
      ...filters,
      limit,
      ...(before === undefined ? {} : { before }),
    });
    return { items, nextCursor: next === 0 ? null : writeCursor(LIST, next), seal };
  };
