import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { terminalLine } from './terminal.ts';

test.each([
  ['\u009b31mred', '\\u{9b}31mred'],
  ['\u001b]0;title\u0007', '\\u{1b}]0;title\\u{7}'],
  ['a\rb\nc', 'a\\u{d}b\\u{a}c'],
  ['amount \u202e00.1', 'amount \\u{202e}00.1'],
  ['a\tb Příliš 🏠', 'a\tb Příliš 🏠'],
])('given %j, the terminal is shown %j', (line, shown) => {
  expect(terminalLine(line)).toBe(shown);
});

test.each(['audit', 'dead-letters', 'logs', 'rebuild', 'status'])(
  'given npm run %s, which shows texts of others, nothing reaches the terminal in another way',
  (command) => {
    const text = readFileSync(join(__dirname, `${command}.ts`), 'utf8');
    expect(text).toMatch(/\bsay\(/);
    expect(text).not.toMatch(/stdout\.write|console\./);
  },
);
