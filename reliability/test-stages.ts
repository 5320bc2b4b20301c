import { jestStage, scriptStage, type Stage } from './test-run.ts';

/** Scripts of package.json that look at the sources alone. */
const CHECKS = ['types', 'lint', 'format:check'];
export const checks: readonly Stage[] = CHECKS.map(scriptStage);

type TestStage = (...args: string[]) => Stage;

export const pureTests: TestStage = (...args) =>
  jestStage('pure tests', ['--selectProjects', 'pure', '--maxWorkers=2', ...args]);
/** They start servers of their own, and wait for them most of the time. */
export const integrationTests: TestStage = (...args) =>
  jestStage('integration tests', ['--selectProjects', 'integration', '--maxWorkers=2', ...args]);
/** One file at a time: a whole house takes both cores. */
export const houseTests: TestStage = (...args) =>
  jestStage('whole-house tests', ['--selectProjects', 'house', '--runInBand', ...args]);
