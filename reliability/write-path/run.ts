import { command, Option, wholeNumber } from '../../operations/command-line.ts';
import { runCommand } from '../../runtime/progress.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { simulate } from './simulation.ts';

/** `npm run simulate`: thousands of lives of the write path, each from a seed. */
runCommand(async () => {
  const {
    seeds,
    from,
    bug,
    trace: isTraced = false,
  } = command('simulate', 'Lives of the write path.')
    .option('--seeds <n>', 'how many lives', wholeNumber(1), 10_000)
    .option('--from <n>', 'the first seed', wholeNumber(0), 1)
    .addOption(new Option('--bug <name>', 'that is planted, to be found').choices(PLANTED_BUGS))
    .option('--trace', 'tells every step')
    .parse()
    .opts();
  const totals = new Map<string, number>();
  const began = process.cpuUsage();
  let failed = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { violations, seen, trace } = await simulate(seed, { bug, isTraced });
    for (const [what, times] of seen) totals.set(what, (totals.get(what) ?? 0) + times);
    if (isTraced) process.stdout.write(`${trace.join('\n')}\n`);
    if (violations.length === 0) continue;
    failed += 1;
    process.stdout.write(`seed ${seed}: ${violations.slice(0, 3).join(' | ')}\n`);
    if (failed >= 20 || bug !== undefined) break;
  }
  const { user, system } = process.cpuUsage(began);
  const sorted = [...totals].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [what, times] of sorted)
    process.stdout.write(`${String(times).padStart(9)} ${what}\n`);
  process.stdout.write(`${seeds} seeds, ${failed} failed, ${(user + system) / 1e6} s of CPU\n`);
  process.exitCode = failed === 0 || bug !== undefined ? 0 : 1;
});
