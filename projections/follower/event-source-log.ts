import { EVENT_SOURCE_APP, logPage } from '../../contracts/log.ts';
import type { Sidecar } from '../../platform/dapr.ts';
import type { LogSource } from './projection.ts';

/** Reads the log from event-source, through the sidecars. */
export function eventSourceLog(dapr: Sidecar): LogSource {
  return {
    async readAfter(position, limit) {
      const path = `log/events?after=${position}&limit=${limit}`;
      const { status, body } = await dapr.invokeService(EVENT_SOURCE_APP, 'GET', path);
      if (status !== 200) throw new Error(`event-source answered ${status}`);
      return logPage.parse(body);
    },
  };
}
