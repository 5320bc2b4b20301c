import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '../runtime/progress.ts';
import { endLeftovers } from './test-leftovers.ts';
import type { Stage } from './test-stages.ts';
import { add, NOTHING, verdictOf, type Totals } from './test-totals.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** PostgreSQL of a test run by root works as another user, who has to pass through. */
function makeScratch(): string {
  const scratch = mkdtempSync(join(tmpdir(), 'cbt-'));
  chmodSync(scratch, process.getuid?.() === 0 ? 0o711 : 0o700);
  return scratch;
}

/**
 * Runs the stages in order, all of them whatever fails, and prints the sums alone on the last
 * line. Gives the exit code.
 */
export async function runStages(
  root: string,
  stages: readonly Stage[],
  testsMin: number,
): Promise<number> {
  const place = { root, scratch: makeScratch() };
  const started = Date.now();
  let sum: Totals = NOTHING;
  process.once('exit', () => {
    endLeftovers(place.scratch);
    rmSync(place.scratch, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

  for (const [index, stage] of stages.entries()) {
    say(`\n[${index + 1}/${stages.length}] ${stage.name} (${clock(Date.now() - started)})`);
    const totals = await stage.run(place);
    sum = add(sum, totals);
    for (const { pid, command } of endLeftovers(place.scratch)) {
      say(`left running by ${stage.name}, so killed: ${pid} ${command}`);
      sum = add(sum, { passed: 0, failed: 1 });
    }
    if (totals.failed > 0) say(`[${index + 1}/${stages.length}] ${stage.name}: FAILED`);
  }
  const verdict = verdictOf(sum, testsMin);
  say(`\nTook ${clock(Date.now() - started)}.`);
  for (const remark of verdict.remarks) say(remark);
  say(verdict.line);
  return verdict.ok ? 0 : 1;
}
