import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { DIGESTS_MAX, digestsAnswer, EVENT_SOURCE_APP } from '../../contracts/log/entries.ts';
import {
  LOG_PAGE_EVENTS_MAX,
  logPage,
  READ_EVENTS_MAX,
  readAnswer,
} from '../../contracts/log/entries.ts';
import type { LogPage } from '../../contracts/log/entries.ts';
import { SidecarError, type Sidecar } from '../../platform/dapr.ts';
import type { LogDigests } from '../outbox/relay.ts';
import type { LogReader } from '../turn/facts.ts';

/** What the actor host asks the immutable log; every call rejects while the log is away. */
export interface LogClient extends LogDigests, LogReader {
  /** Entries after a position in log order; an empty page is the end. */
  readAfter(position: number, limit?: number): Promise<LogPage>;
}

/** Calls event-source through the sidecars. */
export function logClient(sidecar: Sidecar): LogClient {
  const call = async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> => {
    const answer = await sidecar.invokeService(EVENT_SOURCE_APP, method, path, body);
    if (answer.status === 200) return answer.body;
    throw new SidecarError(`${path} answered ${answer.status}`, answer.status);
  };
  return {
    async digests(events) {
      if (events.length > DIGESTS_MAX) throw new Error(`${events.length} digests at once`);
      return digestsAnswer.parse(await call('POST', 'log/digests', { events }));
    },
    async read(events) {
      const all: (BankEvent | null)[] = [];
      // An answer ends early where it would become too large.
      while (all.length < events.length) {
        const page = events.slice(all.length, all.length + READ_EVENTS_MAX);
        const { found } = readAnswer.parse(await call('POST', 'log/read', { events: page }));
        if (found.length === 0) throw new SidecarError('log/read answered nothing');
        all.push(...found);
      }
      return all;
    },
    async readAfter(position, limit = LOG_PAGE_EVENTS_MAX) {
      return logPage.parse(await call('GET', `log/events?after=${position}&limit=${limit}`));
    },
  };
}
