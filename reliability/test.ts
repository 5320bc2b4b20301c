import { resolveInstance } from '../runtime/instance.ts';
import { findPrograms, SERVED_BY_START } from '../runtime/programs/programs.ts';
import { createProgress, runCommand } from '../runtime/progress.ts';
import { runStages } from './test-run.ts';
import { FORMAT, HOUSE_TESTS, INTEGRATION_TESTS, LINT, PURE_TESTS, TYPES } from './test-stages.ts';
import type { Stage } from './test-stages.ts';

/** Fewer would mean that files are not found, so the run would prove too little. */
const TESTS_MIN = 150;

const PROGRAMS: Stage = {
  name: 'runtimes',
  run: async () => {
    await findPrograms(resolveInstance(), SERVED_BY_START, createProgress());
    return { passed: 0, failed: 0 };
  },
};

/** `npm test`: everything, on real servers and at last on the whole house. */
runCommand(async () => {
  const stages = [TYPES, LINT, FORMAT, PURE_TESTS, PROGRAMS, INTEGRATION_TESTS, HOUSE_TESTS];
  process.exitCode = await runStages(resolveInstance().root, stages, TESTS_MIN);
});
