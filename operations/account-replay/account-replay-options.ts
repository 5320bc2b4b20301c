import { parseArgs } from 'node:util';
import { accountIdOfNumber } from '../../domain/account-number.ts';
import { ACCOUNT_ID_PATTERN, accountId, type AccountId } from '../../domain/ids.ts';
import { Refusal } from '../../runtime/progress.ts';

interface AccountReplayOptions {
  readonly id: AccountId;
  /** The last version to replay; all versions when unset. */
  readonly to?: number;
  readonly json: boolean;
}

const USAGE = `Usage: npm run replay-account -- ACCOUNT [--to VERSION] [--json]
  ACCOUNT  an account id (UUID) or an account number (20 digits)
  --to     the last version to replay, by default the last one in the log
  --json   prints the events and the state that they leave as one JSON document`;

/** Reads the command line; refuses what it does not understand with the usage. */
export function accountReplayOptions(args: readonly string[]): AccountReplayOptions {
  const { values, positionals } = parse(args);
  const [account, ...more] = positionals;
  if (account === undefined || more.length > 0) throw new Refusal(USAGE);
  const { to, json } = values;
  if (to !== undefined && !/^[1-9][0-9]{0,14}$/.test(to)) {
    throw new Refusal(`--to must be a version, which is a whole number from 1.\n${USAGE}`);
  }
  return { id: idOf(account), json, ...(to === undefined ? {} : { to: Number(to) }) };
}

function idOf(text: string): AccountId {
  const lower = text.toLowerCase();
  const id = ACCOUNT_ID_PATTERN.test(lower) ? accountId(lower) : accountIdOfNumber(text);
  if (id !== undefined) return id;
  throw new Refusal(
    `"${text}" is neither an account id nor an account number with valid check digits.\n${USAGE}`,
  );
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { to: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}
