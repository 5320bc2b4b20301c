import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Totals } from './test-report.ts';
import { runStages } from './test-run.ts';

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
  const stage = (passed: number, failures: string[], work?: () => void) => ({
    name: 'some tests',
    run: (): Promise<Totals> => {
      work?.();
      return Promise.resolve({ passed, failures });
    },
  });

  test('ends with the sums alone on the last line', async () => {
    expect(await runStages([stage(3, []), stage(4, [])], 7)).toBe(0);
    expect(said.at(-1)).toBe('7 passed, 0 failed\n');
  });
  test('goes on after a failure, and has failed', async () => {
    expect(await runStages([stage(3, ['a.test.ts: adds: 1 is not 2']), stage(4, [])], 1)).toBe(1);
    expect(said.slice(-2)).toEqual([
      'FAILED: a.test.ts: adds: 1 is not 2\n',
      '7 passed, 1 failed\n',
    ]);
  });
  test('names what passed only alone, and has not failed', async () => {
    const unsteady = ['a.test.ts: waits: 3 s'];
    const run = { ...stage(3, []), run: async () => ({ passed: 3, failures: [], unsteady }) };
    expect(await runStages([run], 1)).toBe(0);
    expect(said.slice(-2)).toEqual([
      'UNSTEADY, passed alone: a.test.ts: waits: 3 s\n',
      '3 passed, 0 failed\n',
    ]);
  });
  test('that saw too few tests has failed', async () => {
    expect(await runStages([stage(7, [])], 8)).toBe(1);
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
    expect(await runStages([stage(7, [], leave)], 1)).toBe(1);
    expect(said.at(-1)).toBe('7 passed, 1 failed\n');
    await ended;
  });
});
