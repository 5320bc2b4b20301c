import type { Latencies } from './latencies.ts';
import { atRestTable, growthTable, loadTable, plainTable, programTables } from './load-tables.ts';
import { totalOf, type Idle, type Results } from './results.ts';
import { targetsOf } from './targets.ts';
import { percent, ratio, short, table, whole } from './text-table.ts';

const CHARACTERS_MAX = 60;

function idleTable(when: string, idle: Idle | undefined): string[] {
  if (idle === undefined || idle.memory.length === 0) return [];
  const rows = idle.memory.map((one) => [one.name, whole(one.rssMib), whole(one.pssMib)]);
  const total = ['all', whole(totalOf(idle, 'rssMib')), whole(totalOf(idle, 'pssMib'))];
  const title = `Idle ${when}: ${percent(idle.cpuShare)} of all cores`;
  return ['', title, ...table([['MiB', 'RSS', 'PSS'], ...rows, total])];
}

const LATENCY_HEADER = ['ms', 'count', 'p50', 'p95', 'p99', 'max', 'p99 / kept'];
const latencyRow = (name: string, now: Latencies, then?: Latencies): string[] => [
  name,
  String(now.count),
  ...[now.p50, now.p95, now.p99, now.max].map(short),
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
  return ['', title, ...table([LATENCY_HEADER, ...rows])];
}

function receiptTable({ receipts }: Results, kept: Results | undefined): string[] {
  if (receipts === undefined) return [];
  const { given, commands, checked, perSecond, commandsPerSecond, othersShare } = receipts;
  const before = kept?.receipts;
  const rates = `${perSecond} receipts/s alongside ${commandsPerSecond} commands/s by the clock`;
  const errors = given.errors + commands.errors;
  const faults = errors === 0 ? 'no errors' : `${errors} errors: ${given.firstError}`;
  return [
    '',
    `${rates}, ${faults}, ${percent(othersShare)} of CPU to others`,
    ...table([
      LATENCY_HEADER,
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

/** What the figures are of. */
function headerLines(results: Results, kept: Results | undefined): string[] {
  const { cores, model, memoryGib } = results.machine;
  const hosts = results.actorHosts === 1 ? '1 actor host' : `${results.actorHosts} actor hosts`;
  const against = kept === undefined ? 'nothing is kept to compare with' : `kept: ${kept.at}`;
  return [
    `${cores} cores (${model}), ${memoryGib} GiB, Node ${results.node}, ${hosts}, ` +
      `${results.seconds} s per load, ${short(results.minutes)} minutes in all; ${against}`,
    'CPU: ms per request of all processes of the bank, their children included, without the',
    'load generator; late: what they still took after the load until the read side had it all',
    '',
  ];
}

/** All of a run, for people. */
export function report(results: Results, kept: Results | undefined): string[] {
  return [
    ...headerLines(results, kept),
    ...loadTable(results, kept),
    ...plainTable(results),
    ...growthTable(results),
    ...programTables('CPU of each program, ms per request', results.loads),
    ...programTables('CPU of the plain ledger, ms per request', results.plain ?? []),
    ...delayTable(results, kept),
    ...receiptTable(results, kept),
    ...auditLines(results, kept),
    ...(results.rebuilds ?? []).map(({ projection, events, seconds }) => {
      const rate = whole(events / seconds);
      return `\nrebuilt ${projection}: ${whole(events)} events in ${seconds} s, ${rate}/s`;
    }),
    ...idleTable('at the start', results.idleAtStart),
    ...idleTable('after the loads', results.idleAfter),
    ...atRestTable(results),
    ...targetTable(results),
  ];
}
