import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inParallel } from '../platform/parallel.ts';
import { clock } from '../runtime/progress.ts';
import { endLeftovers, type Leftover } from './test-leftovers.ts';
import { failedFiles, readReport, totalsOf, type TestFile, type Totals } from './test-report.ts';

const STAGE_LIMIT_MS = 18 * 60_000;

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

/** A stage of scripts of package.json, two at a time; they say nothing where all is well. */
export const scriptsStage = (name: string, scripts: readonly string[]): Stage => ({
  name,
  run: async () => {
    const wrong: string[] = [];
    await inParallel(scripts, 2, async (script) => {
      if (!(await endsWell('npm', ['run', '--silent', script]))) wrong.push(`npm run ${script}`);
    });
    return totalsOf([], { wrong });
  },
});

/** Runs jest, which may end badly without a failed test; no report is a failure of its own. */
async function runJest(
  name: string,
  args: readonly string[],
): Promise<{ readonly files: TestFile[]; readonly wrong: readonly string[] }> {
  const path = join(tmpdir(), `${name.replaceAll(' ', '-')}.json`);
  rmSync(path, { force: true });
  // A test that leaves a socket open would keep jest alive after its report.
  const options = ['--json', `--outputFile=${path}`, '--forceExit', ...args];
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const isWell = await endsWell(process.execPath, [jest, ...options]);
  if (!existsSync(path)) return { files: [], wrong: [`${name}: jest left no report`] };
  const files = readReport(JSON.parse(readFileSync(path, 'utf8')));
  const isTold = isWell || totalsOf(files).failures.length > 0;
  return { files, wrong: isTold ? [] : [`${name}: jest failed, and no test did`] };
}

/** A stage of the tests that these arguments of jest choose. */
export const jestStage = (name: string, args: readonly string[]): Stage => ({
  name,
  run: async () => {
    const { files, wrong } = await runJest(name, args);
    return totalsOf(files, { isByName: args.includes('--testNamePattern'), wrong });
  },
});

/** More than these failed files are no accident of a busy machine. */
const AGAIN_MAX = 2;

/**
 * A stage of tests that run two files at a time, each with servers of its own. Where one or two
 * files fail, they run again, alone and with the same random seed: what fails for a reason of its
 * own fails again; what only missed a time limit next to a busy neighbour passes, and the end of
 * the run names it.
 */
export const sharedStage = (name: string, args: readonly string[]): Stage => ({
  name,
  run: async () => {
    process.env['SEED'] ??= String(Date.now() % 1_000_000);
    say(`SEED=${process.env['SEED']}`);
    const first = await runJest(name, [...args, '--maxWorkers=2']);
    const totals = totalsOf(first.files, first);
    const again = failedFiles(first.files);
    if (again.length === 0 || again.length > AGAIN_MAX) return totals;
    for (const failure of totals.failures) say(failure);
    say(`Once more, alone: ${again.join(', ')}`);
    const second = await runJest(name, [...args, '--runInBand', '--runTestsByPath', ...again]);
    const isOld = ({ name: path }: TestFile): boolean => !again.includes(path);
    const isBad = failedFiles(second.files);
    const steadied = first.files.filter((file) => !isOld(file) && !isBad.includes(file.name));
    const files = [...first.files.filter((file) => isOld(file)), ...second.files];
    return { ...totalsOf(files, second), unsteady: totalsOf(steadied).failures };
  },
});

const leftLine = ({ pid, command }: Leftover): string =>
  `left running, so killed: ${pid} ${command}`;

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
  let passed = 0;
  const failures: string[] = [];
  const unsteady: string[] = [];
  for (const [index, stage] of stages.entries()) {
    const title = `[${index + 1}/${stages.length}] ${stage.name}`;
    say(`\n${title} (${clock(Date.now() - started)})`);
    const totals = await stage.run();
    const left = endLeftovers(scratch);
    passed += totals.passed;
    unsteady.push(...(totals.unsteady ?? []));
    const wrong = [...totals.failures, ...left.map(leftLine)];
    failures.push(...wrong);
    if (wrong.length > 0) say(`${title}: FAILED`);
  }
  say(`\nTook ${clock(Date.now() - started)}.`);
  for (const line of unsteady) say(`UNSTEADY, passed alone: ${line}`);
  for (const line of failures) say(`FAILED: ${line}`);
  const failed = failures.length;
  const seen = passed + failed;
  if (seen < testsMin) say(`Only ${seen} tests ran, at least ${testsMin} were expected.`);
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 && seen >= testsMin ? 0 : 1;
}
