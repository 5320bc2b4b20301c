import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import type { LogSource, ReadPage } from './projection.ts';

/**
 * A log of which the next page is on its way while its reader works on a full one. What is not
 * full says where the log ends, so it is read anew: it ended there when it was read, not now.
 */
export function readAhead(source: LogSource): LogSource {
  let ahead: { readonly after: number; readonly page: Promise<ReadPage> } | undefined;
  return {
    async readAfter(position, limit) {
      if (limit !== LOG_PAGE_EVENTS_MAX) return source.readAfter(position, limit);
      const early = ahead?.after === position ? ahead.page : undefined;
      ahead = undefined;
      const read = await early?.catch(() => undefined);
      const isFull = read?.entries.length === limit;
      const page = isFull ? read : await source.readAfter(position, limit);
      const last = page.entries[limit - 1];
      if (last !== undefined) {
        ahead = { after: last.position, page: source.readAfter(last.position, limit) };
        // Then it is asked again.
        ahead.page.catch(() => undefined);
      }
      return page;
    },
  };
}
