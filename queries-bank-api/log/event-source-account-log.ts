import {
  EVENT_SOURCE_APP,
  accountPage,
  headsAnswer,
  refusalsPage,
} from '../../contracts/log/entries.ts';
import { accountEventsAnswer, READ_EVENTS_MAX } from '../../contracts/log/entries.ts';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { streamOf, type LoggedEvent } from '../../contracts/account/events.ts';
import type { StreamId } from '../../domain/ids.ts';
import { SidecarError, type Sidecar } from '../../platform/dapr.ts';
import type { AccountLog } from './account-log.ts';
import { Unavailable } from '../read-models/read-models.ts';

/** The log of an account from event-source, through the sidecars. */
export function eventSourceAccountLog(dapr: Sidecar): AccountLog {
  const page = (stream: StreamId, from: number, limit: number): Promise<unknown> =>
    called(dapr, 'GET', `log/streams/${stream}/events?fromVersion=${from}&limit=${limit}`);
  return {
    async events(accountId, fromVersion, limit) {
      return accountPage.parse(await page(streamOf(accountId), fromVersion, limit));
    },
    async refusals(accountId, from, limit) {
      return refusalsPage.parse(await page(refusalsOf(accountId), from, limit));
    },
    async read(accountId, versions) {
      const stream = streamOf(accountId);
      const all: LoggedEvent[] = [];
      // An answer ends early where it would become too large.
      while (all.length < versions.length) {
        const next = versions.slice(all.length, all.length + READ_EVENTS_MAX);
        const events = next.map((version) => ({ stream, version }));
        const answer = await called(dapr, 'POST', 'log/read', { events });
        const { found } = accountEventsAnswer.parse(answer);
        if (found.length === 0) throw new Unavailable('log/read answered nothing');
        all.push(...found);
      }
      return all;
    },
    async until(accountId, timeMs) {
      const path = `log/streams/${streamOf(accountId)}/until?time=${timeMs}`;
      return accountPage.parse(await called(dapr, 'GET', path));
    },
    async heads(accountIds) {
      const streams = accountIds.map(streamOf);
      return headsAnswer.parse(await called(dapr, 'POST', 'log/heads', { streams })).versions;
    },
  };
}

/**
 * The answer of event-source; undefined for what it does not have (404).
 * @returns rejects with Unavailable for any other status, or when there is no answer.
 */
export async function called(
  dapr: Sidecar,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  try {
    const answer = await dapr.invokeService(EVENT_SOURCE_APP, method, path, body);
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return undefined;
    throw new Unavailable(`event-source answered ${answer.status}`);
  } catch (error) {
    if (error instanceof SidecarError) throw new Unavailable(error.message);
    throw error;
  }
}
