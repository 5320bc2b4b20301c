import { accountOfStream, type LoggedEvent } from '../contracts/events.ts';
import { unreachable, type AccountId } from '../domain/ids.ts';
import type { Logger } from '../platform/logger.ts';
import type { Alarms } from './alarms.ts';
import { boundedMap } from './bounded-map.ts';
import type { Outcome } from './event-log.ts';

const ACCOUNTS_WATCHED_MAX = 10_000;
/**
 * How long deliveries of an account whose event before is missing are sent back to the broker.
 * Then they are let go with an alarm: the journal of the account keeps every event that the log
 * has not, and publishes it again, while deliveries that are sent back for ever would fill the
 * broker's window of open deliveries and stop every account.
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
  const gaps = boundedMap<AccountId, Gap>(ACCOUNTS_WATCHED_MAX);
  // What follows a fork continues another history: nothing more of that account goes in.
  const forked = boundedMap<AccountId, string>(ACCOUNTS_WATCHED_MAX);

  const onFork = (id: AccountId, event: LoggedEvent, stored: string): Verdict => {
    forked.set(id, stored);
    alarms.raise('fork', event.id, `the log holds: ${stored}`, event);
    return 'done';
  };
  const onGap = (id: AccountId, event: LoggedEvent, head: number): Verdict => {
    const gap = gaps.get(id) ?? { since: now(), head, deliveries: 0 };
    if (gap.deliveries === 0) {
      logger.warn('events wait for the one before', { account: id, head, version: event.version });
      gaps.set(id, gap);
    }
    gap.deliveries += 1;
    if (now() - gap.since < GAP_RETRY_MS) return 'retry';
    alarms.raise('gap', id, `version ${head + 1} does not come, ${event.version} waits`);
    return 'done';
  };
  const onLogged = (id: AccountId, version: number): Verdict => {
    const gap = gaps.get(id);
    if (gap === undefined || version <= gap.head) return 'done';
    gaps.delete(id);
    alarms.lower('gap', id);
    logger.info('the missing event came', { account: id, deliveries: gap.deliveries });
    return 'done';
  };
  const verdict = (event: LoggedEvent, outcome: Outcome): Verdict => {
    const id = accountOfStream(event.stream);
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
    /** False for an event of an account that has a fork: it is put into quarantine. */
    mayGoIn(event: LoggedEvent): boolean {
      const id = accountOfStream(event.stream);
      const stored = forked.get(id);
      if (stored !== undefined) onFork(id, event, stored);
      return stored === undefined;
    },
    verdict,
  };
}
