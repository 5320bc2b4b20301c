import fc from 'fast-check';
import type { HistoryFilters } from '../../contracts/account/history-filters.ts';
import { FILTER_LINES_MAX, millisecondsOf } from '../../contracts/account/history-filters.ts';
import type { HistoryEntry } from '../../contracts/account/read-models.ts';
import { lineOf } from '../accounts/accounts-for-tests.ts';
import { findLines, listName, passes } from './history-answers.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const BEGIN = Date.parse('2026-11-21T10:00:00.000Z');
const TYPES = ['money-deposited', 'money-withdrawn', 'account-opened'];

/** A history in which time stands still or goes on between two lines, never back. */
const history = fc
  .array(fc.record({ gapMs: fc.nat(3), kind: fc.nat(2) }), { minLength: 1, maxLength: 700 })
  .map((steps) => {
    let at = BEGIN;
    return steps.map(({ gapMs, kind }, index): HistoryEntry => {
      at += gapMs;
      const direction = (['credit', 'debit', 'none'] as const)[kind] ?? 'none';
      const type = TYPES[kind] as string;
      return { ...lineOf(1, index + 1), type, direction, at: new Date(at).toISOString() };
    });
  });
const time = fc.option(fc.integer({ min: -5, max: 1_200 }), { nil: undefined });
const filters: fc.Arbitrary<HistoryFilters> = fc
  .record({
    type: fc.option(fc.subarray(TYPES, { minLength: 1 }), { nil: undefined }),
    direction: fc.option(fc.constantFrom('credit', 'debit', 'none'), { nil: undefined }),
    from: time,
    to: time,
  })
  .map(({ from, to, ...rest }) => ({
    ...rest,
    from: from === undefined ? undefined : BEGIN + from,
    to: to === undefined ? undefined : BEGIN + to,
  })) as fc.Arbitrary<HistoryFilters>;

/** Goes through all pages; says what was found and how much was looked at for each. */
async function paged(lines: readonly HistoryEntry[], wanted: HistoryFilters, limit: number) {
  const looked: number[] = [];
  let count = 0;
  const read = async (from: number, to: number) => {
    if (from < 1 || to > lines.length || from > to) throw new Error(`read ${from} to ${to}`);
    count += to - from + 1;
    return lines.slice(from - 1, to).reverse();
  };
  const found: HistoryEntry[] = [];
  const { to } = wanted;
  const isBefore = (line: HistoryEntry): boolean => to === undefined || Date.parse(line.at) < to;
  let next = lines.filter(isBefore).length;
  while (next > 0) {
    count = 0;
    const page = await findLines(read, next, limit, wanted);
    looked.push(count);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    expect(page.next).toBeLessThan(next);
    found.push(...page.items);
    next = page.next;
  }
  return { found, looked };
}

test(`paging with any filters gives exactly the lines that pass (SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      filters,
      fc.integer({ min: 1, max: 100 }),
      async (lines, f, limit) => {
        const { found, looked } = await paged(lines, f, limit);
        expect(found).toEqual(lines.filter((line) => passes(line, f)).reverse());
        for (const count of looked) expect(count).toBeLessThanOrEqual(FILTER_LINES_MAX);
      },
    ),
    { seed, numRuns: 1_000 },
  );
});

const line = { ...lineOf(1, 2), at: '2026-11-21T10:00:00.500Z' };
const ms = (text: string) => millisecondsOf(text);
test.each<[string, HistoryFilters, boolean]>([
  ['no filter', {}, true],
  ['its type', { type: ['account-opened', 'money-deposited'] }, true],
  ['another type', { type: ['account-opened'] }, false],
  ['its direction', { direction: 'credit' }, true],
  ['another direction', { direction: 'debit' }, false],
  ['from its very time', { from: ms('2026-11-21T10:00:00.5Z') }, true],
  ['from a finer time after it', { from: ms('2026-11-21T10:00:00.5001Z') }, false],
  ['to its very time', { to: ms('2026-11-21T10:00:00.500Z') }, false],
  ['to a finer time after it', { to: ms('2026-11-21T10:00:00.5000001Z') }, true],
  ['a time in another zone', { from: ms('2026-11-21T11:00:00.6+01:00') }, false],
  ['its type in another direction', { type: ['money-deposited'], direction: 'none' }, false],
])('a line and %s', (_name, wanted, expected) => {
  expect(passes(line, wanted)).toBe(expected);
});

test('the list of a cursor has a name of its own for every set of filters', () => {
  const sets: HistoryFilters[] = [
    {},
    { type: ['money-deposited'] },
    { direction: 'credit' },
    { from: 1 },
    { to: 1 },
    { from: 1, to: 2 },
  ];
  const names = sets.map((set) => listName('a', set));
  expect(new Set(names).size).toBe(sets.length);
  expect(listName('a', { from: undefined, direction: undefined })).toBe(listName('a', {}));
});
