import { answerOf } from '../contracts/outcomes.ts';
import { batchItem, type BatchItem, type BatchResult } from '../contracts/batches.ts';
import { batchItemIdFor, EXECUTE_COMMANDS_MAX } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { CommandBody } from '../contracts/command-bodies.ts';
import { COMMAND_OPERATIONS } from '../contracts/command-operations.ts';
import { problem } from '../contracts/problems.ts';
import type { AccountId, CommandId } from '../domain/ids.ts';
import { inParallel } from '../platform/parallel.ts';
import type { Failure } from '../platform/http.ts';
import { unavailable, type Actors } from './courier.ts';
import { failureOf, invalid, invalidBy } from './failures.ts';
import { accountIdFor, freshId } from './request-headers.ts';

/** Accounts of one batch whose commands are under way at the same time: they travel together. */
const ACCOUNTS_AT_ONCE_MAX = 1_000;

/** How the commands of a batch belong together. */
export interface Joint {
  /** All of them are executed, in one turn, or none. */
  readonly atomic: boolean;
  /** Each is decided on what the ones before it would leave; nothing is written. */
  readonly dryRun: boolean;
}

/** One command of a batch on its way: where its result belongs, and for whom it is. */
export interface Addressed {
  readonly index: number;
  readonly accountId: AccountId;
  readonly message: CommandMessage;
}

export interface BatchPlan {
  /** The commands of each account, in the order of the batch. */
  readonly accounts: ReadonlyMap<AccountId, readonly Addressed[]>;
  /** What cannot even be sent, by its place in the batch. */
  readonly failures: ReadonlyMap<number, Failure>;
}

/** Reads each item by itself, so that a bad one harms no other, and sorts them by account. */
export function planBatch(
  items: readonly unknown[],
  common: Pick<CommandMessage, 'traceparent'>,
  commandId: CommandId = freshId(),
): BatchPlan {
  const idFor = itemIds(commandId);
  const accounts = new Map<AccountId, Addressed[]>();
  const failures = new Map<number, Failure>();
  items.forEach((item, index) => {
    const parsed = batchItem.safeParse(item);
    if (!parsed.success) {
      failures.set(index, isObject(item) ? invalidBy(parsed.error) : NO_OBJECT);
      return;
    }
    const { accountId, message } = address(parsed.data as BatchItem, common, idFor);
    const queue = accounts.get(accountId) ?? [];
    accounts.set(accountId, queue);
    queue.push({ index, accountId, message });
  });
  return { accounts, failures };
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const NO_OBJECT = invalid([{ at: '', message: 'must be an object with a type' }]);

/**
 * Ids for items without a key. They follow from the key of the whole batch, the account and how
 * many of its items came before, so a batch that is sent again with its key is executed once.
 */
function itemIds(commandId: CommandId): (account: string) => CommandId {
  const counts = new Map<string, number>();
  return (account) => {
    const count = counts.get(account) ?? 0;
    counts.set(account, count + 1);
    return batchItemIdFor(commandId, account, count);
  };
}

function address(
  { accountId: given, idempotencyKey, ...command }: BatchItem,
  common: Pick<CommandMessage, 'traceparent'>,
  idFor: (account: string) => CommandId,
): { accountId: AccountId; message: CommandMessage } {
  const commandId = idempotencyKey ?? idFor(given ?? command.type);
  const accountId = given ?? accountIdFor(commandId);
  return {
    accountId,
    message: { ...common, accountId, commandId, command: command as CommandBody },
  };
}

/**
 * Executes a plan: accounts beside each other, the commands of one account in order, as many in
 * one commit as an actor takes. An atomic plan with a failure is not sent at all. Gives each
 * command's result with `settle`.
 */
export function executePlan(
  actors: Pick<Actors, 'execute'>,
  { accounts, failures }: BatchPlan,
  joint: Joint | undefined,
  settle: (command: Addressed, result: CommandResult) => void,
): Promise<void> {
  return inParallel(accounts, ACCOUNTS_AT_ONCE_MAX, async ([, commands]) => {
    let instead = joint?.atomic === true && failures.size > 0 ? ABORTED : undefined;
    for (let from = 0; from < commands.length; from += EXECUTE_COMMANDS_MAX) {
      const group = commands.slice(from, from + EXECUTE_COMMANDS_MAX);
      const messages = group.map(({ message }) => message);
      const results =
        instead === undefined ? await actors.execute({ commands: messages, ...joint }) : [];
      group.forEach((command, at) => settle(command, results[at] ?? instead ?? LOST));
      if (results.some(isUnavailable)) instead = LOST;
    }
  });
}

export const isUnavailable = (result: CommandResult): boolean =>
  !result.ok && result.refusal.code === 'service-unavailable';
const ABORTED: CommandResult = { ok: false, refusal: { code: 'batch-aborted' } };
/** For what follows a command without a known outcome: sent, it could overtake it. */
const LOST = unavailable('an earlier command of the batch has no known outcome');

const STATUS = new Map(
  COMMAND_OPERATIONS.map(({ command, status }) => [command as string, status]),
);

/** What the command alone would have been answered with over REST. */
export function resultOf({ accountId, message }: Addressed, result: CommandResult, at: string) {
  const { commandId: idempotencyKey } = message;
  if (!result.ok) {
    const failure = failureOf(result.refusal, result.refusalId);
    return { ...problemOf(failure, at), idempotencyKey, accountId };
  }
  return {
    status: STATUS.get(message.command.type) ?? 200,
    idempotencyKey,
    accountId,
    ...(result.replayed ? { replayed: true as const } : {}),
    ...answerOf(result.events),
  } satisfies BatchResult;
}

/** A result that is a problem; `at` is the URI reference of what it is about. */
export function problemOf({ code, parts }: Failure, at: string): BatchResult {
  const document = problem(code, at, parts);
  return { status: document.status, problem: document };
}
