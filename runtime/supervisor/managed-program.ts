import { processIdentity, signalGroup } from './process-identity.ts';
import type { ProgramState } from './process-table.ts';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The first delay before a restart. */
export const BACK_OFF_FIRST_MS = 200;
/** The longest delay before a restart. */
export const BACK_OFF_MAX_MS = 5_000;
/** A program that ran this long had recovered: its next death starts from the first delay. */
const HEALTHY_AFTER_MS = 30_000;

/** Delays between restarts. */
export interface BackOff {
  /** The delay before the next restart, given how long the program ran, in milliseconds. */
  readonly next: (ranForMs: number) => number;
}

/** Doubling delays between a first and a longest one, reset by a healthy run. */
export const createBackOff = (
  firstMs = BACK_OFF_FIRST_MS,
  maxMs = BACK_OFF_MAX_MS,
  healthyMs = HEALTHY_AFTER_MS,
): BackOff => {
  let delay = firstMs;
  return {
    next: (ranForMs) => {
      if (ranForMs >= healthyMs) delay = firstMs;
      const chosen = delay;
      delay = Math.min(delay * 2, maxMs);
      return chosen;
    },
  };
};

const READY_POLL_MS = 60;
const STOP_GRACE_MS = 10_000;
const HANG_POLL_MS = 500;

/** How one program is started, when it counts as ready and how it is stopped. */
export interface ProgramSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  readonly port: number;
  /** Programs stop from the highest layer down, so that none loses what it relies on. */
  readonly layer: number;
  readonly ready: () => Promise<boolean>;
  /** How far it steps back when the processors are busy (nice(1)); not at all when unset. */
  readonly niceness?: number;
  /** How long it may take until it is ready; a minute when unset. */
  readonly startMsMax?: number;
  /** After this many health checks in a row without an answer, it is killed. */
  readonly unansweredMax?: number;
  /** A program that it stops trying to reach when that is away for long. */
  readonly givesUpOn?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly stopSignal?: NodeJS.Signals;
  readonly beforeStart?: () => void;
}

/** A program that is kept running. */
export interface Managed {
  readonly spec: () => ProgramSpec;
  /** It is started in this way from the next time on. */
  readonly renew: (spec: ProgramSpec) => void;
  readonly start: () => void;
  readonly stop: (graceMs?: number) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => boolean;
  readonly state: () => ProgramState;
  readonly pid: () => number;
  readonly identity: () => string;
  readonly startedAt: () => number;
  readonly restarts: () => number;
}

/** Hears of what happens to a program. */
export interface Watcher {
  /** Something to show changed: state, pid or restarts. */
  readonly changed: () => void;
  /** A sentence for people about a death and what follows. */
  readonly noted: (sentence: string) => void;
}

const reason = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;

const spawnInto = (spec: ProgramSpec): ChildProcess => {
  spec.beforeStart?.();
  const log = openSync(spec.logFile, 'a', 0o600);
  const { niceness = 0 } = spec;
  const [command, args] =
    niceness === 0 || process.platform === 'win32'
      ? [spec.command, spec.args]
      : ['nice', ['-n', String(niceness), spec.command, ...spec.args]];
  const child = withUmask(spec.user === undefined ? OWN_FILES : FILES_OF_GROUP, () =>
    spawn(command, [...args], {
      cwd: spec.cwd,
      // Go programs ask for the name of their user, who has no entry in /etc/passwd.
      env: spec.user === undefined ? spec.env : { USER: spec.name, ...spec.env },
      detached: true,
      stdio: ['ignore', log, log],
      ...spec.user,
    }),
  );
  closeSync(log);
  return child;
};

/** What a program writes is nobody else's. */
const OWN_FILES = 0o077;
/**
 * With a user of its own, a program's group may share its files: all sidecars write the file of
 * addresses. SQLite makes its other two files and then gives them the mode of the first; a sidecar
 * that opened one in between could only read, and registered its address never.
 */
const FILES_OF_GROUP = 0o007;

/** A child has the umask of its parent at the moment when it is made. */
function withUmask<T>(umask: number, make: () => T): T {
  const before = process.umask(umask);
  try {
    return make();
  } finally {
    process.umask(before);
  }
}

const signalled = (child: ChildProcess | undefined, signal: NodeJS.Signals): boolean =>
  child?.pid !== undefined && signalGroup(child.pid, signal);

/** Asks a program to end, waits, and ends it by force when patience is over. */
const end = async (
  child: ChildProcess,
  spec: ProgramSpec,
  graceMs: number,
  noted: Watcher['noted'],
): Promise<void> => {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signalled(child, spec.stopSignal ?? 'SIGTERM');
  // A stopped (SIGSTOP) process acts on a polite signal only once it runs again.
  signalled(child, 'SIGCONT');
  const force = setTimeout(() => {
    noted(`${spec.name} did not stop within ${graceMs / 1_000} s, killing it`);
    signalled(child, 'SIGKILL');
  }, graceMs);
  await gone;
  clearTimeout(force);
};

/** Keeps one program running in its own process group: it is restarted when it dies. */
export const manageProgram = (
  first: ProgramSpec,
  watcher: Watcher,
  backOff = createBackOff(),
): Managed => {
  let spec = first;
  let child: ChildProcess | undefined;
  let state: ProgramState = 'stopped';
  let identity = '';
  let startedAt = 0;
  let restarts = 0;
  let wanted = false;
  let timer: NodeJS.Timeout | undefined;

  const change = (next: ProgramState): void => {
    state = next;
    watcher.changed();
  };

  const watchReady = async (mine: ChildProcess): Promise<void> => {
    const isStarting = (): boolean => child === mine && wanted && state === 'starting';
    for (; isStarting(); await sleep(READY_POLL_MS)) {
      if ((await spec.ready()) && isStarting()) change('ready');
    }
  };

  const watchHanging = async (mine: ChildProcess, max: number): Promise<void> => {
    for (let unanswered = 0; child === mine && wanted; await sleep(HANG_POLL_MS)) {
      if (state !== 'ready') continue;
      unanswered = (await spec.ready()) ? 0 : unanswered + 1;
      if (unanswered < max || child !== mine || !wanted) continue;
      watcher.noted(`${spec.name} does not answer, killing it`);
      signalled(mine, 'SIGKILL');
      return;
    }
  };

  const died = (mine: ChildProcess, cause: string): void => {
    if (child !== mine) return;
    child = undefined;
    // Whatever a dead leader left in its group must not hold the ports of its successor.
    if (mine.pid !== undefined) signalGroup(mine.pid, 'SIGKILL');
    if (!wanted) return change('stopped');
    restart(`died (${cause})`);
  };

  const restart = (what: string): void => {
    const delay = backOff.next(Date.now() - startedAt);
    watcher.noted(`${spec.name} ${what}, restarting in ${delay / 1_000} s`);
    restarts += 1;
    timer = setTimeout(() => {
      try {
        launch();
      } catch (error) {
        // Its log cannot be opened, for one: that may pass, as a disk that is full does.
        restart(`could not be started (${String(error)})`);
      }
    }, delay);
    change('restarting');
  };

  const launch = (): void => {
    const mine = spawnInto(spec);
    child = mine;
    startedAt = Date.now();
    identity = mine.pid === undefined ? '' : (processIdentity(mine.pid) ?? '');
    mine.once('error', (error) => died(mine, error.message));
    mine.once('exit', (code, signal) => died(mine, reason(code, signal)));
    change('starting');
    void watchReady(mine);
    if (spec.unansweredMax !== undefined) void watchHanging(mine, spec.unansweredMax);
  };

  const stop = async (graceMs = STOP_GRACE_MS): Promise<void> => {
    wanted = false;
    clearTimeout(timer);
    if (child !== undefined) await end(child, spec, graceMs, watcher.noted);
    else change('stopped');
  };

  return {
    spec: () => spec,
    renew: (next) => void (spec = next),
    start: () => {
      wanted = true;
      launch();
    },
    stop,
    kill: (signal) => signalled(child, signal),
    state: () => state,
    pid: () => child?.pid ?? 0,
    identity: () => identity,
    startedAt: () => startedAt,
    restarts: () => restarts,
  };
};
