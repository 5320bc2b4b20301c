import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBank } from '../runtime/bank.ts';
import { stopOnSignals } from '../runtime/command.ts';
import { resolveInstance } from '../runtime/instance.ts';
import { readLedger } from '../runtime/ledger.ts';
import type { BenchOptions } from './bench-options.ts';
import type { NamedPid } from './processes.ts';

/** The bank that is measured. */
export interface House {
  readonly url: string;
  readonly queryUrl: string;
  /** Every program of it, and this one; empty when they cannot be known. */
  readonly programs: () => NamedPid[];
  /** From nothing running and no data to all apps ready; undefined when it ran before. */
  readonly startMs: number | undefined;
  /** Stops it and starts it with its data; gives the time of the start. */
  readonly restart: (() => Promise<number>) | undefined;
  /** What child processes need to find this bank. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const GENERATOR = { name: 'load generator', pid: process.pid };

/** Starts a bank of our own with empty data, or attaches to the one that was named. */
export async function openHouse(options: BenchOptions): Promise<House> {
  const { url, queryUrl, instance } = options;
  if (url !== undefined && queryUrl !== undefined) return attach(url, queryUrl);
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  const timedStart = async () => {
    const started = performance.now();
    const bank = await startBank({ instance, dataDir }, stopOnSignals);
    return { bank, startMs: performance.now() - started };
  };
  let { bank, startMs } = await timedStart();
  return {
    url: bank.urls['core-bank-api'] ?? '',
    queryUrl: bank.urls['queries-bank-api'] ?? '',
    programs: () => [...bank.programs(), GENERATOR],
    startMs,
    restart: async () => {
      await bank.stop();
      ({ bank, startMs } = await timedStart());
      return startMs;
    },
    env: { CORE_BANK_INSTANCE: String(instance), CORE_BANK_DATA: dataDir },
    close: () => bank.stop(),
  };
}

function attach(url: string, queryUrl: string): House {
  const { dataDir } = resolveInstance();
  const known = (): NamedPid[] => [...(readLedger(dataDir)?.programs ?? [])];
  return {
    ...{ url, queryUrl, startMs: undefined, restart: undefined, env: {} },
    programs: () => (known().length === 0 ? [] : [...known(), GENERATOR]),
    close: async () => {},
  };
}
