import { progressBar, progressLine } from './progress-bar.ts';

test('the line tells share, counts, rate and the time that is left', () => {
  expect(progressLine(2_500, 10_000, 5_000, 'rows')).toBe(
    ' 25% [######..................] 2,500 of 10,000 rows, 500/s, 0:15 left',
  );
  expect(progressLine(0, 10, 0, 'rows')).toContain('? left');
  expect(progressLine(10, 10, 100, 'rows')).toContain('100% [########################]');
});

test('without a terminal the end is one plain line', () => {
  const written: string[] = [];
  const bar = progressBar(2, 'rows', { write: (text: string) => written.push(text) });
  bar.advance();
  bar.advance();
  bar.end();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^100% .*2 of 2 rows.*\n$/);
});
