import { EVENT_SOURCE_APP, logPage, type LogPage } from '../contracts/log.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';

/** The whole log, as event-source serves it. */
export interface LogPages {
  /** Entries after a position in log order; an empty page is the end. */
  readAfter(position: number, limit: number): Promise<LogPage>;
}

/** Reads the log through the sidecars; throws while event-source is away. */
export function logPages(sidecar: Sidecar): LogPages {
  return {
    async readAfter(position, limit) {
      const path = `log/events?after=${position}&limit=${limit}`;
      const { status, body } = await sidecar.invokeService(EVENT_SOURCE_APP, 'GET', path);
      if (status !== 200) throw new SidecarError(`${path} answered ${status}`, status);
      return logPage.parse(body);
    },
  };
}
