import type { Latencies } from './latencies.ts';
import { totalOf, type Idle, type LoadResult, type Results } from './results.ts';
import { targetsOf } from './targets.ts';

const CHARACTERS_MAX = 60;

/** Columns side by side; the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [at, cell] of cells.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((cells) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const short = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : value < 10 ? value.toFixed(1) : whole(value);
const ratio = (now: number | undefined, then: number | undefined): string =>
  now === undefined || then === undefined || then === 0 ? '-' : (now / then).toFixed(2);

const cpuOf = (load: LoadResult): number =>
  load.programs.reduce((sum, { cpuMsPerRequest }) => sum + cpuMsPerRequest, 0);
const shareOf = (load: LoadResult): number =>
  load.programs.reduce((sum, { cpuShare }) => sum + cpuShare, 0);

function loadTable(results: Results, kept: Results | undefined): string[] {
  const head = ['load, clients', 'per s', 'p50 ms', 'p95', 'p99', 'max', 'errors'];
  const more = ['cpu ms each', 'cpu', 'others', 'caught up ms', 'per s / kept', 'p99 / kept'];
  const rows = results.loads.map((load) => {
    const before = kept?.loads.find(({ name }) => name === load.name);
    const { p50, p95, p99, max } = load.latencies;
    return [
      ...[load.name, whole(load.perSecond), ...[p50, p95, p99, max].map(short)],
      ...[String(load.errors), cpuOf(load).toFixed(2), percent(shareOf(load))],
      ...[percent(load.othersShare), short(load.catchUpMs)],
      ...[ratio(load.perSecond, before?.perSecond), ratio(p99, before?.latencies.p99)],
    ];
  });
  const errors = results.loads.filter(({ firstError }) => firstError !== undefined);
  const notes = errors.map(({ name, firstError }) => `first error of ${name}: ${firstError}`);
  return [...table([[...head, ...more], ...rows]), ...notes];
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;

/** Per program and load: CPU in ms per request and in % of all cores, then memory in MiB. */
function programTables({ loads }: Results): string[] {
  const names = loads[0]?.programs.map(({ name }) => name) ?? [];
  if (names.length === 0) return [];
  const useOf = (load: LoadResult, name: string) => load.programs.find((use) => use.name === name);
  const cells = (show: (use: LoadResult['programs'][number]) => string): string[][] =>
    names.map((name) => [
      name,
      ...loads.map((load) => {
        const use = useOf(load, name);
        return use === undefined ? '-' : show(use);
      }),
    ]);
  const head = ['', ...loads.map(({ name }) => name)];
  const cpu = cells(
    ({ cpuMsPerRequest, cpuShare }) => `${cpuMsPerRequest.toFixed(3)} ${percent(cpuShare)}`,
  );
  const rss = cells(({ rssMib }) => whole(rssMib));
  return [
    'CPU: ms per request, and % of all cores',
    ...table([head, ...cpu]),
    '',
    'Resident memory at the end of each load, MiB',
    ...table([head, ...rss]),
  ];
}

function idleTable(when: string, idle: Idle | undefined): string[] {
  if (idle === undefined || idle.memory.length === 0) return [];
  const rows = idle.memory.map((one) => [one.name, whole(one.rssMib), whole(one.pssMib)]);
  const total = ['all', whole(totalOf(idle, 'rssMib')), whole(totalOf(idle, 'pssMib'))];
  const title = `Idle ${when}: ${percent(idle.cpuShare)} of all cores`;
  return ['', title, ...table([['MiB', 'RSS', 'PSS'], ...rows, total])];
}

const LATENCY_HEAD = ['ms', 'count', 'p50', 'p95', 'p99', 'max', 'p99 / kept'];
const latencyRow = (name: string, now: Latencies, then?: Latencies): string[] => [
  ...[name, String(now.count), ...[now.p50, now.p95, now.p99, now.max].map(short)],
  ratio(now.p99, then?.p99),
];

function delayTable({ delays }: Results, kept: Results | undefined): string[] {
  if (delays === undefined) return [];
  const kinds = ['answers', 'log', 'balance', 'history'] as const;
  const rows = kinds.map((kind) => {
    const name = kind === 'answers' ? 'command, from when it was due' : `answer -> ${kind}`;
    return latencyRow(name, delays[kind], kept?.delays?.[kind]);
  });
  const { errors, firstError } = delays;
  const faults = errors === 0 ? 'no errors' : `${errors} errors: ${firstError}`;
  const rate = `${whole(delays.perSecond)} commands/s by the clock`;
  const title = `Delays at ${rate}, ${faults}, ${percent(delays.othersShare)} of CPU to others`;
  return ['', title, ...table([LATENCY_HEAD, ...rows])];
}

function receiptTable({ receipts }: Results, kept: Results | undefined): string[] {
  if (receipts === undefined) return [];
  const { given, commands, checked, perSecond, commandsPerSecond, othersShare } = receipts;
  const before = kept?.receipts;
  const rates = `${perSecond} receipts/s beside ${commandsPerSecond} commands/s by the clock`;
  const errors = given.errors + commands.errors;
  const faults = errors === 0 ? 'no errors' : `${errors} errors: ${given.firstError}`;
  return [
    '',
    `${rates}, ${faults}, ${percent(othersShare)} of CPU to others`,
    ...table([
      LATENCY_HEAD,
      latencyRow('receipt, from when it was due', given.latencies, before?.given.latencies),
      latencyRow('command, from when it was due', commands.latencies, before?.commands.latencies),
      latencyRow('checking a receipt', checked, before?.checked),
    ]),
  ];
}

function auditLines({ audit, auditCost }: Results, kept: Results | undefined): string[] {
  const lines: string[] = [];
  if (audit !== undefined) {
    const rate = audit.events / audit.seconds;
    const then = kept?.audit && kept.audit.events / kept.audit.seconds;
    const took = `${whole(audit.events)} events in ${audit.seconds} s`;
    lines.push('', `audited ${took}, ${whole(rate)}/s (by kept: ${ratio(rate, then)})`);
  }
  if (auditCost === undefined) return lines;
  const { load, perSecondWith, perSecondWithout, pairs } = auditCost;
  const rates = `${whole(perSecondWith)}/s with the background audit, ${whole(perSecondWithout)}/s`;
  return [...lines, '', `${load}: ${rates} without (${pairs} pairs)`];
}

function targetTable(results: Results): string[] {
  const rows = targetsOf(results).map(({ what, goal, measured, reached }) => [
    what.slice(0, CHARACTERS_MAX),
    goal,
    measured ?? 'not measured',
    reached === undefined ? '' : reached ? 'reached' : 'MISSED',
  ]);
  return ['', ...table([['number to reach', 'goal', 'measured', ''], ...rows])];
}

/** All of a run, for people. */
export function report(results: Results, kept: Results | undefined): string[] {
  const { cores, model, memoryGib } = results.machine;
  const against = kept === undefined ? 'nothing is kept to compare with' : `kept: ${kept.at}`;
  return [
    `${cores} cores (${model}), ${memoryGib} GiB, Node ${results.node}, ` +
      `${results.seconds} s per load; ${against}`,
    '',
    ...loadTable(results, kept),
    '',
    ...programTables(results),
    ...delayTable(results, kept),
    ...idleTable('at the start', results.idleAtStart),
    ...idleTable('after the loads, without the load generator', results.idleAfter),
    ...(results.rebuilds ?? []).map(({ projection, events, seconds }) => {
      const rate = whole(events / seconds);
      return `\nrebuilt ${projection}: ${whole(events)} events in ${seconds} s, ${rate}/s`;
    }),
    ...receiptTable(results, kept),
    ...auditLines(results, kept),
    ...targetTable(results),
  ];
}
