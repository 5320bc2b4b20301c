import { benchOptions } from './bench-options.ts';
import { batchLoads, command, isWanted, singleLoads } from './loads.ts';
import { parseAudit, parseRebuild, usesOf } from './measurements.ts';
import { report, table } from './report.ts';
import type { LoadResult, Results } from './results.ts';
import { targetsOf } from './targets.ts';

const latencies = { count: 100, p50: 3, p95: 20, p99: 60, max: 90 };
const load = (name: string, perSecond: number, errors = 0): LoadResult => ({
  ...{ name, perSecond, errors, latencies, firstError: errors > 0 ? '503 away' : undefined },
  programs: [{ name: 'postgres', cpuMsPerRequest: 0.25, cpuShare: 0.2, rssMib: 100 }],
  othersShare: 0.01,
  catchUpMs: 40,
});
const results: Results = {
  at: '2026-11-21T12:00:00.000Z',
  machine: { cores: 2, model: 'a machine', memoryGib: 24 },
  node: '20.20.2',
  seconds: 8,
  loads: [load('uniform, 1', 300), load('uniform, 64', 1_600), load('balance, 64', 1_000)],
};

const reachedOf = (given: Results, what: string) =>
  targetsOf(given).find((target) => target.what.startsWith(what))?.reached;

test('numbers to reach are reached, missed or not measured', () => {
  expect(reachedOf(results, 'commands, 1,000')).toBe(true);
  expect(reachedOf(results, 'one client')).toBe(true);
  expect(reachedOf(results, 'balance read')).toBe(false);
  expect(reachedOf(results, 'one hot account')).toBeUndefined();
  expect(reachedOf(results, 'idle memory')).toBeUndefined();
});

test('a rate that was reached with errors is missed', () => {
  const withErrors = { ...results, loads: [load('uniform, 64', 1_600, 1)] };
  expect(reachedOf(withErrors, 'commands, 1,000')).toBe(false);
});

test('memory is judged by the fair sum of all programs, the slower rebuild by itself', () => {
  const memory = [1, 2].map((at) => ({ name: `p${at}`, rssMib: 5_000, pssMib: 700 }));
  const idleAtStart = { memory, cpuShare: 0.1 };
  const rebuilds = [10, 30].map((seconds) => ({ projection: 'x', events: 90_000, seconds }));
  const more = { ...results, idleAtStart, rebuilds, startMs: 9_000, restartMs: 21_000 };
  expect(reachedOf(more, 'idle memory at the start')).toBe(true);
  expect(reachedOf(more, 'rebuild')).toBe(false);
  expect(reachedOf(more, 'start to ready, data empty')).toBe(true);
  expect(reachedOf(more, 'start to ready, data with')).toBe(false);
});

test('late receipts, failed ones and a dear audit are missed', () => {
  const given = { sent: 100, errors: 0, firstError: undefined, latencies };
  const checked = { ...latencies, p99: 1 };
  const rates = { perSecond: 100, commandsPerSecond: 100, othersShare: 0.01 };
  const receipts = { given, commands: given, checked, ...rates };
  const auditCost = { load: 'x', perSecondWith: 890, perSecondWithout: 1_000, pairs: 4 };
  const audit = { events: 100_000, seconds: 2 };
  const more = { ...results, receipts, auditCost, audit };
  expect(reachedOf(more, 'receipts at')).toBe(false);
  expect(reachedOf(more, 'checking a receipt')).toBe(true);
  expect(reachedOf(more, 'audit of the whole')).toBe(true);
  expect(reachedOf(more, 'commands with the background')).toBe(false);
  const early = { ...given, latencies: { ...latencies, p99: 19 } };
  const good = { ...more, receipts: { ...receipts, given: early } };
  expect(reachedOf(good, 'receipts at')).toBe(true);
  const failing = { ...early, errors: 1 };
  const bad = { ...more, receipts: { ...receipts, given: failing } };
  expect(reachedOf(bad, 'receipts at')).toBe(false);
  expect(report(more, more).join('\n')).toContain('audited 100,000 events in 2 s, 50,000/s');
});

test('an audit that did not end well has no pace', () => {
  const good = 'events       295,069 in 5.5 s, 53,240/s\nBooks balance at position 1';
  expect(parseAudit(good)).toEqual({ events: 295_069, seconds: 5.5 });
  expect(() => parseAudit('events       1 in 1 s, 1/s\nThe books do not balance')).toThrow('well');
});

test('the report compares with the kept run and names the first error', () => {
  const kept = { ...results, loads: [load('uniform, 64', 800)] };
  const lines = report({ ...results, loads: [load('uniform, 64', 1_600, 2)] }, kept);
  const row = lines.find((line) => line.startsWith('uniform, 64')) ?? '';
  expect(row.split(/\s{2,}/).slice(-2)).toEqual(['2.00', '1.00']);
  expect(lines).toContain('first error of uniform, 64: 503 away');
  expect(lines.some((line) => /^postgres +0\.250 20%$/.test(line))).toBe(true);
});

test('columns stand below each other', () => {
  expect(
    table([
      ['a', '10'],
      ['bcd', '5'],
    ]),
  ).toEqual(['a    10', 'bcd   5']);
});

test('CPU is the difference of two samples, never less than nothing', () => {
  const before = [
    { name: 'a', cpuMs: 100, rssMib: 1 },
    { name: 'b', cpuMs: 900, rssMib: 1 },
  ];
  const after = [
    { name: 'a', cpuMs: 300, rssMib: 2 },
    { name: 'b', cpuMs: 10, rssMib: 2 },
  ];
  const [a, b] = usesOf(before, after, 1_000, 50);
  expect(a).toMatchObject({ name: 'a', cpuMsPerRequest: 4, rssMib: 2 });
  expect(b).toMatchObject({ name: 'b', cpuMsPerRequest: 0, cpuShare: 0 });
});

test('the last figures of a rebuild count, and a failed one is an error', () => {
  const output =
    'balances [= ] 10 %  400 events, 800 events/s\n' +
    'balances [==] 100 %  900 events, 850 events/s\n\nbalances: done in 1.1 s\n';
  expect(parseRebuild('balances', output)).toEqual({
    ...{ projection: 'balances', events: 900, seconds: 1.1 },
  });
  expect(() => parseRebuild('balances', 'balances: failed: no')).toThrow('did not end well');
});

test('loads are many, have names of their own and are chosen by words', () => {
  const subjects = { many: ['a', 'b'], hot: 'h' };
  const loads = [...singleLoads(subjects), ...batchLoads(subjects)];
  expect(new Set(loads.map(({ name }) => name)).size).toBe(13);
  expect(loads.filter(({ name }) => isWanted(name, ['hot', 'history']))).toHaveLength(5);
  const keyed = loads.find(({ name }) => name.startsWith('uniform keyed'));
  expect(keyed?.next().headers?.['idempotency-key']).not.toBe(
    keyed?.next().headers?.['idempotency-key'],
  );
});

test('commands carry a valid amount to the account', () => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const { path, body = '' } = command('a1');
    expect(path).toMatch(/^\/v1\/accounts\/a1\/(deposits|withdrawals)$/);
    expect(JSON.parse(body)).toEqual({ amount: expect.stringMatching(/^\d\.\d{2}$/) });
    expect(body).not.toContain('"0.00"');
  }
});

test('options have defaults and are refused when they make no sense', () => {
  expect(benchOptions([])).toMatchObject({ seconds: 8, only: [], accounts: 1_000, instance: 8 });
  expect(benchOptions(['--only', 'hot', '--only', 'idle']).only).toEqual(['hot', 'idle']);
  const wrong = ['--seconds 0', '--seconds x', '--instance 10', '--url http://a', 'x', '--y'];
  for (const line of wrong) {
    expect(() => benchOptions(line.split(' '))).toThrow('Usage: npm run bench');
  }
});
