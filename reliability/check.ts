import { runCommand } from '../runtime/progress.ts';
import { projectRoot } from '../runtime/instance.ts';
import { runStages } from './test-run.ts';
import { FORMAT, LINT, PURE_TESTS, TYPES } from './test-stages.ts';

/** Fewer would mean that files are not found, so the run would prove too little. */
const TESTS_MIN = 100;

/** `npm run check`: what can be known without servers, in less than a minute. */
runCommand(async () => {
  process.exitCode = await runStages(projectRoot(), [TYPES, LINT, FORMAT, PURE_TESTS], TESTS_MIN);
});
