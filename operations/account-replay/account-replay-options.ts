import { accountIdOfNumber } from '../../domain/account-number.ts';
import { ACCOUNT_ID_PATTERN, accountId, type AccountId } from '../../domain/ids.ts';
import { command, InvalidArgumentError, wholeNumber } from '../command-line.ts';

interface AccountReplayOptions {
  readonly id: AccountId;
  /** The last version to replay; all versions when unset. */
  readonly to?: number;
  readonly json: boolean;
}

function idOf(text: string): AccountId {
  const lower = text.toLowerCase();
  const id = ACCOUNT_ID_PATTERN.test(lower) ? accountId(lower) : accountIdOfNumber(text);
  if (id !== undefined) return id;
  throw new InvalidArgumentError('It has no valid check digits, or is no account id at all.');
}

/** Reads the command line; refuses what it does not understand with the help. */
export function accountReplayOptions(args: readonly string[]): AccountReplayOptions {
  const parsed = command('replay-account', 'Builds an account again from the log of the bank.')
    .argument('<account>', 'an account id (UUID) or an account number (20 digits)', idOf)
    .option('--to <version>', 'the last version to replay', wholeNumber(1))
    .option('--json', 'prints the events and the state that they leave as one JSON document')
    .parse(args, { from: 'user' });
  const [id] = parsed.processedArgs;
  return { id, json: false, ...parsed.opts() };
}
