import { randomUUID } from 'node:crypto';
import { refusalsOf } from '../contracts/bank-events.ts';
import { commandHash, type CommandMessage, type CommandResult } from '../contracts/commands.ts';
import { balanceOf } from '../contracts/balances.ts';
import { accountOfStream, type LoggedEvent } from '../contracts/events.ts';
import { writeMoney } from '../contracts/money-members.ts';
import { askedCommand, isRecorded, type SeenAccount } from '../contracts/refusal-events.ts';
import { dayOf, spentOn, type Account, type ExistingAccount } from '../domain/account.ts';
import { ownCommandId, version } from '../domain/ids.ts';
import { formatAmount } from '../domain/money.ts';
import type { Unavailable } from './actor-kind.ts';
import type { Family } from './actors.ts';
import type { Recorded, RefusedCommand } from './refusal-kind.ts';
import type { TurnResult } from './turn.ts';

/** What an account says to a command, with what must be recorded before it is told. */
export type AccountResult = CommandResult & { readonly record?: RefusedCommand };

export interface DecidedTurn {
  /** The account before the turn. */
  readonly before: Account;
  readonly commands: readonly CommandMessage[];
  readonly results: readonly TurnResult[];
  /** What the turn would have executed was undone. */
  readonly isAborted: boolean;
  /** Nothing of the turn is written, so nothing of it is recorded. */
  readonly isPreview: boolean;
  readonly at: string;
}

/** The results of a turn, each refusal with its record if the account wants one. */
export function withRecords(turn: DecidedTurn): AccountResult[] {
  return turn.results.map(({ seen, ...result }, index): AccountResult => {
    const message = turn.commands[index];
    if (result.ok || seen === undefined || message === undefined) return result;
    if (turn.isPreview || message.dryRun === true) return result;
    // What an aborted turn set was never set.
    const { before } = turn;
    const deciding = turn.isAborted ? before : seen;
    if (seen.status === 'none' || deciding.status === 'none') return result;
    if (deciding.recordRefusals !== true) return result;
    if (!isRecorded(message.command.type, result.refusal)) return result;
    const undone = turn.isAborted ? seen.version - before.version : 0;
    const record: RefusedCommand = {
      commandId: ownCommandId(`refusal ${randomUUID()}`),
      fresh: true,
      commandHash: commandHash(message.command),
      traceparent: message.traceparent,
      at: turn.at,
      data: {
        command: askedCommand(message.commandId, message.command),
        refusal: result.refusal,
        seen: seenOf(seen, undone, turn.at),
      },
    };
    return { ...result, record };
  });
}

function seenOf(account: ExistingAccount, undone: number, at: string): SeenAccount {
  const { currency, status, limits } = account;
  return {
    version: version(account.version - undone),
    ...(undone === 0 ? {} : { undone }),
    status,
    currency,
    balance: balanceOf(account),
    overdraftLimit: formatAmount(account.overdraftLimit, currency),
    ...(Object.keys(limits).length === 0 ? {} : { limits: writeMoney(limits, currency) }),
    spentToday: formatAmount(spentOn(account, dayOf(at)), currency),
  };
}

type Accounts<Result> = Family<CommandMessage, Result, LoggedEvent>;

/**
 * The accounts, whose refusals are in the journal before anybody hears of them. It runs behind the
 * account's turn, so a record makes nobody wait but the one who is refused.
 */
export function recordingAccounts(
  accounts: Accounts<AccountResult>,
  refusals: Family<RefusedCommand, Recorded>,
): Accounts<CommandResult> {
  return {
    recall: accounts.recall,
    calls: accounts.calls,
    async execute(stream, commands, joint) {
      const results = await accounts.execute(stream, commands, joint);
      const records = results.flatMap((result) => recordOf(result) ?? []);
      if (records.length === 0) return results;
      const own = refusalsOf(accountOfStream(stream));
      const recorded = (await refusals.execute(own, records)).values();
      return results.map((result) =>
        recordOf(result) === undefined ? result : told(result, recorded.next().value!),
      );
    },
    async deactivate(stream) {
      await accounts.deactivate(stream);
      await refusals.deactivate(refusalsOf(accountOfStream(stream)));
    },
  };
}

const recordOf = (result: AccountResult | Unavailable): RefusedCommand | undefined =>
  'record' in result ? result.record : undefined;

/** A refusal that could not be recorded is not told: the command may be sent again. */
function told(
  result: AccountResult | Unavailable,
  recorded: Recorded | Unavailable,
): CommandResult {
  if (result.ok || !recorded.ok) return recorded.ok ? result : recorded;
  return { ok: false, refusal: result.refusal, refusalId: recorded.refusalId };
}
