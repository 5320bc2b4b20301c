import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failedFiles, readReport, totalsOf } from './test-report.ts';
import { jestStage, sharedStage } from './test-run.ts';

const test_ = (fullName: string, status: string) => ({
  fullName,
  status,
  failureMessages: status === 'failed' ? ['\u001B[31mno\u001B[39m\n  at line 3'] : [],
});
const file = (name: string, status: string, ...assertionResults: unknown[]) => ({
  name,
  status,
  message: 'does not load',
  assertionResults,
});
const good = file('good', 'passed', test_('adds', 'passed'), test_('takes', 'passed'));
const mixed = file('mixed', 'failed', test_('adds', 'passed'), test_('takes', 'failed'));
const skips = file('skips', 'passed', test_('adds', 'pending'), test_('takes', 'todo'));
const broken = file('broken', 'failed');
const filesOf = (...testResults: unknown[]) => readReport({ testResults });

test('passed tests are counted as passed', () => {
  expect(totalsOf(filesOf(good))).toEqual({ passed: 2, failures: [] });
});

test('failed, skipped and planned tests and files that did not load count as failed', () => {
  expect(totalsOf(filesOf(good, mixed, skips, broken), { wrong: ['jest'] })).toEqual({
    passed: 3,
    failures: [
      'mixed: takes: no at line 3',
      'skips: adds: pending',
      'skips: takes: todo',
      'broken: does not load',
      'jest',
    ],
  });
  expect(failedFiles(filesOf(good, mixed, skips, broken))).toEqual(['mixed', 'skips', 'broken']);
});

test('given tests chosen by name, the others do not count', () => {
  const { failures } = totalsOf(filesOf(good, mixed, skips), { isByName: true });
  expect(failures).toEqual(['mixed: takes: no at line 3']);
});

test.each([null, {}, { testResults: [file('good', 'so so')] }, { testResults: [{}] }])(
  'a report without what is counted is refused (%j)',
  (report) => {
    expect(() => readReport(report)).toThrow();
  },
);

describe('tests of jest itself', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'jest-'));
    writeFileSync(join(folder, 'jest.config.json'), '{"testEnvironment":"node"}');
    // What it prints would look like failures of this run.
    writeFileSync(join(folder, 'quiet.cjs'), 'module.exports = class {};');
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });
  const write = (name: string, body: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `const fs = require('node:fs'); test('${name}', () => {${body}});`);
    return path;
  };
  const OPTIONS = (): string[] => [
    '--rootDir',
    folder,
    '--config',
    join(folder, 'jest.config.json'),
    '--reporters',
    join(folder, 'quiet.cjs'),
  ];
  const passesAlone = (name: string): string =>
    write(
      name,
      `const seen = __filename + process.env.SEED;
      if (fs.existsSync(seen)) return; fs.writeFileSync(seen, ''); throw new Error('busy');`,
    );

  test('what fails and passes alone with the same seed is unsteady', async () => {
    write('good.test.js', '');
    const path = passesAlone('late.test.js');
    const totals = await sharedStage('some tests', OPTIONS()).run();
    expect(totals).toMatchObject({ passed: 2, failures: [] });
    expect(totals.unsteady).toEqual([
      expect.stringContaining(`${path}: late.test.js: Error: busy`),
    ]);
  }, 60_000);

  test('what fails again has failed, and what fails in many files is not tried again', async () => {
    write('bad.test.js', "throw new Error('wrong')");
    const once = await sharedStage('some tests', OPTIONS()).run();
    expect(once.failures).toEqual([expect.stringContaining('Error: wrong')]);
    expect(once.unsteady).toEqual([]);
    for (const name of ['a', 'b']) passesAlone(`${name}.test.js`);
    const many = await sharedStage('some tests', OPTIONS()).run();
    expect(many.failures).toHaveLength(3);
    expect(many.unsteady).toBeUndefined();
  }, 60_000);

  test('a run without a report and one that jest alone failed have failed', async () => {
    const [lost] = (await jestStage('some tests', ['--noSuchOption']).run()).failures;
    expect(lost).toBe('some tests: jest left no report');
    const empty = await jestStage('some tests', OPTIONS()).run();
    expect(empty.failures).toHaveLength(1);
  }, 60_000);
});
