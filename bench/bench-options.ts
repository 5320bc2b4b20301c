import { command, InvalidArgumentError, wholeNumber } from '../operations/command-line.ts';
import { isPart, PARTS, type Part } from './parts.ts';

export interface BenchOptions {
  /** Measured seconds of each load. */
  readonly seconds: number;
  /** Only these parts; all when empty. */
  readonly only: readonly Part[];
  /** Of the uniform loads. */
  readonly accounts: number;
  /** Makes this result the one that later runs are compared with. */
  readonly keep: boolean;
  /** A running bank to measure, instead of one of our own. */
  readonly url: string | undefined;
  readonly queryUrl: string | undefined;
  /** Instance of the bank of our own. */
  readonly instance: number;
}

const SECONDS_MAX = 600;
const ACCOUNTS_MAX = 100_000;
const INSTANCE_MAX = 9;

const PART_LINES = Object.entries(PARTS).map(([name, what]) => `\n  ${name.padEnd(12)}${what}`);

const partsOf = (text: string, before: readonly Part[] = []): readonly Part[] =>
  text
    .split(',')
    .filter((word) => word !== '')
    .reduce((parts, word) => {
      if (isPart(word)) return [...parts, word];
      throw new InvalidArgumentError(`There is no part "${word}".`);
    }, before);
const addressOf = (text: string): string => text.replace(/\/+$/, '');

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the command line; refuses what it does not understand with the help. */
export function benchOptions(
  args: readonly string[],
  env: Environment = process.env,
): BenchOptions {
  const made = command('bench', 'Measures a bank, with ACTOR_HOSTS=2 one with two actor hosts.')
    .option('--seconds <n>', 'measured time of each load', wholeNumber(1, SECONDS_MAX), 8)
    .option('--accounts <n>', 'of the uniform loads', wholeNumber(2, ACCOUNTS_MAX), 1_000)
    .option('--keep', 'later runs are compared with this one (bench/results/kept.json)')
    .option('--instance <n>', 'ports of a bank of its own', wholeNumber(0, INSTANCE_MAX), 8)
    .option(
      '--url <url>',
      'a running bank; its processes are found when of this checkout',
      addressOf,
    )
    .option('--query-url <url>', 'its query API', addressOf)
    .option('--only <parts>', `only these, with commas between:${PART_LINES.join('')}`, partsOf);
  const instance = env['CORE_BANK_INSTANCE'];
  const words = instance === undefined ? args : ['--instance', instance, ...args];
  const {
    url,
    queryUrl,
    keep = false,
    only = [],
    ...options
  } = made.parse(words, { from: 'user' }).opts();
  if ((url === undefined) !== (queryUrl === undefined)) {
    made.error('--url and --query-url belong together');
  }
  return { ...options, keep, only, url, queryUrl };
}
