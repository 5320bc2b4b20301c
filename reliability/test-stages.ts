import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { totalsOf, type Totals } from './test-totals.ts';

/** Where a run works: the checkout, and a folder of its own for everything temporary. */
export interface Place {
  readonly root: string;
  readonly scratch: string;
}

export interface Stage {
  readonly name: string;
  readonly run: (place: Place) => Promise<Totals>;
}

const FAILED: Totals = { passed: 0, failed: 1 };
const WORKERS_MAX = 2;
const STAGE_LIMIT_MS = 14 * 60_000;
/** A test file that leaves a socket or a timer open keeps jest alive after its report. */
const EXIT_AFTER_REPORT_MS = 20_000;
const POLL_MS = 500;

/** Runs a program of node_modules with its output shown; gives its exit code. */
function runProgram(
  place: Place,
  program: string,
  args: readonly string[],
  reported: () => boolean = () => false,
): Promise<number> {
  const child = spawn(process.execPath, [join(place.root, 'node_modules', program), ...args], {
    cwd: place.root,
    // Whatever a test starts inherits TMPDIR: that is how leftovers are recognised.
    env: { ...process.env, TMPDIR: place.scratch, CORE_BANK_HOME: place.root },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let deadline = Date.now() + STAGE_LIMIT_MS;
  let hasReported = false;
  const watch = setInterval(() => {
    if (!hasReported && reported()) {
      hasReported = true;
      deadline = Math.min(deadline, Date.now() + EXIT_AFTER_REPORT_MS);
    }
    if (Date.now() < deadline) return;
    process.stderr.write(`${program} did not end in time, so it was killed.\n`);
    child.kill('SIGKILL');
  }, POLL_MS);
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(watch);
      process.off('exit', end);
      resolve(code ?? 1);
    });
  });
}

const checkStage = (name: string, program: string, args: readonly string[]): Stage => ({
  name,
  run: async (place) => {
    const code = await runProgram(place, program, args);
    return code === 0 ? { passed: 0, failed: 0 } : FAILED;
  },
});

const jestStage = (name: string, args: readonly string[]): Stage => ({
  name,
  run: async (place) => {
    const report = join(place.scratch, `${name.replaceAll(' ', '-')}.json`);
    const options = ['--json', `--outputFile=${report}`, ...args];
    const code = await runProgram(place, 'jest/bin/jest.js', options, () => existsSync(report));
    if (!existsSync(report)) return FAILED;
    const totals = totalsOf(JSON.parse(readFileSync(report, 'utf8')));
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
  },
});

const INTEGRATION = String.raw`\.integration\.test\.ts$`;
const HOUSE = String.raw`/reliability/.*\.integration\.test\.ts$`;
/** Giving patterns to ignore replaces those of the configuration, so they are repeated. */
const NOT = ['/node_modules/', '/dist/'];
const without = (...patterns: readonly string[]): string[] =>
  [...NOT, ...patterns].map((pattern) => `--testPathIgnorePatterns=${pattern}`);

export const TYPES = checkStage('types', 'typescript/bin/tsc', ['--noEmit', '-p', '.']);
export const LINT = checkStage('lint', 'oxlint/bin/oxlint', ['--deny-warnings', '--quiet', '.']);
export const IMPORTS = checkStage('imports', 'dependency-cruiser/bin/dependency-cruise.mjs', [
  '--config',
  '.dependency-cruiser.mjs',
  '--output-type',
  'err-long',
  '.',
]);
export const UNUSED = checkStage('unused code', 'knip/bin/knip.js', []);
export const FORMAT = checkStage('format', 'prettier/bin/prettier.cjs', [
  '--log-level=warn',
  '--check',
  '**/*.{ts,mjs}',
]);
export const PURE_TESTS = jestStage('pure tests', [
  `--maxWorkers=${WORKERS_MAX}`,
  ...without(INTEGRATION),
]);
/** They start servers of their own, and wait for them most of the time. */
export const INTEGRATION_TESTS = jestStage('integration tests', [
  `--maxWorkers=${WORKERS_MAX}`,
  `--testPathPatterns=${INTEGRATION}`,
  ...without(HOUSE),
]);
/** One file at a time: a whole house takes both cores. */
export const HOUSE_TESTS = jestStage('whole-house tests', [
  '--runInBand',
  `--testPathPatterns=${HOUSE}`,
  ...without(),
]);
