import type { Checkpoint, SetAsideModel } from '../../contracts/account/read-models.ts';
import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import type { LogMessage, PositionedEvent } from '../../contracts/log/topics.ts';
import { alarm } from '../../platform/alarm.ts';
import {
  type LogSource,
  type ReadPage,
  LogFault,
  Overtaken,
  type FollowerState,
  type FollowerStatus,
  type LogEntry,
  type Projection,
  type Report,
} from './projection.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** Most pushed events that wait; more are dropped and pulled later. */
const PUSHED_EVENTS_MAX = 5_000;

const lastOf = (message: LogMessage): number => message.entries.at(-1)?.position ?? 0;

/** Keeps pushed messages until their turn comes. They are hints, so dropping them is safe. */
export function pushBuffer(eventsMax = PUSHED_EVENTS_MAX) {
  let messages: LogMessage[] = [];
  let waiting = 0;

  const keep = (kept: LogMessage[]): void => {
    messages = kept;
    waiting = kept.reduce((sum, message) => sum + message.entries.length, 0);
  };

  return {
    add(message: LogMessage): void {
      keep([...messages, message]);
      if (waiting > eventsMax) keep([]);
    },
    /** The entries that continue the position without a hole, about a page at most. */
    next(position: number): PositionedEvent[] {
      keep(messages.filter((message) => lastOf(message) > position));
      const entries: PositionedEvent[] = [];
      let reached = position;
      for (const message of messages) {
        if (message.after > reached || entries.length >= LOG_PAGE_EVENTS_MAX) break;
        // A message holds everything in (after, last], so one that overlaps continues as well.
        const from = reached;
        entries.push(...message.entries.filter((entry) => entry.position > from));
        reached = Math.max(reached, lastOf(message));
      }
      return entries;
    },
    isEmpty: (): boolean => messages.length === 0,
    clear: (): void => keep([]),
  };
}

/**
 * A log whose next page is fetched while its reader works on a full one. A page that is not full is
 * never kept for later: the log ended there when it was read, which may have changed since.
 */
export function readAhead(source: LogSource): LogSource {
  let ahead: { readonly after: number; readonly page: Promise<ReadPage> } | undefined;
  return {
    async readAfter(position, limit) {
      if (limit !== LOG_PAGE_EVENTS_MAX) return source.readAfter(position, limit);
      const early = ahead?.after === position ? ahead.page : undefined;
      ahead = undefined;
      const read = await early?.catch(() => undefined);
      const isFull = read?.entries.length === limit;
      const page = isFull ? read : await source.readAfter(position, limit);
      const last = page.entries[limit - 1];
      if (last !== undefined) {
        ahead = { after: last.position, page: source.readAfter(last.position, limit) };
        // Then it is asked again.
        ahead.page.catch(() => undefined);
      }
      return page;
    },
  };
}

/** Times of a follower, in milliseconds. */
export interface FollowerPace {
  /** Batches begin at least this long apart, so that under load they become larger. */
  readonly spacingMs: number;
  readonly pollMs: number;
  readonly retryMs: number;
  readonly retryMsMax: number;
}

/** The times of a follower in production. */
export const FOLLOWER_PACE: FollowerPace = {
  spacingMs: 100,
  pollMs: 500,
  retryMs: 100,
  retryMsMax: 3_000,
};

/**
 * A catch-up subscription: follows the log strictly in log order from the projection's checkpoint.
 * A pushed batch that continues the position is applied at once; everything else is pulled.
 * @example
 * const follower = new Follower(projection, eventSourceLog(dapr), logger); // it follows now
 * follower.push(message); // a hint from the topic `ledger`
 */
export class Follower {
  private readonly projection: Projection;
  private readonly source: LogSource;
  private readonly report: Report;
  private readonly pace: FollowerPace;
  private readonly buffer = pushBuffer();
  private readonly running: Promise<void>;
  private state: FollowerState = 'starting';
  private reason: string | undefined;
  private checkpoint: Checkpoint = { position: 0, lastEventId: '', events: 0 };
  private head = 0;
  private behindSince: number | undefined;
  private appliedAt = 0;
  private batchBeganAt = -Infinity;
  private pullDue = true;
  private ending = false;
  private readonly alarm = alarm();

  constructor(projection: Projection, source: LogSource, report: Report, pace = FOLLOWER_PACE) {
    this.projection = projection;
    this.source = source;
    this.report = report;
    this.pace = pace;
    this.running = this.run();
  }

  push(message: LogMessage): void {
    if (this.state === 'stopped' || this.ending) return;
    this.buffer.add(message);
    this.see(Math.max(this.head, message.entries.at(-1)?.position ?? 0));
    if (this.state === 'following') this.alarm.wake();
  }

  status(): FollowerStatus {
    const waitingSince = this.behindSince && Math.max(this.behindSince, this.appliedAt);
    return {
      state: this.state,
      checkpoint: this.checkpoint.position,
      head: this.head,
      lagMs: waitingSince === undefined ? 0 : Date.now() - waitingSince,
      eventsApplied: this.checkpoint.events,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
    };
  }

  setAside(): readonly SetAsideModel[] {
    return this.projection.setAside();
  }

  /** Whether it has reached the end of the log once and keeps up with what is appended. */
  caughtUp(): boolean {
    const keepsUp = !this.pullDue && this.status().lagMs <= this.pace.pollMs;
    return this.state === 'following' && keepsUp;
  }

  /** Ends after the current batch and writes down the projection. */
  async end(): Promise<void> {
    this.ending = true;
    this.alarm.end();
    await this.running;
    if (this.state === 'following') await this.projection.flush();
    this.state = 'ended';
  }

  private async run(): Promise<void> {
    let retryMs = this.pace.retryMs;
    while (!this.ending && this.state !== 'stopped') {
      try {
        await (this.state === 'starting' ? this.start() : this.step());
        this.state = 'following';
        this.reason = undefined;
        retryMs = this.pace.retryMs;
      } catch (error) {
        this.reason = error instanceof Error ? error.message : String(error);
        if (error instanceof Overtaken) this.state = 'starting';
        await this.fail(error instanceof LogFault, retryMs);
        retryMs = Math.min(2 * retryMs, this.pace.retryMsMax);
      }
    }
  }

  private async fail(forGood: boolean, retryMs: number): Promise<void> {
    const detail = { reason: this.reason, position: this.checkpoint.position };
    if (forGood) {
      this.state = 'stopped';
      return this.report.error('ALARM: the projection stopped', detail);
    }
    this.report.warn('the projection waits', { ...detail, retryMs });
    if (this.state === 'following') this.state = 'waiting';
    this.pullDue = true;
    await this.alarm.pause(retryMs);
  }

  private async start(): Promise<void> {
    this.checkpoint = await this.projection.restore();
    await this.recognise();
    this.see(this.checkpoint.position);
    this.report.info('following the log', { ...this.checkpoint });
  }

  private async step(): Promise<void> {
    const entries = this.buffer.next(this.checkpoint.position);
    if (entries.length > 0) {
      await this.apply(entries);
    } else if (this.pullDue || !this.buffer.isEmpty() || this.behindSince !== undefined) {
      await this.pull();
    } else {
      await this.alarm.pause(this.pace.pollMs);
      this.pullDue = this.buffer.isEmpty();
    }
    await this.projection.rest();
    const spaced = this.batchBeganAt + this.pace.spacingMs - performance.now();
    if (!this.pullDue && spaced > 0) await sleep(spaced);
  }

  private async pull(): Promise<void> {
    const page = await this.source.readAfter(this.checkpoint.position, LOG_PAGE_EVENTS_MAX);
    if (page.head < this.checkpoint.position) {
      await this.recognise();
      throw new Error('the log does not know its own end yet');
    }
    this.see(page.head);
    if (page.entries.length > 0) await this.apply(page.entries);
    // What was pushed beyond the end of the log was never committed there.
    else this.buffer.clear();
    this.pullDue = page.entries.length > 0 && this.checkpoint.position < page.head;
  }

  private async apply(entries: readonly LogEntry[]): Promise<void> {
    const last = requireOrder(this.checkpoint.position, entries);
    this.batchBeganAt = performance.now();
    await this.projection.apply(entries);
    this.checkpoint = {
      position: last.position,
      lastEventId: last.event.id,
      events: this.checkpoint.events + entries.length,
    };
    this.appliedAt = Date.now();
    this.see(Math.max(this.head, last.position));
  }

  private see(head: number): void {
    this.head = head;
    if (head <= this.checkpoint.position) this.behindSince = undefined;
    else this.behindSince ??= Date.now();
  }

  /** The event at the checkpoint must still be the one that was applied. */
  private async recognise(): Promise<void> {
    const { position, lastEventId } = this.checkpoint;
    if (position === 0) return;
    const found = (await this.source.readAfter(position - 1, 1)).entries[0];
    if (found?.position === position && found.event.id === lastEventId) return;
    const there = found === undefined ? 'nothing' : `${found.event.id} at ${found.position}`;
    const what = `${lastEventId} was read at ${position}, now there is ${there}`;
    throw new LogFault(`this is another log, or it was cut: ${what}. If meant, rebuild`);
  }
}

function requireOrder(after: number, entries: readonly LogEntry[]): LogEntry {
  let last: LogEntry | undefined;
  for (const entry of entries) {
    const before = last?.position ?? after;
    if (entry.position > before) last = entry;
    else throw new LogFault(`the log gave position ${entry.position} after ${before}`);
  }
  if (last === undefined) throw new LogFault('a batch without entries');
  return last;
}
