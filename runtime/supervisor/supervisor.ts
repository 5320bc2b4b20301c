import { requireFreePorts } from '../ports.ts';
import { CannotRun } from '../progress.ts';
import {
  BACK_OFF_FIRST_MS,
  BACK_OFF_MAX_MS,
  createBackOff,
  manageProgram,
  type Managed,
  type ProgramSpec,
} from './managed-program.ts';
import { type Entry, release, takeOver, writeProcessTable } from './process-table.ts';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** NATS clients in sidecars try 60 times, 2 s apart, and then never again. */
const GIVEN_UP_AFTER_MS = 60_000;

/** Which programs give up on another one that stays away for long: name to names. */
export type GivesUpOn = ReadonlyMap<string, string>;

/**
 * Watches how long programs are away. After a long outage of one, those that gave up on it are
 * restarted: they would run on without it, and look healthy.
 */
export const watchOutages = (restart: (name: string, because: string) => void) => {
  const awaySince = new Map<string, number>();
  return (programs: readonly Entry[], givesUpOn: GivesUpOn, nowMs: number): void => {
    for (const { name, state } of programs) {
      const since = awaySince.get(name);
      if (state !== 'ready') awaySince.set(name, since ?? nowMs);
      else if (since !== undefined) {
        awaySince.delete(name);
        if (nowMs - since < GIVEN_UP_AFTER_MS) continue;
        for (const [dependent, on] of givesUpOn) if (on === name) restart(dependent, name);
      }
    }
  };
};

const LOG_BYTES_MAX = 20 * 1024 * 1024;
const LOG_LINES_SHOWN = 5;
const START_MS_MAX = 60_000;
/** A program that dies this often before it was ever ready will not come up by itself. */
const START_DEATHS_MAX = 3;
const POLL_MS = 30;
const TABLE_RETRY_MS = 1_000;
const STOPPED_EARLY = 'Stopped while starting.';

/** Starts programs, restarts those that die, and stops them. */
export interface Supervisor {
  /** Starts programs in parallel and waits until all are ready. */
  readonly start: (specs: readonly ProgramSpec[]) => Promise<void>;
  /** Signals one program's process group; it is restarted when that ends it. */
  readonly kill: (name: string, signal: NodeJS.Signals) => boolean;
  /** Stops one program and keeps it down until `bringUp`, for tests of longer outages. */
  readonly takeDown: (name: string) => Promise<void>;
  readonly bringUp: (name: string) => Promise<void>;
  /** From its next start on, a program is started in this way. */
  readonly renew: (spec: ProgramSpec) => void;
  /** Stops programs, and starts them in the ways given. */
  readonly restart: (specs: readonly ProgramSpec[]) => Promise<void>;
  /** Stops one program and forgets it. */
  readonly remove: (name: string) => Promise<void>;
  readonly programs: () => readonly Entry[];
  readonly stop: (graceMs?: number) => Promise<void>;
}

const rotate = (file: string): void => {
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
};

const lastLines = (file: string): string =>
  readFileSync(file, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n');

const entryOf = (managed: Managed): Entry => ({
  name: managed.spec().name,
  pid: managed.pid(),
  identity: managed.identity(),
  port: managed.spec().port,
  layer: managed.spec().layer,
  state: managed.state(),
  startedAt: managed.startedAt(),
  restarts: managed.restarts(),
});

const untilReady = async (managed: Managed, isStopping: () => boolean): Promise<void> => {
  const { name, logFile, startMsMax = START_MS_MAX } = managed.spec();
  const deadline = Date.now() + startMsMax;
  const restartsBefore = managed.restarts();
  while (managed.state() !== 'ready') {
    if (isStopping()) throw new CannotRun(STOPPED_EARLY);
    if (managed.restarts() - restartsBefore >= START_DEATHS_MAX) {
      throw new CannotRun(
        `${name} died ${START_DEATHS_MAX} times while starting, see ${logFile}. ` +
          `It ended with:\n${lastLines(logFile)}`,
      );
    }
    if (Date.now() > deadline) {
      throw new CannotRun(`${name} was not ready within ${startMsMax / 1_000} s, see ${logFile}.`);
    }
    await sleep(POLL_MS);
  }
};

/**
 * Makes this process the supervisor of a data folder. Every program is written to the process table
 * as soon as it runs, so that even after a killed supervisor every program is known.
 * @returns rejects while another supervisor lives.
 */
export const createSupervisor = async (
  dataDir: string,
  note: (sentence: string) => void,
  backOffMsMax = BACK_OFF_MAX_MS,
): Promise<Supervisor> => {
  const cleaned = await takeOver(dataDir);
  if (cleaned.length > 0) note(`Ended what a killed start had left: ${cleaned.join(', ')}.`);
  const all = new Map<string, Managed>();
  let stopping: Promise<void> | undefined;

  const programs = (): Entry[] => [...all.values()].map(entryOf);
  const look = watchOutages((name, because) => {
    note(`${because} was away for long, so ${name} is restarted: it has given up on it`);
    all.get(name)?.kill('SIGTERM');
  });
  let unwritten: NodeJS.Timeout | undefined;
  const write = (): void => {
    const isNew = unwritten === undefined;
    clearTimeout(unwritten);
    unwritten = undefined;
    try {
      writeProcessTable(dataDir, programs());
    } catch (error) {
      // A disk that is full must not end the one who restarts what it kills.
      if (isNew) note(`What runs cannot be written down: ${String(error)}`);
      unwritten = setTimeout(write, TABLE_RETRY_MS);
    }
  };
  const changed = (): void => {
    write();
    const givesUpOn = [...all.values()].flatMap((managed): [string, string][] => {
      const { name, givesUpOn: on } = managed.spec();
      return on === undefined ? [] : [[name, on]];
    });
    look(programs(), new Map(givesUpOn), Date.now());
  };
  const isStopping = (): boolean => stopping !== undefined;

  const start = async (specs: readonly ProgramSpec[]): Promise<void> => {
    await requireFreePorts(new Map(specs.map((spec) => [spec.port, spec.name])));
    // Parts start side by side, so one may come here after another's failure ended it all.
    if (isStopping()) throw new CannotRun(STOPPED_EARLY);
    for (const spec of specs) {
      rotate(spec.logFile);
      const backOff = createBackOff(BACK_OFF_FIRST_MS, backOffMsMax);
      const managed = manageProgram(spec, { changed, noted: note }, backOff);
      all.set(spec.name, managed);
      managed.start();
    }
    await Promise.all(specs.map((spec) => untilReady(all.get(spec.name) as Managed, isStopping)));
  };

  const bringUp = async (name: string): Promise<void> => {
    const managed = all.get(name);
    if (managed === undefined) return;
    if (managed.state() === 'stopped') managed.start();
    await untilReady(managed, isStopping);
  };

  const renew = (spec: ProgramSpec): void => all.get(spec.name)?.renew(spec);
  const restart = async (specs: readonly ProgramSpec[]): Promise<void> => {
    await Promise.all(specs.map(async ({ name }) => all.get(name)?.stop()));
    specs.forEach(renew);
    await Promise.all(specs.map(({ name }) => bringUp(name)));
  };

  const remove = async (name: string): Promise<void> => {
    await all.get(name)?.stop();
    all.delete(name);
    changed();
  };

  const stopAll = async (graceMs?: number): Promise<void> => {
    const layers = [...new Set([...all.values()].map((managed) => managed.spec().layer))];
    for (const layer of layers.sort((a, b) => b - a)) {
      const group = [...all.values()].filter((managed) => managed.spec().layer === layer);
      await Promise.all(group.map((managed) => managed.stop(graceMs)));
    }
    clearTimeout(unwritten);
    release(dataDir);
  };

  return {
    start,
    kill: (name, signal) => all.get(name)?.kill(signal) ?? false,
    takeDown: async (name) => all.get(name)?.stop(),
    bringUp,
    renew,
    restart,
    remove,
    programs,
    stop: (graceMs) => (stopping ??= stopAll(graceMs)),
  };
};
