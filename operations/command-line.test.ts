import { CannotRun } from '../runtime/progress.ts';
import { command, several, wholeNumber } from './command-line.ts';

const refused = (run: () => unknown): CannotRun => {
  try {
    run();
  } catch (error) {
    if (error instanceof CannotRun) return error;
    throw error;
  }
  throw new Error('it was taken');
};

test('words that a command does not know are named, with its help, and end with 2', () => {
  const parse = (...words: string[]) =>
    command('toys', 'Counts toys.')
      .option('--most <n>', 'so many', wholeNumber(1, 9), 5)
      .option('--of <kind>', 'several times', several)
      .parse(words, { from: 'user' })
      .opts();
  expect(parse('--of', 'a', '--of', 'b')).toEqual({ most: 5, of: ['a', 'b'] });
  for (const words of [['--mots', '3'], ['--most', '10'], ['--most', '1.5'], ['more']]) {
    const { message, exitCode } = refused(() => parse(...words));
    expect(message).toContain(words[0] === 'more' ? 'too many arguments' : words[0]);
    expect(message).toContain('Usage: npm run toys -- [options]\n\nCounts toys.');
    expect(exitCode).toBe(2);
  }
});

test('given no word of a command that needs one, its help is all that is said', () => {
  const made = command('toys', 'Counts toys.');
  made.command('count').action(() => undefined);
  expect(refused(() => made.parse([], { from: 'user' })).message).toMatch(/^Usage: npm run toys/);
});
