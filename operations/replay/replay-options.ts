import { bankAddresses, withAddresses } from '../client/addresses.ts';
import { command, InvalidArgumentError } from '../command-line.ts';

export interface ReplayOptions {
  readonly file: string;
  /** Commands per second, Infinity for "max". */
  readonly speed: number;
  readonly url: string;
  readonly queryUrl: string;
}

function speedOf(text: string): number {
  const speed = text === 'max' ? Infinity : Number(text);
  if (speed > 0) return speed;
  throw new InvalidArgumentError('It must be "max" or a number above zero.');
}

/** Reads the command line; refuses what it does not understand with the help. */
export function replayOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): ReplayOptions {
  const made = command('replay', 'Drives a file through the bank, and compares the outcome.')
    .argument('<file>', 'transactions as CSV, for example those of shared/data')
    .option('--speed <rate>', 'commands per second, or "max", as without it', speedOf);
  const parsed = withAddresses(made).parse(args, { from: 'user' });
  const { speed = Infinity, ...addresses } = parsed.opts();
  return { file: parsed.processedArgs[0], speed, ...bankAddresses(env, addresses) };
}
