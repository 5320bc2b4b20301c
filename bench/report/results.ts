import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { AuditCost } from '../audit-cost.ts';
import type { Delays } from '../delays.ts';
import type { LoopResult } from '../closed-loop.ts';
import type { Receipts } from '../receipts.ts';

/** What one program took during a load. */
export interface ProgramUse {
  readonly name: string;
  readonly cpuMsPerRequest: number;
  /** Of all cores of the machine, 0 to 1. */
  readonly cpuShare: number;
  readonly rssMib: number;
}

export interface LoadResult extends LoopResult {
  readonly name: string;
  readonly clients: number;
  readonly programs: readonly ProgramUse[];
  /** CPU that went to anything but the bank and the generator: 0.3 makes a run worthless. */
  readonly othersShare: number;
  /** After a load of commands: until balances and histories showed all of it. */
  readonly catchUpMs?: number;
  /** CPU that the programs took meanwhile, per request; what a backlog hides of the cost. */
  readonly lateCpuMs?: number;
  /** The shortest time that an account rested between two commands. */
  readonly restMs?: number;
}

/** The load generator runs alongside the bank and is no part of what a command costs. */
export const GENERATOR_NAME = 'load generator';

/** CPU of all programs of the bank, in ms per request. */
export const cpuOf = ({ programs }: Pick<LoadResult, 'programs'>): number =>
  programs
    .filter(({ name }) => name !== GENERATOR_NAME)
    .reduce((sum, { cpuMsPerRequest }) => sum + cpuMsPerRequest, 0);

/** What a store takes of the disk. */
export interface StoreSize {
  readonly store: string;
  readonly bytes: number;
}

/** Bytes at rest, and the events in the log that they stand for. */
export interface AtRest {
  readonly stores: readonly StoreSize[];
  readonly events: number;
  readonly accounts: number;
}

interface Memory {
  readonly name: string;
  readonly rssMib: number;
  readonly pssMib: number;
}

export interface Idle {
  readonly memory: readonly Memory[];
  /** Of all cores, while nobody asks for anything. */
  readonly cpuShare: number;
}

export interface Rebuild {
  readonly projection: string;
  readonly events: number;
  readonly seconds: number;
}

/** The whole log walked by `npm run audit`. */
export interface Audit {
  readonly events: number;
  readonly seconds: number;
}

export interface Results {
  readonly at: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly memoryGib: number };
  readonly node: string;
  /** Measured seconds of each load, and minutes of all of it. */
  readonly seconds: number;
  readonly minutes: number;
  /** How many actor hosts served all loads but twoHosts. */
  readonly actorHosts: number;
  readonly loads: readonly LoadResult[];
  /** The same loads on the plain ledger, by the same names. */
  readonly plain?: readonly LoadResult[];
  readonly atRest?: AtRest;
  readonly delays?: Delays & { readonly othersShare: number };
  readonly idleAtStart?: Idle;
  readonly idleAfter?: Idle;
  readonly startMs?: number;
  readonly restartMs?: number;
  readonly rebuilds?: readonly Rebuild[];
  readonly receipts?: Receipts & { readonly othersShare: number };
  readonly auditCost?: AuditCost;
  readonly audit?: Audit;
}

const GIB = 1_073_741_824;

export const machine = (): Results['machine'] => ({
  cores: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryGib: Math.round(totalmem() / GIB),
});

export const totalOf = (idle: Idle, which: 'rssMib' | 'pssMib'): number =>
  idle.memory.reduce((sum, program) => sum + program[which], 0);

const folder = (root: string): string => join(root, 'bench', 'results');

/** Writes the results, and makes them the kept ones when that was asked for. */
export function writeResults(root: string, results: Results, keep: boolean): string {
  mkdirSync(folder(root), { recursive: true });
  const text = `${JSON.stringify(results, null, 1)}\n`;
  const file = join(folder(root), 'latest.json');
  writeFileSync(file, text);
  if (keep) writeFileSync(join(folder(root), 'kept.json'), text);
  return file;
}

export function readKept(root: string): Results | undefined {
  const file = join(folder(root), 'kept.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined;
}
