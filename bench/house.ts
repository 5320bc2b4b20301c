import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBank } from '../runtime/supervisor/bank.ts';
import { stopOnSignals } from '../runtime/supervisor/command.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { readProcessTable } from '../runtime/supervisor/process-table.ts';
import type { Supervisor } from '../runtime/supervisor/supervisor.ts';
import { authorizationFor } from '../operations/client/bearer.ts';
import type { BenchOptions } from './bench-options.ts';
import { authorize } from './connection.ts';
import type { NamedPid } from './processes.ts';

/** What a load is sent to. */
export interface Measured {
  readonly url: string;
  readonly queryUrl: string;
  /** Every program of it; empty when they cannot be known. */
  readonly programs: () => readonly NamedPid[];
}

/** The bank that is measured. */
export interface House extends Measured {
  /** Where its stores lie; undefined when it runs elsewhere. */
  readonly dataDir: string | undefined;
  /** From nothing running and no data to all apps ready; undefined when it ran before. */
  readonly startMs: number | undefined;
  /**
   * Stops it and starts it with its data, with that many actor hosts when a number is given;
   * gives the time of the start in ms. Undefined when it is not ours to stop.
   */
  readonly restart: ((actorHosts?: number) => Promise<number>) | undefined;
  /** What child processes need to find this bank. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

/** What all loads together need: commands, reads, receipts. */
const CLIENT_ROLES = ['teller'];
/** The runtime reads it at every start. */
const HOSTS_VARIABLE = 'ACTOR_HOSTS';
const HOST_NAME = /^bank-account-actor(?!.*daprd)/;

/** How many actor hosts run. */
export const actorHosts = ({ programs }: Measured): number =>
  programs().filter(({ name }) => HOST_NAME.test(name)).length;

/** Starts a bank of our own with empty data, or attaches to the one that was named. */
export async function openHouse(options: BenchOptions): Promise<House> {
  const { url, queryUrl, instance } = options;
  if (url !== undefined && queryUrl !== undefined) return attach(url, queryUrl);
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  const onSupervisor = stopWhoeverRuns();
  const timedStart = async () => {
    const started = performance.now();
    const bank = await startBank({ instance, dataDir }, onSupervisor);
    return { bank, startMs: performance.now() - started };
  };
  let { bank, startMs } = await timedStart();
  const apis = [bank.urls['core-bank-api'] ?? '', bank.urls['queries-bank-api'] ?? ''];
  await authorize(apis, async () => `Bearer ${await bank.token(CLIENT_ROLES)}`);
  return {
    url: bank.urls['core-bank-api'] ?? '',
    queryUrl: bank.urls['queries-bank-api'] ?? '',
    programs: () => bank.programs(),
    dataDir,
    startMs,
    restart: async (hosts) => {
      await bank.stop();
      if (hosts !== undefined) process.env[HOSTS_VARIABLE] = String(hosts);
      ({ bank, startMs } = await timedStart());
      return startMs;
    },
    env: { CORE_BANK_INSTANCE: String(instance), CORE_BANK_DATA: dataDir },
    close: () => bank.stop(),
  };
}

/** Signals stop the supervisor that was started last: the ones before have nothing left to stop. */
function stopWhoeverRuns(): (supervisor: Supervisor) => void {
  let current: Supervisor | undefined;
  return (supervisor) => {
    const isFirst = current === undefined;
    current = supervisor;
    if (!isFirst) return;
    stopOnSignals({
      ...supervisor,
      programs: () => current?.programs() ?? [],
      kill: (name, signal) => current?.kill(name, signal) ?? false,
      stop: async (graceMs) => current?.stop(graceMs),
    });
  };
}

async function attach(url: string, queryUrl: string): Promise<House> {
  await authorize([url, queryUrl], authorizationFor(CLIENT_ROLES));
  const { dataDir } = resolveInstance();
  const known = (): readonly NamedPid[] => readProcessTable(dataDir)?.programs ?? [];
  return {
    url,
    queryUrl,
    startMs: undefined,
    restart: undefined,
    env: {},
    programs: known,
    dataDir: known().length === 0 ? undefined : dataDir,
    close: async () => {},
  };
}
