import { wholeCommands, type BankEvent } from '../contracts/bank-events.ts';
import { OUTBOX_EVENTS_MAX, type AccountEventsMessage } from '../contracts/topics.ts';
import type { StreamId } from '../domain/ids.ts';
import { crashPoint } from '../platform/crash-points.ts';
import type { Logger } from '../platform/logger.ts';
import { pace } from '../platform/pace.ts';
import { repeat } from '../platform/repeat.ts';
import { sentBatch } from './sent-batch.ts';

const CONFIRM_MS_MAX = 2_000;
const CHECK_EVERY_MS = 500;
const CHECK_STREAMS_MAX = 500;
const RETRY_MS = 200;
/**
 * A message costs every part on its way some 15 ms of CPU in all, however few its events, and
 * they are handled one after the other. So the next one leaves when the log has confirmed the
 * one before: under load they become fewer and larger, and never queue up at the broker.
 */
const PACE = { everyMs: 30, confirmedWithinMs: 200 };
/** Far below what a sidecar or the broker carries, whatever clients write beside the money. */
const MESSAGE_BYTES_MAX = 1024 * 1024;
const EVENT_BYTES = 1_024;
/** Above this many unconfirmed events no command is taken, so that memory stays bounded. */
export const UNCONFIRMED_EVENTS_MAX = 50_000;

interface Unconfirmed {
  /** In version order, without a gap. */
  events: BankEvent[];
  sentThrough: number;
  sentAt: number;
}

export interface OutboxPorts {
  readonly publish: (message: AccountEventsMessage) => Promise<void>;
  readonly head: (stream: StreamId) => Promise<number>;
  readonly now: () => number;
  readonly logger: Logger;
}

export type Outbox = ReturnType<typeof createOutbox>;

/**
 * Committed events on their way to the log. An event leaves only when the log has confirmed
 * it: by a ledger message (fast), or asked for when no message came in time (sure). Whatever
 * the broker loses is published again.
 */
export function createOutbox(ports: OutboxPorts, publishPace = PACE) {
  const streams = new Map<string, Unconfirmed>();
  const unsent = new Set<string>();
  let count = 0;
  let sending = false;
  const nextTurn = pace(publishPace.everyMs);
  const last = sentBatch();

  const confirm = (stream: string, version: number): void => {
    last.confirmed(stream, version);
    const entry = streams.get(stream);
    if (entry === undefined) return;
    const kept = entry.events.filter((event) => event.version > version);
    count -= entry.events.length - kept.length;
    entry.events = kept;
    if (kept.length > 0) return;
    streams.delete(stream);
    unsent.delete(stream);
  };

  const takeBatch = (): BankEvent[] => {
    const batch: BankEvent[] = [];
    let bytes = 0;
    for (const stream of unsent) {
      const entry = streams.get(stream);
      const events = entry?.events.filter((event) => event.version > entry.sentThrough) ?? [];
      let count = 0;
      while (count < events.length && batch.length + count < OUTBOX_EVENTS_MAX) {
        bytes += bytesOf(events[count] as BankEvent);
        if (bytes > MESSAGE_BYTES_MAX && batch.length + count > 0) break;
        count += 1;
      }
      const taken = wholeCommands(events, count);
      batch.push(...taken);
      if (entry !== undefined && taken.length > 0) {
        entry.sentThrough = (taken.at(-1) as BankEvent).version;
        entry.sentAt = ports.now();
      }
      if (taken.length < events.length) break;
      unsent.delete(stream);
    }
    return batch;
  };

  const sendAgain = (stream: string, after: number): void => {
    const entry = streams.get(stream);
    if (entry === undefined) return;
    entry.sentThrough = Math.min(entry.sentThrough, after);
    unsent.add(stream);
  };

  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    while (unsent.size > 0) {
      await nextTurn();
      await last.over(publishPace.confirmedWithinMs);
      const events = takeBatch();
      if (events.length === 0) break;
      crashPoint('actor:before-publish');
      try {
        last.sent(events);
        await ports.publish({ events });
      } catch (error) {
        ports.logger.warn('publishing failed, will retry', {
          events: events.length,
          error: String(error),
        });
        for (const event of events) sendAgain(event.stream, event.version - 1);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    sending = false;
  };

  const check = async (): Promise<void> => {
    const late = ports.now() - CONFIRM_MS_MAX;
    const doubtful = [...streams]
      .filter(([stream, entry]) => entry.sentAt < late && !unsent.has(stream))
      .slice(0, CHECK_STREAMS_MAX);
    await Promise.all(
      doubtful.map(async ([stream, entry]) => {
        const head = await ports.head(stream as StreamId);
        confirm(stream, head);
        const first = entry.events[0];
        if (first === undefined) return;
        if (first.version > head + 1) {
          ports.logger.error('the log lacks events that it had confirmed', { stream, head });
        }
        sendAgain(stream, head);
      }),
    );
    void send();
  };

  const checking = repeat(check, CHECK_EVERY_MS, (error) =>
    ports.logger.warn('the log cannot be asked', { error: String(error) }),
  );

  const put = (stream: StreamId, events: readonly BankEvent[]): Unconfirmed => {
    const entry = streams.get(stream) ?? { events: [], sentThrough: 0, sentAt: 0 };
    const last = entry.events.at(-1)?.version ?? 0;
    const more = events.filter((event) => event.version > last);
    entry.events.push(...more);
    count += more.length;
    if (entry.events.length > 0) streams.set(stream, entry);
    return entry;
  };

  return {
    /** Takes events that were just committed and sends them off the turn. */
    add(stream: StreamId, events: readonly BankEvent[]): void {
      put(stream, events);
      unsent.add(stream);
      void send();
    },
    /** Takes events of an activation, which the log may have or not: it is asked first. */
    restore(stream: StreamId, events: readonly BankEvent[]): void {
      const entry = put(stream, events);
      const last = entry.events.at(-1);
      if (last !== undefined && !unsent.has(stream)) entry.sentThrough = last.version;
    },
    confirm,
    /** Version of the first event that the log has not confirmed; undefined when all are there. */
    firstUnconfirmed: (stream: StreamId): number | undefined =>
      streams.get(stream)?.events[0]?.version,
    size: (): number => count,
    start: checking.start,
    stop: checking.stop,
  };
}

// Only what clients write freely makes an event large, so only that is measured.
function bytesOf({ data }: BankEvent): number {
  if ('sealed' in data) return EVENT_BYTES + data.sealed.length;
  if (!('metadata' in data)) return EVENT_BYTES;
  return EVENT_BYTES + Buffer.byteLength(JSON.stringify(data.metadata));
}
