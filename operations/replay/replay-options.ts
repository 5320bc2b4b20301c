import { parseArgs } from 'node:util';
import { Refusal } from '../../runtime/progress.ts';
import { bankAddresses } from '../client/addresses.ts';

export interface ReplayOptions {
  readonly file: string;
  /** Commands per second, Infinity for "max". */
  readonly speed: number;
  readonly url: string;
  readonly queryUrl: string;
}

const USAGE = `Usage: npm run replay -- FILE.csv [--speed max|N] [--url URL] [--query-url URL]
  FILE.csv     transactions, for example those of shared/data
  --speed      commands per second, or "max" (the default)
  --url        the command API, by default that of this checkout's instance
  --query-url  the query API, likewise`;

/** Reads the command line; refuses what it does not understand with the usage. */
export function replayOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): ReplayOptions {
  const { values, positionals } = parse(args);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Refusal(USAGE);
  const speed = values.speed === 'max' ? Infinity : Number(values.speed);
  if (!(speed > 0)) throw new Refusal(`--speed must be "max" or a number above zero.\n${USAGE}`);
  const addresses = bankAddresses(env, { url: values.url, queryUrl: values['query-url'] });
  return { file, speed, ...addresses };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        speed: { type: 'string', default: 'max' },
        url: { type: 'string' },
        'query-url': { type: 'string' },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}
