import { jestStage, scriptsStage, sharedStage, type Stage } from './test-run.ts';

/** They look at the sources alone. */
const CHECKS = ['types', 'lint', 'lint:imports', 'lint:unused', 'format:check'];
export const checks: Stage = scriptsStage('types, lint and format', CHECKS);

type TestStage = (...args: string[]) => Stage;

export const quickTests: TestStage = (...args) =>
  jestStage('quick pure tests', ['--selectProjects', 'pure', '--maxWorkers=2', ...args]);
/** They read sources and docs instead of importing them, so jest cannot tell what they are of. */
export const houseRules: Stage = jestStage('house rules', [
  '--selectProjects',
  'pure',
  '--testPathPatterns',
  'reliability/(tidy|docs|contributing).test',
]);
export const pureTests: TestStage = (...args) =>
  jestStage('pure tests', ['--selectProjects', 'pure', 'long', '--maxWorkers=2', ...args]);
/** Who runs chosen tests wants to see how they fail, not whether they pass alone. */
const twoAtATime =
  (name: string, project: string): TestStage =>
  (...args) => {
    const options = ['--selectProjects', project];
    return args.length === 0
      ? sharedStage(name, options)
      : jestStage(name, [...options, '--maxWorkers=2', ...args]);
  };

/** They start servers of their own, and wait for them most of the time. */
export const integrationTests = twoAtATime('integration tests', 'integration');
/** What the whole house does and how it comes back; two of them fit on two cores. */
export const houseTests = twoAtATime('whole-house tests', 'house');
/** One file at a time: a house under load takes both cores, and has 10 s to be sound again. */
export const faultTests: TestStage = (...args) =>
  jestStage('fault tests', ['--selectProjects', 'faults', '--runInBand', ...args]);
