import { streamOfEvent, type BankEvent } from '../contracts/bank-events.ts';
import { unreachable, type StreamId } from '../domain/ids.ts';
import type { Logger } from '../platform/logger.ts';
import type { Alarms } from './alarms.ts';
import { boundedMap } from '../platform/bounded-map.ts';
import type { Outcome } from './event-log.ts';

const STREAMS_WATCHED_MAX = 10_000;
/**
 * How long deliveries of a stream whose event before is missing are sent back to the broker.
 * Then they are let go with an alarm: the journal of the stream keeps every event that the log
 * has not, and publishes it again, while deliveries that are sent back for ever would fill the
 * broker's window of open deliveries and stop every stream.
 */
export const GAP_RETRY_MS = 10_000;

/** 'retry': the broker shall deliver the same again later. */
export type Verdict = 'done' | 'retry';

interface Gap {
  readonly since: number;
  readonly head: number;
  deliveries: number;
}

export interface JudgeParts {
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Decides what an outcome means for the delivery, and raises the alarms. */
export function outcomeJudge({ alarms, logger, now }: JudgeParts) {
  const gaps = boundedMap<StreamId, Gap>(STREAMS_WATCHED_MAX);
  // What follows a fork continues another history: nothing more of that stream goes in.
  const forked = boundedMap<StreamId, string>(STREAMS_WATCHED_MAX);

  const onFork = (id: StreamId, event: BankEvent, stored: string): Verdict => {
    forked.set(id, stored);
    alarms.raise('fork', event.id, `the log holds: ${stored}`, event);
    return 'done';
  };
  const onGap = (id: StreamId, event: BankEvent, head: number): Verdict => {
    const gap = gaps.get(id) ?? { since: now(), head, deliveries: 0 };
    if (gap.deliveries === 0) {
      logger.warn('events wait for the one before', { stream: id, head, version: event.version });
      gaps.set(id, gap);
    }
    gap.deliveries += 1;
    if (now() - gap.since < GAP_RETRY_MS) return 'retry';
    alarms.raise('gap', id, `version ${head + 1} does not come, ${event.version} waits`);
    return 'done';
  };
  const onLogged = (id: StreamId, version: number): Verdict => {
    const gap = gaps.get(id);
    if (gap === undefined || version <= gap.head) return 'done';
    gaps.delete(id);
    alarms.lower('gap', id);
    logger.info('the missing event came', { stream: id, deliveries: gap.deliveries });
    return 'done';
  };
  const verdict = (event: BankEvent, outcome: Outcome): Verdict => {
    const id = streamOfEvent(event);
    switch (outcome.outcome) {
      case 'appended':
      case 'duplicate':
        return onLogged(id, event.version);
      case 'gap':
        return onGap(id, event, outcome.head);
      case 'fork':
        return onFork(id, event, outcome.stored);
      default:
        return unreachable(outcome);
    }
  };

  return {
    /** False for an event of a stream that has a fork: it is put into quarantine. */
    mayGoIn(event: BankEvent): boolean {
      const id = streamOfEvent(event);
      const stored = forked.get(id);
      if (stored !== undefined) onFork(id, event, stored);
      return stored === undefined;
    },
    verdict,
  };
}
