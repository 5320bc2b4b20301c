import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackOff, manageProgram } from './managed-program.ts';

describe('back-off', () => {
  test('given deaths in a row, the delay doubles up to its limit', () => {
    const backOff = createBackOff(200, 1_000, 30_000);
    expect([1, 2, 3, 4, 5].map(() => backOff.next(0))).toEqual([200, 400, 800, 1_000, 1_000]);
  });

  test('given a healthy run, the next death starts from the first delay', () => {
    const backOff = createBackOff(200, 1_000, 30_000);
    backOff.next(0);
    backOff.next(0);
    expect(backOff.next(29_999)).toBe(800);
    expect(backOff.next(30_000)).toBe(200);
    expect(backOff.next(0)).toBe(400);
  });
});

/** The umask that a program finds, as that user. */
async function umaskOf(user?: { readonly uid: number; readonly gid: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'core-bank-umask-'));
  const logFile = join(folder, 'log');
  const program = manageProgram(
    {
      name: 'umask',
      command: '/bin/sh',
      args: ['-c', 'umask; sleep 60'],
      env: { PATH: process.env['PATH'] ?? '' },
      cwd: '/',
      logFile,
      port: 0,
      layer: 0,
      ready: async () => readFileSync(logFile, 'utf8').length > 0,
      ...(user === undefined ? {} : { user }),
    },
    { changed: () => undefined, noted: () => undefined },
  );
  program.start();
  while (program.state() !== 'ready') await new Promise((resolve) => setTimeout(resolve, 5));
  await program.stop();
  const said = readFileSync(logFile, 'utf8').trim();
  rmSync(folder, { recursive: true });
  return said;
}

describe('the files of a program', () => {
  test('given no user of its own, nobody else reads them', async () => {
    const before = process.umask();
    expect(await umaskOf()).toBe('0077');
    expect(process.umask()).toBe(before);
  });

  const own = { uid: process.getuid!(), gid: process.getgid!() };
  test('given one, its group writes them from their first moment', async () => {
    expect(await umaskOf(own)).toBe('0007');
  });
});
