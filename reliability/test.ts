import { execFileSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { resolveInstance } from '../runtime/instance.ts';
import { findNode, hasNode } from '../runtime/programs/node-versions.ts';
import { findPrograms, SERVED_BY_START } from '../runtime/programs/programs.ts';
import { readVersions } from '../runtime/programs/versions.ts';
import { createProgress, runCommand } from '../runtime/progress.ts';
import { runStages, type Stage } from './test-run.ts';
import { checks, faultTests, houseTests, integrationTests, pureTests } from './test-stages.ts';

/** Fewer would mean that files are not found, so the run would prove too little. */
const TESTS_MIN = 1_000;

const instance = resolveInstance();

/** What the other stages need, so that none of them waits for it. */
const programs: Stage = {
  name: 'programs',
  run: async () => {
    const progress = createProgress();
    await findPrograms(instance, SERVED_BY_START, progress);
    const versions = readVersions(instance.root);
    for (const major of Object.keys(versions.nodes)) {
      if (hasNode(versions, major)) await findNode(instance, versions, major);
      else
        progress.say(
          `npm has no Node ${major} for this machine: the verifier is not tested on it.`,
        );
    }
    return { passed: 0, failures: [] };
  },
};

/** The test files whose path in the checkout has that name. */
function filesNamed(name: string): string[] {
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const listed = execFileSync(process.execPath, [jest, '--listTests'], { encoding: 'utf8' });
  const files = listed.trim().split('\n');
  return files.filter((file) => relative(instance.root, file).includes(name));
}

/** The tests in files that are called so or, where there are none, the tests that are. */
function stagesFor(name: string): Stage[] {
  const files = filesNamed(name);
  const chosen = files.length > 0 ? ['--runTestsByPath', ...files] : ['--testNamePattern', name];
  const args = ['--passWithNoTests', ...chosen];
  const arePure = files.length > 0 && !files.some((file) => file.includes('.integration.'));
  if (arePure) return [pureTests(...args)];
  const onServers = [integrationTests, houseTests, faultTests].map((stage) => stage(...args));
  return [pureTests(...args), programs, ...onServers];
}

/**
 * `npm test`: everything, on real servers and at last on the whole house. `npm test -- NAME`: only
 * the tests whose path or name has it.
 */
runCommand(async () => {
  const name = process.argv.slice(2).join(' ');
  // A part of the runs is for `npm run check`; it may be left over in somebody's shell.
  delete process.env['CORE_BANK_RUNS'];
  const onServers = [programs, integrationTests(), houseTests(), faultTests()];
  const everything = [checks, pureTests(), ...onServers];
  process.exitCode =
    name === '' ? await runStages(everything, TESTS_MIN) : await runStages(stagesFor(name), 1);
});
