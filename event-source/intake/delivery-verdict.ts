import { unreachable, type StreamId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Alarms } from '../alarms.ts';
import type { Candidate } from '../log/append-plan.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import type { Outcome } from '../log/event-log.ts';
import type { Offence } from '../quarantine.ts';

const STREAMS_WATCHED_MAX = 10_000;
/** How long a stream's next event may be missing before that is an alarm. */
export const GAP_MS_MAX = 10_000;

/** 'retry': the broker shall deliver the same again later. */
export type Verdict = 'done' | 'retry';

interface Gap {
  readonly since: number;
  readonly latestVersion: number;
  deliveries: number;
  isReported: boolean;
}

export interface JudgeParts {
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Decides what an outcome means for the delivery, and raises the alarms. */
export function outcomeJudge({ alarms, logger, now }: JudgeParts) {
  const gaps = boundedMap<StreamId, Gap>(STREAMS_WATCHED_MAX);

  const onGap = ({ stream, version }: Candidate, latestVersion: number): 'done' => {
    const gap = gaps.get(stream) ?? {
      since: now(),
      latestVersion,
      deliveries: 0,
      isReported: false,
    };
    if (gap.deliveries === 0) {
      gaps.set(stream, gap);
    }
    gap.deliveries += 1;
    if (now() - gap.since < GAP_MS_MAX) return 'done';
    const what =
      latestVersion + 1 < version ? `version ${latestVersion + 1}` : 'what is joint with it';
    gap.isReported = true;
    alarms.raise('gap', stream, `${what} does not come, ${version} waits`);
    return 'done';
  };
  const onLogged = ({ stream, version }: Candidate): 'done' => {
    const gap = gaps.get(stream);
    if (gap === undefined || version <= gap.latestVersion) return 'done';
    gaps.delete(stream);
    alarms.lower('gap', stream);
    if (gap.isReported)
      logger.info('the missing event came', { stream, deliveries: gap.deliveries });
    return 'done';
  };

  return {
    /** A fork is done as soon as the quarantine has it. */
    verdict(event: Candidate, outcome: Outcome): 'done' | Offence {
      const { stream, json: content } = event;
      switch (outcome.outcome) {
        case 'appended':
        case 'duplicate':
          return onLogged(event);
        case 'gap':
          return onGap(event, outcome.latestVersion);
        case 'fork':
          alarms.raise('fork', stream, outcome.why);
          return { stream, reason: outcome.why, content };
        default:
          return unreachable(outcome);
      }
    },
  };
}
