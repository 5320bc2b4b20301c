import { latencies, load, results } from './results-for-tests.ts';
import type { Results } from './results.ts';
import { targetsOf } from './targets.ts';

const reachedOf = (given: Results, what: string, goal = '') =>
  targetsOf(given).find((target) => target.what.startsWith(what) && target.goal.includes(goal))
    ?.reached;

test('numbers to reach are reached, missed or not measured', () => {
  expect(reachedOf(results, 'single commands with a key', 'CPU')).toBe(true);
  expect(reachedOf(results, 'single commands with a key', '/s')).toBe(true);
  expect(reachedOf(results, 'one client, deposit')).toBe(true);
  expect(reachedOf(results, 'balance reads')).toBe(false);
  expect(reachedOf(results, 'one hot account')).toBeUndefined();
  expect(reachedOf(results, 'idle memory')).toBeUndefined();
});

test('the CPU of all programs counts, that of the load generator does not', () => {
  const at = (cpuMs: number) => ({ ...results, loads: [load('uniform', 1_400, cpuMs)] });
  expect(reachedOf(at(1.5), 'single commands with a key', 'CPU')).toBe(true);
  expect(reachedOf(at(1.51), 'single commands with a key', 'CPU')).toBe(false);
});

test('a figure that was reached with errors is missed', () => {
  const withErrors = { ...results, loads: [load('uniform', 1_600, 1, 1)] };
  expect(reachedOf(withErrors, 'single commands with a key', 'CPU')).toBe(false);
  expect(reachedOf(withErrors, 'single commands with a key', '/s')).toBe(false);
});

test('the cost is flat when the dearest is within half more than the cheapest', () => {
  const many = (dearest: number) => ({
    ...results,
    loads: [load('uniform', 1, 1), load('spread10k', 1, 1.2), load('spread100k', 1, dearest)],
  });
  const what = 'CPU, dearest by cheapest: 1k to 100k accounts';
  expect(reachedOf(many(1.5), what)).toBe(true);
  expect(reachedOf(many(1.6), what)).toBe(false);
  expect(reachedOf(results, what)).toBeUndefined();
  const events = [1, 1_000, 100_000].map((count, at) => load(`growth ${count}`, 1, 1 + at));
  expect(reachedOf({ ...results, loads: events }, 'CPU, dearest by cheapest: 1 to')).toBe(false);
});

test('memory is judged by the fair sum of all programs, the slower rebuild by itself', () => {
  const memory = [1, 2].map((at) => ({ name: `p${at}`, rssMib: 5_000, pssMib: 400 }));
  const idleAtStart = { memory, cpuShare: 0.1 };
  const rebuilds = [1, 10].map((seconds) => ({ projection: 'x', events: 90_000, seconds }));
  const more = { ...results, idleAtStart, rebuilds, startMs: 4_900, restartMs: 5_100 };
  expect(reachedOf(more, 'idle memory at the start')).toBe(true);
  expect(reachedOf(more, 'rebuild')).toBe(false);
  expect(reachedOf(more, 'start to ready, data empty')).toBe(true);
  expect(reachedOf(more, 'start to ready, data with')).toBe(false);
});

test('bytes at rest are those of all stores by the events of the log', () => {
  const stores = [
    { store: 'a', bytes: 2_000_000 },
    { store: 'b', bytes: 1_500_000 },
  ];
  const at = (events: number) => ({ ...results, atRest: { stores, events, accounts: 1 } });
  expect(reachedOf(at(2_000), 'bytes at rest')).toBe(true);
  expect(reachedOf(at(1_000), 'bytes at rest')).toBe(false);
});

test('late receipts, failed ones and a dear audit are missed', () => {
  const given = { sent: 100, errors: 0, firstError: undefined, latencies };
  const checked = { ...latencies, p99: 1 };
  const rates = { perSecond: 100, commandsPerSecond: 100, othersShare: 0.01 };
  const receipts = { given, commands: given, checked, ...rates };
  const auditCost = { load: 'x', perSecondWith: 890, perSecondWithout: 1_000, pairs: 4 };
  const audit = { events: 130_000, seconds: 2 };
  const more = { ...results, receipts, auditCost, audit };
  expect(reachedOf(more, 'receipts at')).toBe(false);
  expect(reachedOf(more, 'audit of the whole')).toBe(true);
  expect(reachedOf(more, 'commands with the background')).toBe(false);
  const early = { ...given, latencies: { ...latencies, p99: 19 } };
  const good = { ...more, receipts: { ...receipts, given: early } };
  expect(reachedOf(good, 'receipts at')).toBe(true);
  const failing = { ...early, errors: 1 };
  const bad = { ...more, receipts: { ...receipts, given: failing } };
  expect(reachedOf(bad, 'receipts at')).toBe(false);
});
