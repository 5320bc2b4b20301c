import { openAccounts } from './accounts.ts';
import { caughtUp, note, runLoads, say, type Course } from './course.ts';
import { deposit, written } from './loads.ts';
import { WARM_UP_MS } from './measurements.ts';

export const SPREAD = { spread10k: 10_000, spread100k: 100_000 } as const;
const SPREAD_CLIENTS = 64;
/** No bank of ours was faster on two cores. */
const PER_SECOND_MAX = 1_500;
const SECONDS_MIN = 2;

/**
 * Measured seconds in which a load, its warm-up included, does not use an account twice. Busy
 * accounts are served faster than quiet ones, so their rate is the bound.
 */
export function secondsInOneRound(count: number, busyPerSecond: number, seconds: number): number {
  const round = Math.floor(count / busyPerSecond - WARM_UP_MS / 1_000);
  return Math.max(SECONDS_MIN, Math.min(seconds, round));
}

/** Makes the pool that large; what opening costs is a result. */
export async function fillPool(course: Course, name: string, count: number): Promise<void> {
  const { house, pool, subjects } = course;
  const missing = count - pool.size();
  if (missing <= 0) return;
  note(`opening ${missing} accounts ...`);
  const { opened, ...result } = await openAccounts(house, name, missing);
  pool.add(opened);
  const catchUpMs = await caughtUp(house, subjects.hot);
  course.loads.push({ ...result, catchUpMs });
  say(result);
}

/** Deposits on accounts that all have rested for a minute, each at most once in a full round. */
export async function measureSpread(course: Course, part: keyof typeof SPREAD): Promise<void> {
  const { pool, loads } = course;
  await fillPool(course, `openings to ${SPREAD[part]}`, SPREAD[part]);
  note('until every account has rested for a minute ...');
  await pool.rested();
  const next = pool.inTurn(SPREAD[part]);
  pool.shortestRest();
  const busy = loads.find(({ name }) => name === 'uniform')?.perSecond ?? PER_SECOND_MAX;
  const seconds = secondsInOneRound(SPREAD[part], busy, course.seconds);
  await runLoads({ ...course, seconds }, [written(part, SPREAD_CLIENTS, () => deposit(next()))]);
  const result = loads.pop();
  if (result !== undefined) loads.push({ ...result, restMs: pool.shortestRest() });
}
