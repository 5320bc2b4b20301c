import { wholeCommands, type BankEvent } from '../contracts/bank-events.ts';
import { crashPoint } from '../platform/crash-points.ts';
import type { Logger } from '../platform/logger.ts';
import type { Alarms } from './alarms.ts';
import { APPEND_EVENTS_MAX, type EventLog, type Outcome } from './event-log.ts';
import type { LedgerFeed } from './ledger-feed.ts';
import { outcomeJudge, type Verdict } from './outcome-judge.ts';

/** Events that may wait for their append; more are sent back to the broker. */
const WAITING_EVENTS_MAX = 5_000;
export interface AppenderParts {
  readonly log: EventLog;
  readonly feed: Pick<LedgerFeed, 'offer'>;
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly now?: () => number;
}

interface Delivery {
  readonly events: readonly BankEvent[];
  readonly resolve: (verdict: Verdict) => void;
}

/**
 * Appends what deliveries bring: one append at a time, and what arrives meanwhile forms the
 * next one. A delivery is answered when all its events are in the log, or never can be.
 */
export function appender({ log, feed, alarms, logger, now = Date.now }: AppenderParts) {
  const waiting: Delivery[] = [];
  const judge = outcomeJudge({ alarms, logger, now });
  let waitingEvents = 0;
  let appended = 0;
  let running = false;

  const take = (): Delivery[] => {
    let events = 0;
    let count = 0;
    for (; count < waiting.length; count += 1) {
      events += waiting[count]!.events.length;
      if (events > APPEND_EVENTS_MAX && count > 0) break;
    }
    const batch = waiting.splice(0, count);
    for (const delivery of batch) waitingEvents -= delivery.events.length;
    return batch;
  };
  const appendAll = async (events: readonly BankEvent[]): Promise<Outcome[]> => {
    const all: Outcome[] = [];
    while (all.length < events.length) {
      crashPoint('event-source:before-append');
      const left = events.slice(all.length);
      const whole = wholeCommands(left, APPEND_EVENTS_MAX);
      // A command that is larger than an append has to be cut.
      const next = whole.length > 0 ? whole : left.slice(0, APPEND_EVENTS_MAX);
      const { outcomes, after, added } = await log.append(next);
      crashPoint('event-source:after-append');
      feed.offer(after, added);
      all.push(...outcomes);
    }
    return all;
  };
  const appendBatch = async (batch: readonly Delivery[]): Promise<Verdict[]> => {
    const kept = batch.map(({ events }) => events.filter(judge.mayGoIn));
    const outcomes = await appendAll(kept.flat());
    appended += outcomes.filter(({ outcome }) => outcome === 'appended').length;
    let at = 0;
    return kept.map((events) => {
      const verdicts = events.map((event) => judge.verdict(event, outcomes[at++]!));
      return verdicts.includes('retry') ? 'retry' : 'done';
    });
  };
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batch = take();
      try {
        const verdicts = await appendBatch(batch);
        batch.forEach(({ resolve }, index) => resolve(verdicts[index]!));
      } catch (error) {
        logger.warn('an append failed, the broker keeps the events', { error: String(error) });
        for (const { resolve } of batch) resolve('retry');
      }
    }
    running = false;
  };

  return {
    deliver(events: readonly BankEvent[]): Promise<Verdict> {
      if (events.length === 0) return Promise.resolve('done');
      if (waitingEvents + events.length > WAITING_EVENTS_MAX) return Promise.resolve('retry');
      return new Promise((resolve) => {
        waiting.push({ events, resolve });
        waitingEvents += events.length;
        if (!running) void run();
      });
    },
    /** Events appended since this process started. */
    appended: (): number => appended,
    waiting: (): number => waitingEvents,
  };
}

export type Appender = ReturnType<typeof appender>;
