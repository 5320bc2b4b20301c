import { GROWTH_LOADS } from '../growth.ts';
import { cpuOf, GENERATOR_NAME, type AtRest, type LoadResult, type Results } from './results.ts';
import { cents, percent, ratio, short, table, whole } from './text-table.ts';

/** So that a line stays readable in a terminal. */
const LOADS_PER_TABLE = 7;
const MS_PER_S = 1_000;

const named = (results: Results | undefined, name: string): LoadResult | undefined =>
  results?.loads.find((load) => load.name === name);

/** One line per load: CPU of all programs first, because it varies least. */
export function loadTable(results: Results, kept: Results | undefined): string[] {
  const header = ['load', 'clients', 'CPU ms', 'per s', 'p50 ms', 'p99 ms', 'errors', 'late CPU'];
  const more = ['caught up s', 'rest s', 'to others', 'CPU / kept', 'per s / kept', 'p99 / kept'];
  const rows = results.loads.map((load) => {
    const { p50, p99 } = load.latencies;
    const before = named(kept, load.name);
    return [
      load.name,
      String(load.clients),
      cents(cpuOf(load)),
      whole(load.perSecond),
      short(p50),
      short(p99),
      String(load.errors),
      cents(load.lateCpuMs),
      short(load.catchUpMs === undefined ? undefined : load.catchUpMs / MS_PER_S),
      short(load.restMs === undefined ? undefined : load.restMs / MS_PER_S),
      percent(load.othersShare),
      ratio(cpuOf(load), before && cpuOf(before)),
      ratio(load.perSecond, before?.perSecond),
      ratio(p99, before?.latencies.p99),
    ];
  });
  const notes = [...results.loads, ...(results.plain ?? [])]
    .filter(({ firstError }) => firstError !== undefined)
    .map(({ name, firstError }) => `first error of ${name}: ${firstError}`);
  return [...table([[...header, ...more], ...rows]), ...notes];
}

/** Where the CPU goes: ms per request of every program with its children. */
export function programTables(title: string, loads: readonly LoadResult[]): string[] {
  const lines: string[] = [];
  for (let from = 0; from < loads.length; from += LOADS_PER_TABLE) {
    const some = loads.slice(from, from + LOADS_PER_TABLE);
    const names = new Set(some.flatMap(({ programs }) => programs.map(({ name }) => name)));
    if (names.size === 0) continue;
    const useOf = (load: LoadResult, name: string) =>
      load.programs.find((use) => use.name === name)?.cpuMsPerRequest;
    const rowOf = (name: string) => [name, ...some.map((load) => cpuCell(useOf(load, name)))];
    const bank = [...names].filter((name) => name !== GENERATOR_NAME);
    const total = ['all of it', ...some.map((load) => cpuCell(cpuOf(load)))];
    const rows = [...bank.map(rowOf), total, rowOf(GENERATOR_NAME)];
    lines.push('', title, ...table([['', ...some.map(({ name }) => name)], ...rows]));
  }
  return lines;
}

const cpuCell = (value: number | undefined): string =>
  value === undefined ? '-' : value < 10 ? value.toFixed(3) : cents(value);

/** Ours compared with what a good engineer writes in an afternoon. */
export function plainTable(results: Results): string[] {
  const rows = (results.plain ?? []).flatMap((plain) => {
    const ours = named(results, plain.name);
    if (ours === undefined) return [];
    return [
      [
        plain.name,
        cents(cpuOf(ours)),
        cents(cpuOf(plain)),
        ratio(cpuOf(ours), cpuOf(plain)),
        whole(ours.perSecond),
        whole(plain.perSecond),
        ratio(ours.perSecond, plain.perSecond),
        ...[ours, plain].map(({ latencies }) => short(latencies.p50)),
        ...[ours, plain].map(({ latencies }) => short(latencies.p99)),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const header = ['ours and the plain ledger', 'CPU ms', 'plain', 'ours / plain', 'per s', 'plain'];
  const more = ['ours / plain', 'p50 ms', 'plain', 'p99 ms', 'plain'];
  return ['', ...table([[...header, ...more], ...rows])];
}

export const SPREAD_LOADS = ['uniform', 'spread10k', 'spread100k'] as const;

/** What a command costs as accounts and events become more, by the first line of its kind. */
export function growthTable(results: Results): string[] {
  const rows = [SPREAD_LOADS, GROWTH_LOADS].flatMap((names) => {
    const found = names.flatMap((name) => named(results, name) ?? []);
    const [first] = found;
    if (first === undefined || found.length < 2) return [];
    return found.map((load) => [
      load.name,
      cents(cpuOf(load)),
      ratio(cpuOf(load), cpuOf(first)),
      whole(load.perSecond),
      ratio(load.perSecond, first.perSecond),
    ]);
  });
  if (rows.length === 0) return [];
  return ['', ...table([['growth', 'CPU ms', 'by first', 'per s', 'by first'], ...rows])];
}

const MIB = 1_048_576;

export const bytesPerEvent = ({ stores, events }: AtRest): number =>
  stores.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(events, 1);

/** Bytes on disk per store, and per event of the log. */
export function atRestTable({ atRest }: Results): string[] {
  if (atRest === undefined) return [];
  const { stores, events, accounts } = atRest;
  const rows = stores.map(({ store, bytes }) => [
    store,
    whole(bytes / MIB),
    whole(bytes / Math.max(events, 1)),
  ]);
  const all = stores.reduce((sum, { bytes }) => sum + bytes, 0);
  const total = ['all of it', whole(all / MIB), whole(bytesPerEvent(atRest))];
  const title = `At rest: ${whole(events)} events, ${whole(accounts)} accounts`;
  return ['', title, ...table([['store', 'MiB', 'bytes per event'], ...rows, total])];
}
