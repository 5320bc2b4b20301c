import { projectRoot } from '../runtime/instance.ts';
import { runCommand } from '../runtime/progress.ts';
import { openAccounts } from './accounts.ts';
import { measureAfterwards } from './afterwards.ts';
import { benchOptions, type BenchOptions } from './bench-options.ts';
import { caughtUp, DELAY_FACTOR, note, runLoads, say, warmUp } from './course.ts';
import type { Course, Found, Parts } from './course.ts';
import { measureDelays } from './delays.ts';
import { measureGrowth } from './growth.ts';
import { actorHosts, openHouse, type House } from './house.ts';
import { batchLoads, comparedLoads, singleLoads } from './loads.ts';
import { measureIdle, watchPrograms } from './measurements.ts';
import { isWanted, type Part } from './parts.ts';
import { openPlainCourse } from './plain/plain-course.ts';
import { unwatched } from './processes.ts';
import { fillPool, measureSpread, SPREAD } from './quiet-accounts.ts';
import { measureReceipts } from './receipts.ts';
import { report } from './report/report.ts';
import { machine, readKept, writeResults } from './report/results.ts';
import type { LoadResult, Results } from './report/results.ts';
import { createPool } from './spread.ts';

/** Half of a peak that this run did not measure. */
const DELAY_PER_SECOND = 500;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const halfOfPeak = (loads: readonly LoadResult[]): number => {
  const rate = loads.find(({ name }) => name === 'uniform')?.perSecond;
  return rate === undefined ? DELAY_PER_SECOND : Math.round(rate / 2);
};

/** The measurement, and how much of the processors went to others meanwhile. */
async function withOthers<Result>(
  house: House,
  measured: () => Promise<Result>,
): Promise<Result & { readonly othersShare: number }> {
  const watch = watchPrograms(house);
  return { ...(await measured()), othersShare: watch.end()(1).othersShare };
}

async function measureByTheClock(course: Course): Promise<void> {
  const { house, seconds, subjects, found, loads, wanted } = course;
  const { url, queryUrl } = house;
  const durationMs = seconds * DELAY_FACTOR * 1_000;
  if (wanted('delays')) {
    const perSecond = halfOfPeak(loads);
    note(`delays at ${perSecond}/s ...`);
    const asked = { url, queryUrl, accounts: subjects.many, perSecond, durationMs };
    found.delays = await withOthers(house, () => measureDelays(asked));
  }
  if (wanted('receipts')) {
    note('receipts ...');
    const asked = { url, queryUrl, accounts: subjects.many, hot: subjects.hot, durationMs };
    found.receipts = await withOthers(house, () => measureReceipts(asked));
  }
}

async function prepare(
  house: House,
  { accounts, only, seconds, instance }: BenchOptions,
  root: string,
) {
  const found: Found = { actorHosts: actorHosts(house), loads: [] };
  const wanted = (part: Part): boolean => isWanted(part, only);
  if (wanted('idle')) found.idleAtStart = await measureIdle(house.programs());
  note(`opening ${accounts} accounts ...`);
  const { opened } = await openAccounts(house, 'first', accounts);
  const [hot] = (await openAccounts(house, 'hot', 1)).opened;
  const subjects = { many: opened.map(({ id }) => id), hot: hot?.id ?? '' };
  await caughtUp(house, subjects.hot);
  const plain = wanted('plain') ? await openPlainCourse(instance, accounts) : undefined;
  note('warming up ...');
  const loads = [...comparedLoads(subjects), ...singleLoads(subjects)];
  const warm = loads.filter(({ name }) => name === 'uniform' || name === 'history');
  await Promise.all(warm.map((load) => warmUp(house, load)));
  const strays = unwatched([...house.programs(), ...(plain?.programs() ?? [])]);
  if (strays.length > 0) note(`nobody counts the CPU of the processes ${strays.join(', ')}`);
  return { house, seconds, root, subjects, pool: createPool(), plain, found, loads: [], wanted };
}

/** Everything that was asked for, in the order in which it disturbs least. */
async function measure(house: House, options: BenchOptions, root: string): Promise<Parts> {
  const course: Course = await prepare(house, options, root);
  const { subjects, wanted, found, loads, plain } = course;
  try {
    if (wanted('openings')) await fillPool(course, 'openings', SPREAD.spread10k);
    await runLoads(course, comparedLoads(subjects));
    await runLoads(course, singleLoads(subjects));
    await measureByTheClock(course);
    if (wanted('spread10k')) await measureSpread(course, 'spread10k');
    await runLoads(course, batchLoads(subjects));
    if (wanted('spread100k')) await fillPool(course, 'openings to 100000', SPREAD.spread100k);
    if (wanted('growth')) {
      await measureGrowth(
        house,
        course.seconds,
        (id) => caughtUp(house, id),
        (result) => {
          loads.push(result);
          say(result);
        },
      );
    }
    if (wanted('spread100k')) await measureSpread(course, 'spread100k');
    await measureAfterwards(course);
  } finally {
    await plain?.close();
  }
  return { ...found, loads, ...(plain === undefined ? {} : { plain: plain.results }) };
}

/** `npm run bench`: measures a bank and compares it with the numbers to reach and those kept. */
runCommand(async () => {
  const options = benchOptions(process.argv.slice(2));
  const root = projectRoot();
  const began = performance.now();
  const house = await openHouse(options);
  try {
    const parts = await measure(house, options, root);
    const results: Results = {
      at: new Date().toISOString(),
      machine: machine(),
      node: process.versions.node,
      seconds: options.seconds,
      minutes: (performance.now() - began) / 60_000,
      ...parts,
    };
    const kept = readKept(root);
    for (const line of report(results, kept)) print(line);
    print(`\nwritten to ${writeResults(root, results, options.keep)}`);
  } finally {
    await house.close();
  }
  process.exit(0);
});
