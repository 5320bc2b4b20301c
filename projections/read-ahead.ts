import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../contracts/log.ts';
import type { LogSource } from './projection.ts';

/**
 * A log of which the next page is on its way while its reader works on a full one. A page that is
 * asked for at another position is read anew.
 */
export function readAhead(source: LogSource): LogSource {
  let ahead: { readonly after: number; readonly page: Promise<LogPage> } | undefined;
  return {
    async readAfter(position, limit) {
      if (limit !== LOG_PAGE_EVENTS_MAX) return source.readAfter(position, limit);
      const known = ahead?.after === position ? ahead.page : undefined;
      ahead = undefined;
      const page = await (known ?? source.readAfter(position, limit));
      const last = page.entries[limit - 1];
      if (last !== undefined) {
        ahead = { after: last.position, page: source.readAfter(last.position, limit) };
        // Whoever asks for it sees the error.
        ahead.page.catch(() => undefined);
      }
      return page;
    },
  };
}
