import { execFileSync } from 'node:child_process';
import { resolveInstance } from '../runtime/instance.ts';
import { runCommand } from '../runtime/progress.ts';
import { runStages } from './test-run.ts';
import { checks, houseRules, quickTests } from './test-stages.ts';

/** Fewer would mean that files are not found, so the run would prove too little. */
const TESTS_MIN = 1_000;
/** Which part of their runs random tests make; `npm test` makes all of them. */
const RUNS = '0.03';

/** Whether files differ from the last commit; where there is no git, nobody can tell. */
function hasChanges(cwd: string): boolean {
  try {
    return execFileSync('git', ['status', '--porcelain'], { cwd, stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
}

/**
 * `npm run check`: what can be known quickly and without servers. Of the tests it runs those that
 * import what was changed since the last commit, or all with `--all` and where nothing was.
 */
runCommand(async () => {
  process.env['CORE_BANK_RUNS'] ??= RUNS;
  const isPart = !process.argv.includes('--all') && hasChanges(resolveInstance().root);
  const tests = isPart
    ? [houseRules, quickTests('--onlyChanged', '--passWithNoTests')]
    : [quickTests()];
  process.exitCode = await runStages([checks, ...tests], isPart ? 0 : TESTS_MIN);
});
