import { runCommand } from '../runtime/progress.ts';
import { runStages } from './test-run.ts';
import { checks, quickTests } from './test-stages.ts';

/** Fewer would mean that files are not found, so the run would prove too little. */
const TESTS_MIN = 1_000;
/** Which part of their runs random tests make; `npm test` makes all of them. */
const RUNS = '0.03';

/** `npm run check`: what can be known quickly and without servers. */
runCommand(async () => {
  process.env['CORE_BANK_RUNS'] ??= RUNS;
  process.exitCode = await runStages([...checks, quickTests()], TESTS_MIN);
});
