import { clockOf, dayOf } from './account.ts';

/**
 * Most records of refusals of one account on one day of UTC. Without it a client that is refused in
 * a loop could fill the log, from which nothing is ever deleted.
 */
export const REFUSALS_PER_DAY_MAX = 1_000;

/** How many refusals of an account were recorded, and how many on the day of the last one. */
export interface RefusalsCount {
  readonly version: number;
  readonly changedAt: string;
  readonly onDay: number;
}

/**
 * The count after one more record, also when it is replayed from the log. Undefined: no record yet.
 */
export function afterRecord(before: RefusalsCount | undefined, decidedAt: string): RefusalsCount {
  if (before === undefined) return { version: 1, changedAt: decidedAt, onDay: 1 };
  const { changedAt } = before;
  const at = clockOf(changedAt, decidedAt);
  const onDay = dayOf(at) === dayOf(changedAt) ? before.onDay + 1 : 1;
  return { version: before.version + 1, changedAt: at, onDay };
}
