import { readFileSync, rmSync } from 'node:fs';

const crashFile = process.env['CORE_BANK_CRASH_FILE'];

/**
 * For reliability tests: dies as kill -9 does when the file that CORE_BANK_CRASH_FILE names
 * holds this name. It dies once, because the file goes first. Costs nothing without the file.
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
