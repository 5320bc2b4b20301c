import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const STAT_START_TIME = 19;
const STAT_PARENT = 1;
const KIB_PER_PAGE = 4;

/** The fields of /proc/<pid>/stat after the command, which itself may hold spaces. */
const statFields = (pid: number): string[] | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

const ps = (pid: number, column: string): string | undefined => {
  try {
    const text = execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' });
    return text.trim() === '' ? undefined : text.trim();
  } catch {
    return undefined;
  }
};

/**
 * Distinguishes a process from a later one with the same pid: its start time (and boot). Undefined
 * when no such process lives; a zombie counts as dead.
 */
export const processIdentity = (pid: number): string | undefined => {
  if (process.platform !== 'linux') return ps(pid, 'lstart');
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${bootId()}:${fields[STAT_START_TIME]}`;
};

/** Resident memory of a process and its children, in KiB. */
export const residentKib = (pid: number): number => {
  if (process.platform !== 'linux') return Number(ps(pid, 'rss') ?? 0);
  const family = new Set([pid]);
  const pids = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  for (const one of pids) {
    const parent = statFields(one)?.[STAT_PARENT];
    if (parent !== undefined && family.has(Number(parent))) family.add(one);
  }
  let pages = 0;
  for (const one of family) {
    try {
      const statm = readFileSync(`/proc/${one}/statm`, 'utf8');
      const [, resident, shared] = statm.split(' ').map(Number);
      // Shared pages count once, for the parent: PostgreSQL's children share most of theirs.
      pages += one === pid ? (resident ?? 0) : (resident ?? 0) - (shared ?? 0);
    } catch {
      // A child that ended meanwhile holds no memory.
    }
  }
  return pages * KIB_PER_PAGE;
};

/** Signals a whole process group; false when it no longer exists. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
};
