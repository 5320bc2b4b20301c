import { readdirSync, readFileSync } from 'node:fs';

export interface NamedPid {
  readonly name: string;
  readonly pid: number;
}

/** One program with everything it started (PostgreSQL has a process per connection). */
export interface Sample {
  readonly name: string;
  readonly cpuMs: number;
  readonly rssMib: number;
}

const MS_PER_TICK = 10;
const BYTES_PER_PAGE = 4_096;
const MIB = 1_048_576;
const KIB_PER_MIB = 1_024;
const NICE_FIELD = 16;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
  readonly rssPages: number;
}

/** The numbers after the command in the text of /proc/PID/stat, which may hold blanks itself. */
const statFields = (text: string): number[] =>
  text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);

/** Reads the text of /proc/PID/stat; the command in it may hold blanks and parentheses. */
export function parseStat(text: string): Stat {
  const fields = statFields(text);
  // Own time in user and system mode, and that of children that ended and were waited for.
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return {
    pid: Number.parseInt(text, 10),
    parent: fields[1] ?? 0,
    cpuTicks: ticks,
    rssPages: fields[21] ?? 0,
  };
}

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // It ended between the listing and the reading.
  }
};

function allStats(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/stat`))
    .filter((text) => text !== undefined)
    .map(parseStat);
}

/** The threads of a process that step back this far (nice). */
export const threadsOfNiceness = (pid: number, niceness: number): number[] =>
  readdirSync(`/proc/${pid}/task`)
    .filter((thread) => {
      const text = read(`/proc/${pid}/task/${thread}/stat`);
      return text !== undefined && statFields(text)[NICE_FIELD] === niceness;
    })
    .map(Number);

/** A process and all that descend from it. */
export function familyOf(root: number, stats: readonly Stat[]): Stat[] {
  const members = new Set([root]);
  for (let before = 0; before < members.size;) {
    before = members.size;
    for (const { pid, parent } of stats) if (members.has(parent)) members.add(pid);
  }
  return stats.filter((stat) => members.has(stat.pid));
}

/** Reads the first line of /proc/stat: how long all cores together were busy, in ms. */
export function parseBusyMs(text: string): number {
  const ticks = text.split('\n', 1)[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  // In order: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softirq + steal) * MS_PER_TICK;
}

export const machineBusyMs = (): number => parseBusyMs(read('/proc/stat') ?? '');

/** The children of ours that belong to none of the programs, so that nobody counts them. */
export function unwatchedOf(root: number, watched: readonly number[], stats: readonly Stat[]) {
  const known = new Set([
    root,
    ...watched.flatMap((pid) => familyOf(pid, stats).map((s) => s.pid)),
  ]);
  return familyOf(root, stats)
    .map(({ pid }) => pid)
    .filter((pid) => !known.has(pid));
}

/** Those of this process: a load that has any did not count all of the CPU that it took. */
export const unwatched = (programs: readonly NamedPid[]): number[] =>
  unwatchedOf(
    process.pid,
    programs.map(({ pid }) => pid),
    allStats(),
  );

/**
 * CPU time so far and resident memory of each program, with that of all its children, those that
 * have ended included (user and system time; a tick is 10 ms).
 */
export function sample(programs: readonly NamedPid[]): Sample[] {
  const stats = allStats();
  return programs.map(({ name, pid }) => {
    // Our own children are the other programs, so of ourselves only we count.
    const family = pid === process.pid ? stats.filter((s) => s.pid === pid) : familyOf(pid, stats);
    const own = pid === process.pid ? process.cpuUsage() : undefined;
    const ticks = family.reduce((sum, stat) => sum + stat.cpuTicks, 0);
    const pages = family.reduce((sum, stat) => sum + stat.rssPages, 0);
    return {
      name,
      cpuMs: own === undefined ? ticks * MS_PER_TICK : (own.user + own.system) / 1_000,
      rssMib: (pages * BYTES_PER_PAGE) / MIB,
    };
  });
}

/** Memory with shared pages divided among those who share them: the fair sum, in MiB. */
export function proportionalMib(programs: readonly NamedPid[]): Map<string, number> {
  const stats = allStats();
  const pssKib = (pid: number): number =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0);
  return new Map(
    programs.map(({ name, pid }) => {
      const family = pid === process.pid ? [{ pid }] : familyOf(pid, stats);
      const kib = family.reduce((sum, member) => sum + pssKib(member.pid), 0);
      return [name, kib / KIB_PER_MIB] as const;
    }),
  );
}
