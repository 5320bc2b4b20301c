import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { clock } from '../runtime/progress.ts';
import { endLeftovers } from './test-leftovers.ts';

const STAGE_LIMIT_MS = 18 * 60_000;

/** What a stage came to. One that has no tests of its own counts only when it fails. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

export interface Stage {
  readonly name: string;
  readonly run: () => Promise<Totals>;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs a program with its output shown; tells whether it ended well, and in time. */
function endsWell(command: string, args: readonly string[]): Promise<boolean> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: STAGE_LIMIT_MS,
    killSignal: 'SIGKILL',
    // Windows needs it for npm.cmd; the arguments are fixed words then.
    shell: process.platform === 'win32' && command === 'npm',
  });
  const end = (): void => void child.kill();
  process.once('exit', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('exit', end);
      if (signal !== null) say(`${signal} ended it; it has ${clock(STAGE_LIMIT_MS)} min at most.`);
      resolve(code === 0);
    });
  });
}

/** A stage that is a script of package.json. */
export const scriptStage = (name: string): Stage => ({
  name,
  run: async () => ({
    passed: 0,
    failed: (await endsWell('npm', ['run', '--silent', name])) ? 0 : 1,
  }),
});

const count = z.int().nonnegative();
const jestReport = z.object({
  numPassedTests: count,
  numFailedTests: count,
  numPendingTests: count,
  numTodoTests: count,
  numRuntimeErrorTestSuites: count,
});

/**
 * Reads what jest wrote with --json. A file that did not even load and a test that was skipped
 * count as failed: neither has proven anything. But when tests are chosen by name, jest says of
 * all others that they were skipped.
 */
export function totalsOf(report: unknown, isByName = false): Totals {
  const counts = jestReport.parse(report);
  const skipped = isByName ? 0 : counts.numPendingTests + counts.numTodoTests;
  const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites + skipped;
  return { passed: counts.numPassedTests, failed };
}

/** A stage of the tests that these arguments of jest choose. */
export const jestStage = (name: string, args: readonly string[]): Stage => ({
  name,
  run: async () => {
    const report = join(tmpdir(), `${name.replaceAll(' ', '-')}.json`);
    // A test that leaves a socket open would keep jest alive after its report.
    const options = ['--json', `--outputFile=${report}`, '--forceExit', ...args];
    const jest = join('node_modules', 'jest', 'bin', 'jest.js');
    const isWell = await endsWell(process.execPath, [jest, ...options]);
    if (!existsSync(report)) return { passed: 0, failed: 1 };
    const isByName = args.includes('--testNamePattern');
    const totals = totalsOf(JSON.parse(readFileSync(report, 'utf8')), isByName);
    return isWell || totals.failed > 0 ? totals : { ...totals, failed: 1 };
  },
});

/** Everything temporary of a run lies in a folder of its own, which its processes are known by. */
function useScratch(): string {
  const scratch = mkdtempSync(join(tmpdir(), 'cbt-'));
  // PostgreSQL of a test run by root works as another user, who has to pass through.
  chmodSync(scratch, process.getuid?.() === 0 ? 0o711 : 0o700);
  process.env['TMPDIR'] = scratch;
  process.once('exit', () => {
    endLeftovers(scratch);
    rmSync(scratch, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(1));
  }
  return scratch;
}

/**
 * Runs the stages in order, all of them whatever fails, and prints the sums alone on the last
 * line. A run that saw too few tests has failed, whatever those few said. Gives the exit code.
 */
export async function runStages(stages: readonly Stage[], testsMin: number): Promise<number> {
  const scratch = useScratch();
  const started = Date.now();
  let [passed, failed] = [0, 0];
  for (const [index, stage] of stages.entries()) {
    const title = `[${index + 1}/${stages.length}] ${stage.name}`;
    say(`\n${title} (${clock(Date.now() - started)})`);
    const totals = await stage.run();
    const left = endLeftovers(scratch);
    for (const { pid, command } of left) say(`left running, so killed: ${pid} ${command}`);
    passed += totals.passed;
    failed += totals.failed + left.length;
    if (totals.failed + left.length > 0) say(`${title}: FAILED`);
  }
  say(`\nTook ${clock(Date.now() - started)}.`);
  const seen = passed + failed;
  if (seen < testsMin) say(`Only ${seen} tests ran, at least ${testsMin} were expected.`);
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 && seen >= testsMin ? 0 : 1;
}
