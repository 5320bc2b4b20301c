import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import {
  integrationEventOf,
  unreadableEvent,
  type IntegrationEvent,
} from '../../contracts/log/integration-events.ts';
import { alarm, pause } from '../../platform/alarm.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import type { Logger } from '../../platform/logger.ts';
import { type LogEntry, eventOfEntry, type EventLog } from '../log/event-log.ts';
import type { EventStream } from './event-stream.ts';

/** More than this is dropped here and read from the log when its turn comes. */
export const OFFERED_ENTRIES_MAX = 5_000;
const OFFERED_BYTES_MAX = 16 * 1024 * 1024;

interface Offered {
  /** Position of the entry before this one in the log. */
  readonly after: number;
  readonly entry: LogEntry;
}

/** Keeps what was just appended, so that a reader that is up to date need not ask the log. */
function offeredEntries(entriesMax = OFFERED_ENTRIES_MAX) {
  let waiting: Offered[] = [];
  return {
    add(after: number, added: readonly LogEntry[]): void {
      added.forEach((entry, at) => {
        waiting.push({ after: added[at - 1]?.position ?? after, entry });
      });
      const bytes = waiting.reduce((sum, { entry }) => sum + entry.json.length, 0);
      if (waiting.length > entriesMax || bytes > OFFERED_BYTES_MAX) waiting = [];
    },
    /** The entries that follow a position in the log without a hole; none when unknown. */
    after(position: number, limit: number): LogEntry[] {
      const first = waiting.findIndex(({ entry }) => entry.position > position);
      waiting = first === -1 ? [] : waiting.slice(first);
      const entries: LogEntry[] = [];
      let reached = position;
      for (const { after, entry } of waiting.slice(0, limit)) {
        if (after > reached) break;
        entries.push(entry);
        reached = entry.position;
      }
      return entries;
    },
  };
}

/** Most events of one batch. */
export const BATCH_EVENTS_MAX = 256;

/** What the feed needs. */
export interface IntegrationFeedParts {
  readonly log: Pick<EventLog, 'head' | 'readAfter' | 'check'>;
  readonly stream: EventStream;
  /** Names this bank in every message; it must never change. */
  readonly source: string;
  readonly logger: Logger;
  readonly pace?: typeof PACE;
}

const PACE = {
  /** Batches begin at least this long apart: what gathers meanwhile costs less together. */
  batchMs: 25,
  /** After so long without news it asks the stream for its end, as after a start. */
  lookMs: 5_000,
  retryMs: 100,
  retryMsMax: 3_000,
};

interface Reached {
  readonly sequence: number;
  /** Of the last event that the stream holds; 0 before the first. */
  readonly position: number;
}

export type IntegrationFeed = ReturnType<typeof integrationFeed>;

/**
 * Publishes every event of the log on the public stream, in log order and without a gap, whatever
 * process dies in between. What was just appended comes from memory, everything else from the log.
 * The stream's own end is the checkpoint, read at the start and after every failure.
 */
export function integrationFeed({
  log,
  stream,
  source,
  logger,
  pace = PACE,
}: IntegrationFeedParts) {
  const offered = offeredEntries();
  /** Missing while the stream must be asked. */
  let reached: Reached | undefined;
  let known: Reached | undefined;
  let reason: string | undefined;
  let behindSince: number | undefined;
  let news = false;
  const growth = alarm();
  const ending = new AbortController();

  const well = (): void => {
    if (reason !== undefined) logger.info('integration events go on', { ...known });
    reason = undefined;
  };
  const idle = async (): Promise<void> => {
    if (news) return;
    behindSince = undefined;
    well();
    await growth.pause(pace.lookMs);
    // A broker that crashed may have lost what it had taken, and nothing else would tell.
    if (!news) reached = undefined;
  };
  const published = (entry: LogEntry): IntegrationEvent => {
    try {
      return integrationEventOf(eventOfEntry(entry), entry.position, source);
    } catch (error) {
      // The audit raises the alarm; here it must not keep back what comes after it.
      const detail = { position: entry.position, error };
      logger.error('an event of the log cannot be published', detail);
      return unreadableEvent(entry.position, source);
    }
  };
  const publish = async ({ sequence, position }: Reached): Promise<void> => {
    news = false;
    const fresh = offered.after(position, BATCH_EVENTS_MAX);
    const entries = fresh.length > 0 ? fresh : await log.readAfter(position, BATCH_EVENTS_MAX);
    if (entries.length === 0) return idle();
    const began = performance.now();
    crashPoint('event-source:before-stream');
    await stream.append(sequence, entries.map(published));
    crashPoint('event-source:after-stream');
    known = { sequence: sequence + entries.length, position: entries.at(-1)!.position };
    reached = known;
    behindSince = known.position >= log.head() ? undefined : Date.now();
    well();
    const spared = began + pace.batchMs - performance.now();
    if (spared > 0) await pause(spared, ending.signal);
  };
  const run = async (): Promise<void> => {
    let retryMs = pace.retryMs;
    while (!ending.signal.aborted) {
      try {
        reached ??= await endOf(stream, log, (entry) => published(entry).id);
        known = reached;
        await publish(reached);
        retryMs = pace.retryMs;
      } catch (error) {
        reached = undefined;
        behindSince ??= Date.now();
        const said = error instanceof Error ? error.message : String(error);
        if (said !== reason) logger.warn('integration events wait', { reason: said });
        reason = said;
        await pause(retryMs, ending.signal);
        retryMs = Math.min(2 * retryMs, pace.retryMsMax);
      }
    }
  };
  const running = run();

  return {
    offer(after: number, added: readonly LogEntry[]): void {
      if (added.length === 0) return;
      offered.add(after, added);
      behindSince ??= Date.now();
      news = true;
      growth.wake();
    },
    status: () => ({
      /** Events that the stream has taken so far. */
      published: known?.sequence ?? 0,
      position: known?.position ?? 0,
      head: log.head(),
      /** How long something has been waiting without any batch going out. */
      lagMs: behindSince === undefined ? 0 : Date.now() - behindSince,
      ...(reason === undefined && known !== undefined ? {} : { waiting: reason ?? 'starting' }),
    }),
    /** Ends after the batch at hand; what is left goes out after the next start. */
    async end(): Promise<void> {
      ending.abort();
      growth.end();
      await running;
      await stream.close();
    },
  };
}

/** Where the stream ends in terms of the log. It throws when they do not belong together. */
async function endOf(
  stream: EventStream,
  log: IntegrationFeedParts['log'],
  idOf: (entry: LogEntry) => string,
): Promise<Reached> {
  const { sequence, last } = await stream.end();
  if (last === undefined) return { sequence, position: await positionOfEvent(sequence, log) };
  // Another process of the same bank may have appended and published it.
  if (last.position > log.head()) await log.check();
  const [entry] = await log.readAfter(last.position - 1, 1);
  const id = entry?.position === last.position ? idOf(entry) : undefined;
  if (id === last.id) return { sequence, position: last.position };
  const there = id ?? 'nothing';
  throw new Error(
    `the stream ends with ${last.id} of position ${last.position}, where the log has ${there}: ` +
      'they do not belong together. If the log is right, have all events published again: ' +
      'npm run restore -- --onto-existing --renumber',
  );
}

/** Retention took every message, but their number is still known: the log is counted through. */
async function positionOfEvent(number: number, log: IntegrationFeedParts['log']): Promise<number> {
  let position = 0;
  let counted = 0;
  while (counted < number) {
    const page = await log.readAfter(position, Math.min(LOG_PAGE_EVENTS_MAX, number - counted));
    if (page.length === 0) {
      throw new Error(`the stream had ${number} events, the log has only ${counted}`);
    }
    counted += page.length;
    position = page.at(-1)!.position;
  }
  return position;
}
