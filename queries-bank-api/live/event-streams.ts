import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, Response } from 'express';
import {
  LAST_EVENT_ID,
  lastEventIdText,
  liveEventOf,
  streamQuery,
} from '../../contracts/log/live-events.ts';
import type { AccountId } from '../../domain/ids.ts';
import { Failure } from '../../platform/http.ts';
import type { Logger } from '../../platform/logger.ts';
import { eventStream, STREAM_PACE, type EventStream } from '../../platform/server-sent-events.ts';
import type { StreamPace } from '../../platform/server-sent-events.ts';
import { LiveEvents } from './live-events.ts';
import type { AccountLog } from '../log/account-log.ts';
import { HEADS_PACE, type HeadsPace } from '../log/log-heads.ts';
import { accountOf, invalid, queryOf } from '../requests.ts';

/** Each costs a socket, and memory for one page of events. */
export const STREAMS_MAX = 200;
/** How long a client waits before it connects again. */
const CONNECT_AGAIN_MS = 1_000;
const LOOK_AGAIN_MS = 100;
const TRY_LATER = { 'Retry-After': '5' };

export interface EventStreamsOptions {
  readonly log: AccountLog;
  readonly logger: Logger;
  /** How long a version that the log does not have yet is waited for. */
  readonly waitMs: number;
  readonly streamsMax?: number;
  readonly pace?: StreamPace & HeadsPace;
}

export type EventStreams = ReturnType<typeof eventStreams>;

/** The open streams of events of this process. */
export function eventStreams(options: EventStreamsOptions) {
  const {
    log,
    logger,
    streamsMax = STREAMS_MAX,
    pace = { ...STREAM_PACE, ...HEADS_PACE },
  } = options;
  const live = new LiveEvents(log, logger, pace);
  const open = new Set<EventStream>();
  let served = 0;
  let closing = false;

  const pour = async (id: AccountId, after: number, stream: EventStream): Promise<void> => {
    // A client that is cut off before its first event comes back with this version.
    const comment = `${id} from version ${after} on`;
    await stream.send({ comment, id: String(after), retryMs: CONNECT_AGAIN_MS });
    for await (const entry of live.after(id, after, stream.signal)) {
      const { version, type } = entry.event;
      const data = JSON.stringify(liveEventOf(entry));
      await stream.send({ id: String(version), event: type, data });
    }
  };

  const serve = async (request: Request, response: Response): Promise<void> => {
    const id = accountOf(request);
    const after = await placeOf(live, id, wantedBy(request), options.waitMs);
    if (request.method === 'HEAD') return void response.type('text/event-stream').end();
    const stream = eventStream(response, pace);
    open.add(stream);
    if (closing) stream.end();
    try {
      await pour(id, after, stream);
    } catch (error) {
      logger.error('a stream failed', { accountId: id, error: String(error) });
      response.destroy();
    } finally {
      open.delete(stream);
    }
  };

  return {
    async handle(request: Request, response: Response): Promise<void> {
      if (!request.accepts('text/event-stream')) {
        throw new Failure('not-acceptable', { detail: 'Accept text/event-stream.' });
      }
      if (closing || served >= streamsMax) {
        const detail = 'Too many streams are open. Connect again later, with Last-Event-ID.';
        throw new Failure('service-unavailable', { detail }, TRY_LATER);
      }
      served += 1;
      try {
        await serve(request, response);
      } finally {
        served -= 1;
      }
    },
    /** Ends every stream; their clients connect again and go on where they were. */
    close(): void {
      closing = true;
      for (const stream of open) stream.end();
    },
    count: (): number => open.size,
  };
}

interface Wanted {
  readonly after: number;
  readonly at: string;
}

/** What a browser sends by itself when it connects again counts more than its first address. */
function wantedBy(request: Request): Wanted | undefined {
  const { lastEventId } = queryOf(streamQuery, request);
  const header = request.get(LAST_EVENT_ID);
  if (header === undefined) {
    return lastEventId === undefined ? undefined : { after: lastEventId, at: 'query/lastEventId' };
  }
  const at = `header/${LAST_EVENT_ID}`;
  const parsed = lastEventIdText.safeParse(header);
  if (parsed.success) return { after: parsed.data, at };
  throw invalid(at, parsed.error.issues[0]?.message ?? 'must be a version');
}

/** After which version to begin. What a command was answered may reach the log a little later. */
async function placeOf(
  live: LiveEvents,
  id: AccountId,
  wanted: Wanted | undefined,
  waitMs: number,
): Promise<number> {
  const deadline = performance.now() + waitMs;
  let head = await live.head(id);
  const isThere = () => head > 0 && head >= (wanted?.after ?? 0);
  while (wanted !== undefined && !isThere() && performance.now() < deadline) {
    await sleep(Math.min(LOOK_AGAIN_MS, waitMs));
    head = await live.head(id);
  }
  if (head === 0) throw new Failure('account-not-found');
  if (isThere()) return wanted?.after ?? head;
  throw invalid(wanted?.at ?? '', `must not be after the account's version, which is ${head}`);
}
