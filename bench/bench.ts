import { projectRoot } from '../runtime/instance.ts';
import { runCommand } from '../runtime/progress.ts';
import { measureAuditCost } from './audit-cost.ts';
import { openAccounts, readSideCaughtUp } from './accounts.ts';
import { benchOptions, type BenchOptions } from './bench-options.ts';
import { closedLoop } from './closed-loop.ts';
import { measureDelays } from './delays.ts';
import { openHouse, type House } from './house.ts';
import { batchLoads, isWanted, singleLoads, type Load, type Subjects } from './loads.ts';
import { measureIdle, runAudit, runLoad, runRebuild, watchPrograms } from './measurements.ts';
import { measureReceipts } from './receipts.ts';
import { report } from './report.ts';
import { machine, readKept, writeResults } from './results.ts';
import type { LoadResult, Rebuild, Results } from './results.ts';

const PROJECTIONS = ['balances', 'history'] as const;
/** Tails need more samples than rates do. */
const DELAY_FACTOR = 2;
/** Half of a peak that this run did not measure. */
const DELAY_PER_SECOND = 500;

/** A bank that runs for a day is warm; code that was just loaded is several times slower. */
const WARM_UP_MS = 8_000;
const WARM_UP_WRITES = 'uniform keyed, 64';
const WARM_UP_READS = 'history, 16';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const note = (text: string): void => void process.stderr.write(`${text}\n`);

type Parts = Omit<Results, 'at' | 'machine' | 'node' | 'seconds'>;

const halfOfPeak = (loads: readonly LoadResult[]): number => {
  const rates = loads.filter(({ name }) => name.startsWith('uniform,')).map((one) => one.perSecond);
  return rates.length === 0 ? DELAY_PER_SECOND : Math.round(Math.max(...rates) / 2);
};

const withoutGenerator = (house: House) =>
  house.programs().filter(({ pid }) => pid !== process.pid);

async function warmUp(house: House, loads: readonly Load[], name: string): Promise<void> {
  const load = loads.find((one) => one.name === name);
  if (load === undefined) throw new Error(`there is no load "${name}"`);
  const url = load.side === 'commands' ? house.url : house.queryUrl;
  await closedLoop({ ...load, url, warmUpMs: 0, measureMs: WARM_UP_MS });
}

/** The measurement, and how much of the processors went to others meanwhile. */
async function withOthers<Measured>(
  house: House,
  measured: () => Promise<Measured>,
): Promise<Measured & { readonly othersShare: number }> {
  const watch = watchPrograms(house.programs());
  return { ...(await measured()), othersShare: watch.end()(1).othersShare };
}

/** What auditing costs, and how fast it is. */
async function measureAudit(
  house: House,
  seconds: number,
  { many, hot }: Subjects,
  root: string,
): Promise<Pick<Parts, 'auditCost' | 'audit'>> {
  const { url, queryUrl } = house;
  const parts: { -readonly [Name in keyof Parts]?: Parts[Name] } = {};
  note('commands with and without the background audit ...');
  const load = singleLoads({ many, hot }).find(({ name }) => name === WARM_UP_WRITES)!;
  const cost = await measureAuditCost(house, load, seconds);
  if (cost !== undefined) parts.auditCost = cost;
  await readSideCaughtUp(url, queryUrl, hot);
  note('auditing the whole log ...');
  parts.audit = await runAudit(root, house);
  return parts;
}

async function measure(house: House, options: BenchOptions, root: string): Promise<Parts> {
  const { url, queryUrl } = house;
  const wanted = (name: string): boolean => isWanted(name, options.only);
  const idleAtStart = wanted('idle') ? await measureIdle(house.programs()) : undefined;

  note(`opening ${options.accounts} accounts ...`);
  const many = await openAccounts(url, options.accounts);
  const [hot = ''] = await openAccounts(url, 1);
  await readSideCaughtUp(url, queryUrl, hot);

  const loads: LoadResult[] = [];
  const all = singleLoads({ many, hot });
  note('warming up ...');
  await Promise.all([WARM_UP_WRITES, WARM_UP_READS].map((name) => warmUp(house, all, name)));
  const runAll = async (several: readonly Load[]): Promise<void> => {
    for (const load of several.filter(({ name }) => wanted(name))) {
      const result = await runLoad(house, load, options.seconds, many[0] ?? hot);
      loads.push(result);
      const [p50, p99] = [result.latencies.p50, result.latencies.p99].map((ms) => ms.toFixed(1));
      const rate = Math.round(result.perSecond);
      note(`${load.name}: ${rate}/s, p50 ${p50}, p99 ${p99} ms, ${result.errors} errors`);
    }
  };
  await runAll(all);

  const parts: { -readonly [Name in keyof Parts]: Parts[Name] } = { loads };
  const durationMs = options.seconds * DELAY_FACTOR * 1_000;
  if (wanted('delays')) {
    const perSecond = halfOfPeak(loads);
    note(`delays at ${perSecond}/s ...`);
    const asked = { url, queryUrl, accounts: many, perSecond, durationMs };
    parts.delays = await withOthers(house, () => measureDelays(asked));
  }
  if (wanted('receipts')) {
    note('receipts ...');
    const asked = { url, queryUrl, accounts: many, hot, durationMs };
    parts.receipts = await withOthers(house, () => measureReceipts(asked));
  }
  await runAll(batchLoads({ many, hot }));
  if (wanted('audit')) {
    Object.assign(parts, await measureAudit(house, durationMs / 1_000, { many, hot }, root));
  }
  if (idleAtStart !== undefined) {
    parts.idleAtStart = idleAtStart;
    parts.idleAfter = await measureIdle(withoutGenerator(house));
  }
  if (wanted('rebuild')) {
    const rebuilds: Rebuild[] = [];
    for (const name of PROJECTIONS) {
      note(`rebuilding ${name} ...`);
      rebuilds.push(await runRebuild(root, house, name));
    }
    parts.rebuilds = rebuilds;
  }
  if (house.startMs !== undefined) parts.startMs = house.startMs;
  if (house.restart !== undefined && wanted('restart')) parts.restartMs = await house.restart();
  return parts;
}

/** `npm run bench`: measures a bank and compares it with the numbers to reach and those kept. */
runCommand(async () => {
  const options = benchOptions(process.argv.slice(2));
  const root = projectRoot();
  const house = await openHouse(options);
  try {
    const parts = await measure(house, options, root);
    const results: Results = {
      at: new Date().toISOString(),
      machine: machine(),
      node: process.versions.node,
      seconds: options.seconds,
      ...parts,
    };
    const kept = readKept(root);
    for (const line of report(results, kept)) say(line);
    say(`\nwritten to ${writeResults(root, results, options.keep)}`);
  } finally {
    await house.close();
  }
  process.exit(0);
});
