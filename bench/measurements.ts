import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop } from './closed-loop.ts';
import type { House, Measured } from './house.ts';
import type { Load } from './loads.ts';
import { machineBusyMs, proportionalMib, sample } from './processes.ts';
import type { NamedPid, Sample } from './processes.ts';
import { cpuOf, GENERATOR_NAME, machine } from './report/results.ts';
import type { Audit, Idle, LoadResult, ProgramUse, Rebuild } from './report/results.ts';

/** Before each load. */
export const WARM_UP_MS = 2_000;
const REST_MS = 3_000;
const IDLE_MS = 5_000;

const GENERATOR = { name: GENERATOR_NAME, pid: process.pid };

/** CPU and memory of each program between two samples. */
export function usesOf(
  before: readonly Sample[],
  after: readonly Sample[],
  wallMs: number,
  requests: number,
): ProgramUse[] {
  const known = new Map(before.map((one) => [one.name, one.cpuMs]));
  return after.map(({ name, cpuMs, rssMib }) => {
    // A program that was restarted meanwhile began again at zero.
    const took = Math.max(0, cpuMs - (known.get(name) ?? 0));
    const cpuShare = took / (wallMs * machine().cores);
    return { name, cpuMsPerRequest: took / Math.max(requests, 1), cpuShare, rssMib };
  });
}

/** What a load took of every program, and of others meanwhile. */
export type Uses = Pick<LoadResult, 'programs' | 'othersShare'>;

/** Watches what all programs and this generator take, until it is ended. */
export function watchPrograms(house: Measured) {
  const programs = [...house.programs(), GENERATOR];
  const before = sample(programs);
  const busyBeforeMs = machineBusyMs();
  const startedAt = performance.now();
  return {
    end(): (requests: number) => Uses {
      const wallMs = performance.now() - startedAt;
      const busyMs = machineBusyMs() - busyBeforeMs;
      const after = sample(programs);
      return (requests) => {
        const uses = usesOf(before, after, wallMs, requests);
        const ours = uses.reduce((sum, { cpuShare }) => sum + cpuShare, 0);
        const othersShare = Math.max(0, busyMs / (wallMs * machine().cores) - ours);
        return { programs: uses, othersShare };
      };
    },
  };
}

/**
 * Runs one closed-loop load and tells what every program took for it. With `caughtUp`, which gives
 * the ms that it waited, what the programs take until then is reported as well.
 */
export async function runLoad(
  house: Measured,
  load: Load,
  seconds: number,
  caughtUp?: () => Promise<number>,
): Promise<LoadResult> {
  let watch = watchPrograms(house);
  let usesFor = watch.end();
  const result = await closedLoop({
    clients: load.clients,
    next: load.next,
    status: load.status,
    url: load.side === 'commands' ? house.url : house.queryUrl,
    warmUpMs: WARM_UP_MS,
    measureMs: seconds * 1_000,
    onStart: () => {
      watch = watchPrograms(house);
    },
    onEnd: () => {
      usesFor = watch.end();
      watch = watchPrograms(house);
    },
  });
  const { count } = result.latencies;
  const measured = { name: load.name, clients: load.clients, ...result, ...usesFor(count) };
  const catchUpMs = await caughtUp?.();
  if (catchUpMs === undefined) return measured;
  return { ...measured, catchUpMs, lateCpuMs: cpuOf(watch.end()(count)) };
}

/** Memory of every program, and the CPU that all of them take, while nothing is asked. */
export async function measureIdle(programs: readonly NamedPid[]): Promise<Idle> {
  await sleep(REST_MS);
  const before = sample(programs);
  await sleep(IDLE_MS);
  const after = sample(programs);
  const pss = proportionalMib(programs);
  const uses = usesOf(before, after, IDLE_MS, 1);
  return {
    memory: after.map(({ name, rssMib }) => ({ name, rssMib, pssMib: pss.get(name) ?? 0 })),
    cpuShare: uses.reduce((sum, { cpuShare }) => sum + cpuShare, 0),
  };
}

/** Reads what the rebuild command wrote last: how many events, in how many seconds. */
export function parseRebuild(projection: string, output: string): Rebuild {
  const events = [...output.matchAll(/(\d+) events,/g)].at(-1)?.[1];
  const seconds = /done in ([\d.]+) s/.exec(output)?.[1];
  if (events === undefined || seconds === undefined) {
    throw new Error(`the rebuild of ${projection} did not end well:\n${output}`);
  }
  return { projection, events: Number(events), seconds: Number(seconds) };
}

/** Reads what the audit wrote of its pace. */
export function parseAudit(output: string): Audit {
  const found = /^events +([\d,]+) in ([\d.]+) s/m.exec(output);
  if (found === null || !/^Books balance/m.test(output)) {
    throw new Error(`the audit did not end well:\n${output}`);
  }
  return { events: Number(found[1]!.replaceAll(',', '')), seconds: Number(found[2]) };
}

/** Walks the whole log with the bank's own command. */
export const runAudit = async (root: string, house: House): Promise<Audit> =>
  parseAudit(await runProgram(root, house, ['operations/audit.js', '--no-read-side']));

/** Rebuilds one projection with the bank's own command. */
export const runRebuild = async (
  root: string,
  house: House,
  projection: string,
): Promise<Rebuild> =>
  parseRebuild(projection, await runProgram(root, house, ['operations/rebuild.js', projection]));

async function runProgram(
  root: string,
  house: House,
  [file, ...args]: readonly [string, ...string[]],
): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'dist', file), ...args], {
    cwd: root,
    env: { ...process.env, ...house.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  }
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return Buffer.concat(chunks).toString('utf8');
}
