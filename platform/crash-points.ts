import { readFileSync, rmSync } from 'node:fs';

const crashFile = process.env['CORE_BANK_CRASH_FILE'];

/**
 * For reliability tests: ends the process as kill -9 does when the file that CORE_BANK_CRASH_FILE
 * names contains this name. It happens once, because the file is removed first. Costs nothing when
 * the variable is not set.
 */
export function crashPoint(name: string): void {
  if (crashFile === undefined || planned(crashFile) !== name) return;
  rmSync(crashFile, { force: true });
  process.kill(process.pid, 'SIGKILL');
}

function planned(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
