import { barLine, liveLine, progressBar, rate } from './progress-bar.ts';

const drawn = (isTTY: boolean, ...lines: [string, boolean][]): string => {
  let text = '';
  const line = liveLine({ isTTY, write: (more: string) => (text += more) });
  for (const [one, isLast] of lines) line.draw(() => one, isLast);
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

test('a bar tells how much is done, how fast, and how long the rest will take', () => {
  const lines: string[] = [];
  const sink = { write: (line: string) => lines.push(line) };
  const rows = progressBar('driving', 'rows', sink);
  rows.at(0, 10_000);
  rows.at(2_500, 10_000);
  rows.end();
  expect(lines[0]).toBe(
    'driving     0% [........................] 0 of 10,000 rows, 0/s, ? left\n',
  );
  expect(lines[1]).toMatch(
    /^driving    25% \[#{6}\.{18}\] 2,500 of 10,000 rows, .*\/s, 0:01 left\n$/,
  );
  const events = progressBar('reading', 'events', sink);
  events.at(12, 10, 7_000);
  events.end();
  expect(lines[2]).toMatch(/^reading   100% \[#{24}\] 7,000 events, .*\/s, 0:00 left\n$/);
});
