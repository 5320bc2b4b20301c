import { readSideCaughtUp } from './accounts.ts';
import { closedLoop } from './closed-loop.ts';
import type { House } from './house.ts';
import type { Load, Subjects } from './loads.ts';
import { runLoad } from './measurements.ts';
import type { Part } from './parts.ts';
import type { PlainCourse } from './plain/plain-course.ts';
import { cpuOf, type LoadResult, type Results } from './report/results.ts';
import type { Pool } from './spread.ts';

/** A bank that runs for a day is warm; code that was just loaded is several times slower. */
const WARM_UP_MS = 8_000;

/** Tails need more samples than rates do. */
export const DELAY_FACTOR = 2;

export const note = (text: string): void => void process.stderr.write(`${text}\n`);

export type Parts = Omit<Results, 'at' | 'machine' | 'node' | 'seconds' | 'minutes'>;
export type Found = { -readonly [Name in keyof Parts]: Parts[Name] };

/** What every step of a run needs. */
export interface Course {
  readonly house: House;
  readonly seconds: number;
  readonly root: string;
  readonly subjects: Subjects;
  readonly pool: Pool;
  readonly plain: PlainCourse | undefined;
  readonly found: Found;
  readonly loads: LoadResult[];
  readonly wanted: (part: Part) => boolean;
}

/** Tells people of a load that is over. */
export function say(result: LoadResult, where = ''): void {
  const [p50, p99] = [result.latencies.p50, result.latencies.p99].map((ms) => ms.toFixed(1));
  const cost = `${cpuOf(result).toFixed(2)} ms of CPU, ${Math.round(result.perSecond)}/s`;
  note(`${where}${result.name}: ${cost}, p50 ${p50}, p99 ${p99} ms, ${result.errors} errors`);
}

/** Until the read side shows all that was answered before, in ms. */
export const caughtUp = ({ url, queryUrl }: House, accountId: string): Promise<number> =>
  readSideCaughtUp(url, queryUrl, accountId);

/** Runs the loads that were asked for, each followed by its twin on the plain ledger. */
export async function runLoads(course: Course, loads: readonly Load[]): Promise<void> {
  const { house, seconds, subjects, plain, wanted } = course;
  for (const load of loads.filter(({ part }) => wanted(part))) {
    const wait = load.side === 'commands' ? () => caughtUp(house, subjects.hot) : undefined;
    const result = await runLoad(house, load, seconds, wait);
    course.loads.push(result);
    say(result);
    const twin = await plain?.run(load.name, seconds);
    if (twin !== undefined) say(twin, 'plain ');
  }
}

/** Runs a load without looking. */
export async function warmUp(house: House, load: Load): Promise<void> {
  const url = load.side === 'commands' ? house.url : house.queryUrl;
  await closedLoop({ ...load, url, warmUpMs: 0, measureMs: WARM_UP_MS });
}
