import { parseArgs } from 'node:util';
import { Refusal } from '../runtime/progress.ts';
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

const PART_LINES = Object.entries(PARTS).map(([name, what]) => `    ${name.padEnd(12)}${what}`);

const USAGE = `Usage: npm run bench -- [--seconds N] [--only PART,PART...] [--accounts N] [--keep]
                       [--instance N | --url URL --query-url URL]
  --seconds    measured time of each load (8)
  --accounts   how many accounts the uniform loads use (1000)
  --keep       later runs are compared with this one (bench/results/kept.json)
  --instance   ports of the bank that is started for the measurement (CORE_BANK_INSTANCE or 8)
  --url        a running bank instead; its processes are found when it is of this checkout
  --only       only these parts:
${PART_LINES.join('\n')}
ACTOR_HOSTS=2 npm run bench measures everything with two actor hosts.`;

const SECONDS_MAX = 600;
const ACCOUNTS_MAX = 100_000;
const INSTANCE_MAX = 9;
const INSTANCE = '8';

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the command line; refuses what it does not understand with the usage. */
export function benchOptions(
  args: readonly string[],
  env: Environment = process.env,
): BenchOptions {
  const values = parse(args);
  const refuse = (what: string): never => {
    throw new Refusal(`${what}.\n${USAGE}`);
  };
  const whole = (text: string, name: string, min: number, max: number): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    return refuse(`--${name} must be a whole number from ${min} to ${max}`);
  };
  const queryUrl = values['query-url'];
  if ((values.url === undefined) !== (queryUrl === undefined)) {
    refuse('--url and --query-url belong together');
  }
  const words = values.only.flatMap((one) => one.split(',')).filter((word) => word !== '');
  const instance = values.instance ?? env['CORE_BANK_INSTANCE'] ?? INSTANCE;
  return {
    seconds: whole(values.seconds, 'seconds', 1, SECONDS_MAX),
    only: words.map((word) => (isPart(word) ? word : refuse(`There is no part "${word}"`))),
    accounts: whole(values.accounts, 'accounts', 2, ACCOUNTS_MAX),
    keep: values.keep,
    url: values.url?.replace(/\/+$/, ''),
    queryUrl: queryUrl?.replace(/\/+$/, ''),
    instance: whole(instance, 'instance', 0, INSTANCE_MAX),
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '8' },
        only: { type: 'string', multiple: true, default: [] },
        accounts: { type: 'string', default: '1000' },
        keep: { type: 'boolean', default: false },
        instance: { type: 'string' },
        url: { type: 'string' },
        'query-url': { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}
