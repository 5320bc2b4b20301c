import { barLine, liveLine, rate } from './live-line.ts';

const drawn = (isTTY: boolean, ...lines: [string, boolean][]): string => {
  let text = '';
  const line = liveLine({ isTTY, write: (more: string) => (text += more) });
  for (const [one, isLast] of lines) line.draw(one, isLast);
  line.end();
  return text;
};

test('a bar says how much of all is done', () => {
  expect(barLine('reading', 5, 20, '5 of 20')).toBe(
    'reading    25% [######..................] 5 of 20',
  );
  expect(barLine('reading', 0, 0, '')).toContain('100% [########################]');
  expect(barLine('reading', 21, 20, '')).toContain('100%');
  expect([rate(5_000, 2_000), rate(0, 0)]).toEqual(['2,500/s', '0/s']);
});

test('in a terminal the line is drawn over itself and ends once', () => {
  expect(drawn(true, ['a', false], ['b', false], ['c', true])).toBe('\r\x1b[Ka\r\x1b[Kc\n');
});

test('elsewhere it is written rarely, and the last of it always', () => {
  expect(drawn(false, ['a', false], ['b', false], ['c', true])).toBe('a\nc\n');
});

test('given work that broke off, then it is seen how far it came', () => {
  expect(drawn(true, ['a', false], ['b', false])).toBe('\r\x1b[Ka\r\x1b[Kb\n');
  expect(drawn(false, ['a', false], ['b', false])).toBe('a\nb\n');
  expect(drawn(true)).toBe('');
});
