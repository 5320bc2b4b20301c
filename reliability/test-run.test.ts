import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { runStages, totalsOf, type Totals } from './test-run.ts';

const report = {
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};
const bad = {
  ...report,
  numFailedTests: 1,
  numPendingTests: 2,
  numTodoTests: 4,
  numRuntimeErrorTestSuites: 8,
};

test('passed tests are counted as passed', () => {
  expect(totalsOf(report)).toEqual({ passed: 7, failed: 0 });
});

test('failed, skipped and planned tests and files that did not load count as failed', () => {
  expect(totalsOf(bad)).toEqual({ passed: 7, failed: 15 });
});

test('given tests chosen by name, the others do not count', () => {
  expect(totalsOf(bad, true)).toEqual({ passed: 7, failed: 9 });
});

test.each([null, {}, { ...report, numFailedTests: 'none' }, { ...report, numPassedTests: -1 }])(
  'a report without the counts is refused (%j)',
  (broken) => {
    expect(() => totalsOf(broken)).toThrow();
  },
);

describe('a run', () => {
  const { TMPDIR } = process.env;
  let said: string[];
  beforeEach(() => {
    said = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    const { TMPDIR: scratch = '' } = process.env;
    if (scratch !== TMPDIR) rmSync(scratch, { recursive: true });
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  const stage = (passed: number, failed: number, work?: () => void) => ({
    name: 'some tests',
    run: (): Promise<Totals> => {
      work?.();
      return Promise.resolve({ passed, failed });
    },
  });

  test('ends with the sums alone on the last line', async () => {
    expect(await runStages([stage(3, 0), stage(4, 0)], 7)).toBe(0);
    expect(said.at(-1)).toBe('7 passed, 0 failed\n');
  });
  test('goes on after a failure, and has failed', async () => {
    expect(await runStages([stage(3, 1), stage(4, 0)], 1)).toBe(1);
    expect(said.at(-1)).toBe('7 passed, 1 failed\n');
  });
  test('that saw too few tests has failed', async () => {
    expect(await runStages([stage(7, 0)], 8)).toBe(1);
    expect(said.at(-1)).toBe('7 passed, 0 failed\n');
  });
  test('that leaves a process running has failed, and the process is gone', async () => {
    let ended: Promise<unknown> = Promise.resolve();
    const leave = (): void => {
      // As a process has it that a test of jest starts.
      const env = { ...process.env };
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { env });
      ended = new Promise((resolve) => child.once('exit', resolve));
    };
    expect(await runStages([stage(7, 0, leave)], 1)).toBe(1);
    expect(said.at(-1)).toBe('7 passed, 1 failed\n');
    await ended;
  });
});
