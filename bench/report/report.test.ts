import { parseAudit, parseRebuild, usesOf } from '../measurements.ts';
import { load, results } from './results-for-tests.ts';
import { report } from './report.ts';
import { table } from './text-table.ts';

const cellsOf = (lines: readonly string[], name: string): string[] =>
  (lines.find((line) => line.startsWith(`${name} `)) ?? '').split(/\s{2,}/);

test('the report puts CPU first, compares with the kept run and names the first error', () => {
  const kept = { ...results, loads: [load('uniform', 700, 2.8)] };
  const lines = report({ ...results, loads: [load('uniform', 1_400, 1.4, 2)] }, kept);
  const row = ['uniform', '64', '1.40', '1,400', '3.0', '60', '2', '0.01', '0.0', '-', '1%'];
  expect(cellsOf(lines, 'uniform')).toEqual([...row, '0.50', '2.00', '1.00']);
  expect(lines).toContain('first error of uniform: 503 away');
});

test('the report says where the CPU goes, the load generator apart', () => {
  const lines = report({ ...results, loads: [load('uniform', 1_400, 1.4)] }, undefined);
  expect(cellsOf(lines, 'postgres')).toEqual(['postgres', '0.350']);
  expect(cellsOf(lines, 'event-source')).toEqual(['event-source', '1.050']);
  expect(cellsOf(lines, 'all of it')).toEqual(['all of it', '1.400']);
  expect(cellsOf(lines, 'load generator')).toEqual(['load generator', '0.060']);
});

test('the report compares ours with the plain ledger', () => {
  const plain = [load('uniform', 2_800, 0.7), load('hot', 500)];
  const lines = report({ ...results, plain }, undefined);
  const from = lines.findIndex((line) => line.startsWith('ours and the plain ledger'));
  const row = ['uniform', '1.40', '0.70', '2.00', '1,400', '2,800', '0.50'];
  expect(cellsOf(lines.slice(from), 'uniform')).toEqual([...row, '3.0', '3.0', '60', '60']);
  expect(lines[from + 2]).toBe('');
});

test('the report says how the cost grows, by the first of its kind', () => {
  const loads = [load('uniform', 1_000, 1), load('spread10k', 900, 1.25), load('growth 1', 1)];
  const lines = report({ ...results, loads }, undefined);
  const from = lines.findIndex((line) => line.startsWith('growth  '));
  expect(cellsOf(lines.slice(from), 'spread10k')).toEqual([
    'spread10k',
    '1.25',
    '1.25',
    '900',
    '0.90',
  ]);
  expect(lines.slice(from, from + 4).at(-1)).toBe('');
});

test('the report gives the bytes per event of each store', () => {
  const stores = [
    { store: 'NATS', bytes: 2_097_152 },
    { store: 'immudb, index', bytes: 1_048_576 },
  ];
  const lines = report({ ...results, atRest: { stores, events: 1_024, accounts: 7 } }, undefined);
  expect(lines).toContain('At rest: 1,024 events, 7 accounts');
  expect(cellsOf(lines, 'NATS')).toEqual(['NATS', '2', '2,048']);
  expect(cellsOf(lines, 'immudb, index')).toEqual(['immudb, index', '1', '1,024']);
});

test('an audit that did not end well has no pace', () => {
  const good = 'events       295,069 in 5.5 s, 53,240/s\nBooks balance at position 1';
  const audit = parseAudit(good);
  expect(audit).toEqual({ events: 295_069, seconds: 5.5 });
  expect(report({ ...results, audit }, undefined).join('\n')).toContain('audited 295,069 events');
  expect(() => parseAudit('events       1 in 1 s, 1/s\nThe books do not balance')).toThrow('well');
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
    projection: 'balances',
    events: 900,
    seconds: 1.1,
  });
  expect(() => parseRebuild('balances', 'balances: failed: no')).toThrow('did not end well');
});
