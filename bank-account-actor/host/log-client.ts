import { LOG_CALLS, readEvents } from '../../contracts/log/calls.ts';
import { DIGESTS_MAX, LOG_PAGE_EVENTS_MAX, type LogPage } from '../../contracts/log/entries.ts';
import { ask, type ServiceInvoker } from '../../platform/service-client.ts';
import type { LogDigests } from '../outbox/relay.ts';
import type { LogReader } from '../turn/facts.ts';

/** What the actor host asks the immutable log; every call rejects while the log is away. */
export interface LogClient extends LogDigests, LogReader {
  /** Entries after a position in log order; an empty page is the end. */
  readAfter(position: number, limit?: number): Promise<LogPage>;
}

/** Asks event-source through the sidecars. */
export const logClient = (dapr: ServiceInvoker): LogClient => ({
  async digests(events) {
    if (events.length > DIGESTS_MAX) throw new Error(`${events.length} digests at once`);
    return ask(dapr, LOG_CALLS.digests, { events });
  },
  read: (events) => readEvents(events, (part) => ask(dapr, LOG_CALLS.read, { events: part })),
  readAfter: (after, limit = LOG_PAGE_EVENTS_MAX) => ask(dapr, LOG_CALLS.events, { after, limit }),
});
