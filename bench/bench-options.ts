import { parseArgs } from 'node:util';
import { Refusal } from '../runtime/progress.ts';

export interface BenchOptions {
  /** Measured seconds of each load. */
  readonly seconds: number;
  /** Only loads whose name contains one of these words; all when empty. */
  readonly only: readonly string[];
  readonly accounts: number;
  /** Makes this result the one that later runs are compared with. */
  readonly keep: boolean;
  /** A running bank to measure, instead of one of our own. */
  readonly url: string | undefined;
  readonly queryUrl: string | undefined;
  /** Instance of the bank of our own. */
  readonly instance: number;
}

const USAGE = `Usage: npm run bench -- [--seconds N] [--only WORD]... [--accounts N] [--keep]
                       [--instance N | --url URL --query-url URL]
  --seconds    measured time of each load (8)
  --only       only loads whose name contains the word; may be given several times
  --accounts   how many accounts the uniform loads use (1000)
  --keep       later runs are compared with this one (bench/results/kept.json)
  --instance   ports of the bank that is started for the measurement (8)
  --url        a running bank instead; its processes are found when it is of this checkout`;

const SECONDS_MAX = 600;
const ACCOUNTS_MAX = 100_000;
const INSTANCE_MAX = 9;

/** Reads the command line; refuses what it does not understand with the usage. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  const whole = (text: string, name: string, min: number, max: number): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new Refusal(`--${name} must be a whole number from ${min} to ${max}.\n${USAGE}`);
  };
  const queryUrl = values['query-url'];
  if ((values.url === undefined) !== (queryUrl === undefined)) {
    throw new Refusal(`--url and --query-url belong together.\n${USAGE}`);
  }
  return {
    seconds: whole(values.seconds, 'seconds', 1, SECONDS_MAX),
    only: values.only,
    accounts: whole(values.accounts, 'accounts', 1, ACCOUNTS_MAX),
    keep: values.keep,
    url: values.url?.replace(/\/+$/, ''),
    queryUrl: queryUrl?.replace(/\/+$/, ''),
    instance: whole(values.instance, 'instance', 0, INSTANCE_MAX),
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
        instance: { type: 'string', default: '8' },
        url: { type: 'string' },
        'query-url': { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`);
  }
}
