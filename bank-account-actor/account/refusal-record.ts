import { balanceOf, writeMoney } from '../../contracts/account/money.ts';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { commandHash, type CommandMessage } from '../../contracts/account/commands.ts';
import { askedCommand, isRecorded } from '../../contracts/account/refusal-events.ts';
import type { RefusalEvent, SeenAccount } from '../../contracts/account/refusal-events.ts';
import type { RefusalMessage } from '../../contracts/account/refusals.ts';
import { clockOf, dayOf, spentOn, type ExistingAccount } from '../../domain/account.ts';
import { version, type CommandId } from '../../domain/ids.ts';
import { formatAmount } from '../../domain/money.ts';
import { afterRecord, REFUSALS_PER_DAY_MAX } from '../../domain/refusal-record.ts';
import type { Draft } from '../turn/draft.ts';
import { isRefusalsState } from '../turn/stream-state.ts';

/** A command to an account, and the id that the record of its refusal would have. */
export interface RefusableWork {
  readonly message: CommandMessage;
  /** Who sent it; undefined: the bank itself. */
  readonly by: string | undefined;
  readonly recordId: CommandId;
}

/** A refusal by a rule, and the account that the rule looked at. */
export interface RefusedWork {
  readonly work: RefusableWork;
  readonly refusal: RefusalMessage;
  readonly seen: ExistingAccount;
  /** Events of the same atomic batch that `seen` has and that were undone with it. */
  readonly undone: number;
}

/**
 * Adds the record of a refusal to the turn, so that nobody hears of it before it is durable. Gives
 * the id of the record's event, null when no more can be recorded (the account's day is full, the
 * log is too far behind or has the records in quarantine), undefined when its stream must be
 * fetched first.
 */
export function recordRefusal(
  draft: Draft,
  { work, refusal, seen, undone }: RefusedWork,
  now: string,
): string | null | undefined {
  const { accountId, commandId, causationId, command, traceparent } = work.message;
  const stream = refusalsOf(accountId);
  const known = draft.executed(stream, work.recordId);
  if (known !== null) return `${stream}/${known}`;
  const current = draft.read(stream);
  if (current === undefined) return undefined;
  if (current === 'unreadable' || current.before?.quarantine !== undefined) return null;
  if (draft.whyNotAppend(current) !== undefined) return null;
  const before = current.state !== undefined && isRefusalsState(current.state) && current.state;
  const next = afterRecord(before || undefined, now);
  if (next.onDay > REFUSALS_PER_DAY_MAX) return null;
  const [event] = draft.append([
    {
      stream,
      state: next,
      names: [work.recordId],
      event: (place): RefusalEvent => ({
        id: `${stream}/${place.version}`,
        stream,
        ...place,
        type: 'command-refused',
        schema: 1,
        commandId: work.recordId,
        ...(work.by === undefined ? {} : { by: work.by }),
        commandHash: commandHash(command),
        causationId: causationId ?? commandId,
        ...(traceparent === undefined ? {} : { traceparent }),
        at: next.changedAt,
        data: {
          command: askedCommand(commandId, command),
          refusal,
          seen: seenOf(seen, undone, now),
          ...(next.onDay === REFUSALS_PER_DAY_MAX ? { dayIsFull: true as const } : {}),
        },
      }),
    },
  ]);
  return event!.id;
}

/** Whether the account wants a record of this refusal. */
export const wantsRecord = (
  account: ExistingAccount,
  { message }: RefusableWork,
  refusal: RefusalMessage,
): boolean => account.recordRefusals === true && isRecorded(message.command.type, refusal);

function seenOf(account: ExistingAccount, undone: number, at: string): SeenAccount {
  const { currency, status, limits, changedAt } = account;
  // By the account's clock, as the rule that refused.
  const today = dayOf(clockOf(changedAt, at));
  return {
    version: version(account.version - undone),
    ...(undone === 0 ? {} : { undone }),
    status,
    currency,
    balance: balanceOf(account),
    overdraftLimit: formatAmount(account.overdraftLimit, currency),
    ...(Object.keys(limits).length === 0 ? {} : { limits: writeMoney(limits, currency) }),
    spentToday: formatAmount(spentOn(account, today), currency),
  };
}
