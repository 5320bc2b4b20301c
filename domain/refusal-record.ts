import { clockOf, dayOf } from './account.ts';

/**
 * Records of one account and day of UTC. A client that is refused in a loop could else fill the
 * log, where nothing is ever deleted.
 */
export const REFUSALS_PER_DAY_MAX = 1_000;

/** How many refusals of an account were recorded, and how many of them on the last one's day. */
export interface RefusalsCount {
  readonly version: number;
  readonly changedAt: string;
  readonly onDay: number;
}

/** The count after one more record; also folds what the log has. */
export function afterRecord(before: RefusalsCount | undefined, decidedAt: string): RefusalsCount {
  if (before === undefined) return { version: 1, changedAt: decidedAt, onDay: 1 };
  const { changedAt } = before;
  const at = clockOf(changedAt, decidedAt);
  const onDay = dayOf(at) === dayOf(changedAt) ? before.onDay + 1 : 1;
  return { version: before.version + 1, changedAt: at, onDay };
}
