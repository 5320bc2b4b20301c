import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity, signalGroup } from './process-identity.ts';
import { CannotRun } from '../progress.ts';
import { writePrivate } from '../private-file.ts';

const LEFTOVER_GRACE_MS = 5_000;
const POLL_MS = 50;

/** The state of a program. */
export type ProgramState = 'starting' | 'ready' | 'restarting' | 'stopped';

/** One program as the process table and `npm run status` show it. */
export interface Entry {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
  readonly port: number;
  readonly layer: number;
  readonly state: ProgramState;
  readonly startedAt: number;
  readonly restarts: number;
}

/** The process table: the supervisor of a data folder and its programs. */
export interface ProcessTable {
  readonly supervisor: { readonly pid: number; readonly identity: string };
  readonly programs: readonly Entry[];
}

/** The file with the process table. */
const tableFile = (dataDir: string): string => join(dataDir, 'running.json');

/** The process table of a data folder; undefined when there is none. */
export const readProcessTable = (dataDir: string): ProcessTable | undefined => {
  const file = tableFile(dataDir);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessTable;
  } catch {
    return undefined;
  }
};

/** True when that very process, not a later one with its pid, is alive. */
export const isAlive = (one: { readonly pid: number; readonly identity: string }): boolean =>
  processIdentity(one.pid) === one.identity;

/** Whether the supervisor of a data folder lives. */
export const isRunning = ({ dataDir }: { readonly dataDir: string }): boolean => {
  const table = readProcessTable(dataDir);
  return table !== undefined && isAlive(table.supervisor);
};

/** Writes the process table. */
export const writeProcessTable = (dataDir: string, programs: readonly Entry[]): void => {
  const identity = processIdentity(process.pid) ?? '';
  const table: ProcessTable = { supervisor: { pid: process.pid, identity }, programs };
  writePrivate(tableFile(dataDir), `${JSON.stringify(table, null, 1)}\n`);
};

/** Whether it is done within the limit, in milliseconds. */
export const waitUntil = async (done: () => boolean, limitMs: number): Promise<boolean> => {
  const deadline = Date.now() + limitMs;
  while (!done()) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
};

/**
 * Ends programs that a killed supervisor left behind: highest layer first, by a signal, then by
 * force. A pid that now belongs to another process is left alone. Returns their names.
 */
export const endLeftovers = async (table: ProcessTable): Promise<string[]> => {
  const living = table.programs.filter(isAlive);
  const layers = [...new Set(living.map((entry) => entry.layer))].sort((a, b) => b - a);
  for (const layer of layers) {
    const group = living.filter((entry) => entry.layer === layer && isAlive(entry));
    for (const entry of group) signalGroup(entry.pid, 'SIGTERM');
    const ended = (): boolean => group.every((entry) => !isAlive(entry));
    if (await waitUntil(ended, LEFTOVER_GRACE_MS)) continue;
    for (const entry of group.filter(isAlive)) signalGroup(entry.pid, 'SIGKILL');
    await waitUntil(ended, LEFTOVER_GRACE_MS);
  }
  return living.map((entry) => entry.name);
};

const alreadyRunning = (pid: number): CannotRun =>
  new CannotRun(
    `This bank is running already (supervisor pid ${pid}): use it, or stop it with ` +
      '"npm run stop" before you start it again.',
  );

/**
 * Makes this process the only supervisor of the data folder and cleans up after a killed one.
 * Returns the names of what it ended.
 * @throws CannotRun while another supervisor lives.
 */
export const takeOver = async (dataDir: string): Promise<string[]> => {
  mkdirSync(dataDir, { recursive: true });
  const before = readProcessTable(dataDir);
  if (before !== undefined && isAlive(before.supervisor)) {
    throw alreadyRunning(before.supervisor.pid);
  }
  // Creating the lock file is atomic, so of two that start at once only one goes on.
  const lock = join(dataDir, 'supervisor.lock');
  const holder = `${process.pid} ${processIdentity(process.pid)}`;
  if (existsSync(lock)) {
    const [pid, identity] = readFileSync(lock, 'utf8').split(' ');
    const other = { pid: Number(pid), identity: identity ?? '' };
    if (other.pid !== process.pid && isAlive(other)) throw alreadyRunning(other.pid);
    rmSync(lock, { force: true });
  }
  try {
    writeFileSync(lock, holder, { flag: 'wx', mode: 0o600 });
  } catch {
    throw new CannotRun('Another start of this bank is under way: wait for it, then try again.');
  }
  const cleaned = before === undefined ? [] : await endLeftovers(before);
  writeProcessTable(dataDir, []);
  return cleaned;
};

/** Gives up the data folder, so that another supervisor may take it. */
export const release = (dataDir: string): void => {
  rmSync(tableFile(dataDir), { force: true });
  rmSync(join(dataDir, 'supervisor.lock'), { force: true });
};
