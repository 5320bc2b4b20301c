import type { AccountPage } from '../../contracts/log/entries.ts';
import {
  LAST_EVENT_ID,
  lastEventIdText,
  liveEventOf,
  streamQuery,
  TOKEN_ENDED,
} from '../../contracts/log/live-events.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import type { AccountId } from '../../domain/ids.ts';
import { lookAgain } from '../../platform/http/gate.ts';
import { Failure } from '../../platform/http/http.ts';
import type { Logger } from '../../platform/logger.ts';
import { doubling, retry } from '../../platform/retry.ts';
import {
  eventStream,
  STREAM_PACE,
  type EventStream,
  type StreamPace,
} from '../../platform/http/server-sent-events.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { idParams } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import {
  VERSIONS_PACE,
  LatestVersions,
  type AccountLog,
  type VersionsPace,
} from './account-log.ts';
import type { Request, Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';

/** Most events of one read. */
const LIVE_PAGE_EVENTS = 50;

/** The events of accounts as they are appended, read from the log only. */
export class LiveEvents {
  private readonly log: AccountLog;
  private readonly logger: Logger;
  private readonly latestVersions: LatestVersions;
  private readonly pace: VersionsPace;
  /** Streams of one account mostly stand at the same place: one read serves them all. */
  private readonly reads = new Map<string, Promise<AccountPage>>();

  constructor(log: AccountLog, logger: Logger, pace: VersionsPace = VERSIONS_PACE) {
    this.log = log;
    this.logger = logger;
    this.pace = pace;
    this.latestVersions = new LatestVersions(log, logger, pace);
  }

  /** Version of the account's last event in the log, 0 when there is no such account. */
  async latestVersion(accountId: AccountId): Promise<number> {
    const [latest = 0] = await this.log.latestVersions([accountId]);
    return latest;
  }

  /**
   * Every event after a version, once and in order, until the signal is aborted. While the log
   * is away it waits.
   */
  async *after(
    accountId: AccountId,
    version: number,
    signal: AbortSignal,
  ): AsyncGenerator<PositionedAccountEvent, void, undefined> {
    let last = version;
    let latest = version;
    while (!signal.aborted) {
      if (latest <= last) await this.latestVersions.reached(accountId, last + 1, signal);
      const page = await this.page(accountId, last + 1, signal);
      for (const entry of page.entries) {
        if (entry.event.version !== last + 1) {
          throw new Error(`${entry.event.id} came after version ${last}`);
        }
        if (signal.aborted) return;
        yield entry;
        last += 1;
      }
      latest = page.headVersion;
      // The log says that there is more and gives nothing: not to be asked without a pause.
      if (page.entries.length === 0) await sleep(this.pace.everyMs);
    }
  }

  private page(id: AccountId, from: number, signal: AbortSignal): Promise<AccountPage> {
    const nothing = { entries: [], headVersion: from };
    return retry(async () => (signal.aborted ? nothing : this.shared(id, from)), {
      pausesMs: doubling(this.pace.everyMs, this.pace.awayMsMax),
      mayRetry: (error) => {
        if (!(error instanceof Unavailable)) return false;
        this.logger.debug('a stream waits for the log', { accountId: id, error });
        return true;
      },
    });
  }

  private shared(id: AccountId, from: number): Promise<AccountPage> {
    const key = `${id}/${from}`;
    const known = this.reads.get(key);
    if (known !== undefined) return known;
    const read = this.log.events(id, from, LIVE_PAGE_EVENTS).finally(() => {
      this.reads.delete(key);
    });
    this.reads.set(key, read);
    return read;
  }
}

/** How long a client waits before it connects again. */
const CONNECT_AGAIN_MS = 1_000;
const LOOK_AGAIN_MS = 100;
const TRY_LATER = { 'Retry-After': '5' };
/** How often the token of an open stream is looked at again, and so how late its end is noticed. */
const TOKEN_LOOK_MS = 15_000;

/** What streams need. */
export interface EventStreamsOptions {
  readonly log: AccountLog;
  readonly logger: Logger;
  /** How long to wait for a version that the log does not have yet, in milliseconds. */
  readonly waitMs: number;
  readonly pace?: StreamPace & VersionsPace & { readonly tokenLookMs?: number };
}

export type EventStreams = ReturnType<typeof eventStreams>;

/** The open streams of events of this process. */
export function eventStreams(options: EventStreamsOptions) {
  const { log, logger, pace = { ...STREAM_PACE, ...VERSIONS_PACE } } = options;
  const live = new LiveEvents(log, logger, pace);
  const open = new Set<EventStream>();
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

  /** Ends a stream whose token has ended or was taken back, after saying so. */
  const endWith = async (stream: EventStream, error: unknown): Promise<void> => {
    // The issuer is away: what was let in before stays.
    if (error instanceof Failure && error.code === 'service-unavailable') return;
    const detail = error instanceof Failure ? error.parts.detail : undefined;
    await stream.send({ event: TOKEN_ENDED, data: JSON.stringify({ detail }) });
    stream.end();
  };

  const serve = async (request: Request, response: Response): Promise<void> => {
    const id = paramOf(request, idParams, 'id');
    const after = await placeOf(live, id, wantedBy(request), options.waitMs);
    if (request.method === 'HEAD') return void response.type('text/event-stream').end();
    const stream = eventStream(response, pace);
    open.add(stream);
    if (closing) stream.end();
    const looking = setInterval(() => {
      lookAgain(request).catch((error: unknown) => endWith(stream, error));
    }, pace.tokenLookMs ?? TOKEN_LOOK_MS);
    try {
      await pour(id, after, stream);
    } catch (error) {
      logger.error('a stream failed', { accountId: id, error });
      response.destroy();
    } finally {
      clearInterval(looking);
      open.delete(stream);
    }
  };

  return {
    async handle(request: Request, response: Response): Promise<void> {
      if (!request.accepts('text/event-stream')) {
        throw new Failure('not-acceptable', { detail: 'Accept text/event-stream.' });
      }
      if (closing) {
        const detail = 'The bank is stopping. Connect again later, with Last-Event-ID.';
        throw new Failure('service-unavailable', { detail }, TRY_LATER);
      }
      await serve(request, response);
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
  let latest = await live.latestVersion(id);
  const isThere = () => latest > 0 && latest >= (wanted?.after ?? 0);
  while (wanted !== undefined && !isThere() && performance.now() < deadline) {
    await sleep(Math.min(LOOK_AGAIN_MS, waitMs));
    latest = await live.latestVersion(id);
  }
  if (latest === 0) throw new Failure('account-not-found');
  if (isThere()) return wanted?.after ?? latest;
  throw invalid(wanted?.at ?? '', `must not be after the account's version, which is ${latest}`);
}
