import { totalOf, type Results } from './results.ts';

/** One row of the numbers to reach (docs: shared DESIGN.md, section 7). */
export interface Target {
  readonly what: string;
  readonly goal: string;
  /** What was measured, or undefined when this run did not measure it. */
  readonly measured: string | undefined;
  readonly reached: boolean | undefined;
}

const GB_PER_MIB = 0.001_048_576;
const whole = (value: number): string => Math.round(value).toLocaleString('en');

function judged(
  what: string,
  goal: string,
  values: readonly (number | undefined)[],
  show: (...values: number[]) => string,
  reached: (...values: number[]) => boolean,
): Target {
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return { what, goal, measured: undefined, reached: undefined };
  return { what, goal, measured: show(...known), reached: reached(...known) };
}

function loadTarget(
  results: Results,
  [what, load, perSecondMin, p99Max]: readonly [string, string, number, number],
): Target {
  const found = results.loads.find(({ name }) => name === load);
  const limit = p99Max === Infinity ? '' : `, p99 <= ${p99Max} ms`;
  return judged(
    what,
    `>= ${whole(perSecondMin)}/s${limit}`,
    [found?.perSecond, found?.latencies.p99, found?.errors],
    (rate, p99) => `${whole(rate ?? 0)}/s, p99 ${whole(p99 ?? 0)} ms`,
    (rate = 0, p99 = Infinity, errors = 1) => rate >= perSecondMin && p99 <= p99Max && errors === 0,
  );
}

const LOAD_TARGETS = [
  ['commands, 1,000 accounts, 64 clients', 'uniform, 64', 1_500, 100],
  ['one hot account, 64 clients', 'hot account, 64', 1_500, 150],
  ['batches of 100 commands, 100 accounts, 16 clients', 'batches of 100, 16', 30, Infinity],
  ['batches of 100 commands, one account, 8 clients', 'hot batches of 100, 8', 80, Infinity],
  ['transfers, 1,000 accounts, 64 clients', 'transfer, 64', 600, 250],
  ['balance read, 64 clients', 'balance, 64', 2_000, 50],
  ['history page, 16 clients', 'history, 16', 300, Infinity],
] as const;

const ms = (value = 0): string => `${value < 10 ? value.toFixed(1) : whole(value)} ms`;

/** The numbers to reach beside the numbers that were measured. */
export function targetsOf(results: Results): Target[] {
  const { delays, idleAtStart, idleAfter, rebuilds, startMs, restartMs } = results;
  const { receipts, auditCost, audit } = results;
  const rateOf = (load: string) => results.loads.find(({ name }) => name === load)?.perSecond;
  const one = results.loads.find(({ name }) => name === 'uniform, 1');
  const atMost =
    (limit: number) =>
    (value = Infinity) =>
      value <= limit;
  const slowest = rebuilds?.map(({ events, seconds }) => events / seconds);
  const memory = (when: string, idle: Results['idleAfter']): Target => {
    const known = idle !== undefined && idle.memory.length > 0;
    const gb = known ? totalOf(idle, 'pssMib') * GB_PER_MIB : undefined;
    const show = (value = 0): string => `${value.toFixed(2)} GB`;
    return judged(`idle memory ${when} (PSS)`, '<= 1.5 GB', [gb], show, atMost(1.5));
  };
  const start = (data: string, took: number | undefined): Target => {
    const show = (value = 0): string => `${(value / 1_000).toFixed(1)} s`;
    return judged(`start to ready, data ${data}`, '<= 20 s', [took], show, atMost(20_000));
  };
  return [
    ...LOAD_TARGETS.map((target) => loadTarget(results, target)),
    judged(
      'a hold and its capture, by a keyed command',
      '<= 2.0',
      [rateOf('uniform keyed, 64'), rateOf('holds and captures, 64')],
      (single = 0, half = 1) => ((2 * single) / half).toFixed(2),
      (single = 0, half = 1) => 2 * single <= 2 * half,
    ),
    judged('one client, unloaded', 'p50 <= 4 ms', [one?.latencies.p50], ms, atMost(4)),
    judged('answer -> log, half of peak', 'p99 <= 100 ms', [delays?.log.p99], ms, atMost(100)),
    ...(['balance', 'history'] as const).map((kind) => {
      const what = `answer -> ${kind}, half of peak`;
      return judged(what, 'p99 <= 500 ms', [delays?.[kind].p99], ms, atMost(500));
    }),
    judged(
      'rebuild of both projections',
      '>= 5,000 events/s',
      [slowest === undefined || slowest.length === 0 ? undefined : Math.min(...slowest)],
      (rate) => `${whole(rate ?? 0)} events/s`,
      (rate = 0) => rate >= 5_000,
    ),
    judged(
      'receipts at 100/s beside 100 commands/s',
      'p99 <= 20 ms',
      [receipts?.given.latencies.p99, receipts && receipts.given.errors + receipts.commands.errors],
      ms,
      (p99 = Infinity, errors = 1) => p99 <= 20 && errors === 0,
    ),
    judged('checking a receipt', 'p99 <= 5 ms', [receipts?.checked.p99], ms, atMost(5)),
    judged(
      'audit of the whole log',
      '>= 50,000 events/s',
      [audit && audit.events / audit.seconds],
      (rate) => `${whole(rate ?? 0)} events/s`,
      (rate = 0) => rate >= 50_000,
    ),
    judged(
      'commands with the background audit, by those without',
      '>= 0.90',
      [auditCost && auditCost.perSecondWith / auditCost.perSecondWithout],
      (share = 0) => share.toFixed(2),
      (share = 0) => share >= 0.9,
    ),
    memory('at the start', idleAtStart),
    memory('after the loads', idleAfter),
    start('empty', startMs),
    start('with all of this', restartMs),
  ];
}
