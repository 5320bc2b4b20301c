import { parseArgs } from 'node:util';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    bug: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const bug = PLANTED_BUGS.find((one) => one === values.bug) as PlantedBug | undefined;
if (values.bug !== undefined && bug === undefined) throw new Error(PLANTED_BUGS.join('\n'));
const [from, count] = [Number(values.from), Number(values.seeds)];
const totals = new Map<string, number>();
const began = process.cpuUsage();
let failed = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const { violations, seen, trace } = await simulate(seed, { bug, isTraced: values.trace });
  for (const [what, times] of seen) totals.set(what, (totals.get(what) ?? 0) + times);
  if (values.trace) process.stdout.write(`${trace.join('\n')}\n`);
  if (violations.length === 0) continue;
  failed += 1;
  process.stdout.write(`seed ${seed}: ${violations.slice(0, 3).join(' | ')}\n`);
  if (failed >= 20 || bug !== undefined) break;
}
const { user, system } = process.cpuUsage(began);
const sorted = [...totals].sort(([one], [other]) => (one < other ? -1 : 1));
for (const [what, times] of sorted) process.stdout.write(`${String(times).padStart(9)} ${what}\n`);
process.stdout.write(`${count} seeds, ${failed} failed, ${(user + system) / 1e6} s of CPU\n`);
process.exitCode = failed === 0 || bug !== undefined ? 0 : 1;
