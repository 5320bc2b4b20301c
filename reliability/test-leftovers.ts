import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // The process ended meanwhile, or belongs to somebody else.
  }
};

/** Processes whose TMPDIR is that folder: what a test run started and did not stop (Linux). */
export function leftoversOf(scratch: string): Leftover[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`TMPDIR=${scratch}`))
    .map((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 100);
      return { pid: Number(pid), command };
    });
}

/** Ends what is left, by pid, and gives what it was. */
export function endLeftovers(scratch: string): Leftover[] {
  const left = leftoversOf(scratch);
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself a moment ago.
    }
  }
  return left;
}
