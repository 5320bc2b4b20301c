import { nameBy, senderOf, type Principal, type Sender } from '../contracts/access/principal.ts';
import { mayUse } from '../contracts/access/rules.ts';
import { COMMAND_OPERATIONS } from '../contracts/account/command-operations.ts';
import { TRANSFER_OPERATIONS } from '../contracts/transfer/operations.ts';
import type { Operation } from '../contracts/http/openapi.ts';
import { isOfTransfer } from '../domain/account-commands.ts';
import type { CommandBody, CommandMessage, CommandResult } from '../contracts/account/commands.ts';
import { batchItemIdFor, accountIdFor } from '../contracts/derived-ids.ts';
import { answerOf } from '../contracts/account/outcomes.ts';
import {
  batchItem,
  type BatchItem,
  type BatchResult,
  batchFrame,
} from '../contracts/batch/batches.ts';
import { batchHash, type BatchContent } from '../contracts/batch/content.ts';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { problem } from '../contracts/http/problems.ts';
import { wording } from '../contracts/http/wording.ts';
import type { AccountId, CommandId, CommandName } from '../domain/ids.ts';
import { Failure } from '../platform/http/http.ts';
import type { RecordAccess } from '../platform/access-reports.ts';
import { principalOf } from '../platform/http/gate.ts';
import { traceOf } from '../platform/http/recorded-refusals.ts';
import { bodyOf, invalid, invalidBy } from '../platform/http/requests.ts';
import type { Actors } from './courier.ts';
import { failureOf } from './failures.ts';
import { beginning, begunAnswer, refusedAt } from './transfers.ts';
import { freshId, commandIdOf, flagsOf, ifMatchOf, traceparentOf } from './request-headers.ts';
import type { RequestHandler } from 'express';

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
  readonly sender: Sender;
  /** The commands of each account, in the order of the batch. */
  readonly accounts: ReadonlyMap<AccountId, readonly Addressed[]>;
  /** What cannot even be sent, by its place in the batch. */
  readonly failures: ReadonlyMap<number, Failure>;
  /** What the key of the batch is for; a message of one command has none. */
  readonly batch?: BatchContent;
}

/**
 * Reads each item by itself, so that a bad one harms no other, and sorts them by account. Each
 * needs the right that its command alone would need.
 */
export function planBatch(
  items: readonly unknown[],
  principal: Principal,
  common: Pick<CommandMessage, 'traceparent'>,
  key: CommandId = freshId(),
): Required<BatchPlan> {
  const sender = senderOf(principal);
  const idFor = itemIds(nameBy(sender.by, key));
  const accounts = new Map<AccountId, Addressed[]>();
  const failures = new Map<number, Failure>();
  const texts: string[] = [];
  items.forEach((item, index) => {
    const parsed = batchItem.safeParse(item, { error: wording });
    if (!parsed.success) {
      texts.push(textOf(item));
      failures.set(index, isObject(item) ? invalidBy(parsed.error) : NO_OBJECT);
      return;
    }
    const { idempotencyKey, ...said } = parsed.data as BatchItem;
    const about = aboutOf(said);
    texts.push(`${idempotencyKey ?? ''} ${about}`);
    const access = OPERATION_OF.get(said.type)?.access;
    if (access === undefined || !mayUse(principal, access)) {
      failures.set(index, new Failure('forbidden', { more: { scope: access?.scope } }));
      return;
    }
    const ids =
      idempotencyKey === undefined
        ? { commandId: idFor(about), causationId: key }
        : { commandId: idempotencyKey };
    const sent = sentTo(said, nameBy(sender.by, ids.commandId));
    if (sent instanceof Failure) {
      failures.set(index, sent);
      return;
    }
    const { accountId } = sent;
    const message = { ...common, ...ids, ...sent };
    const queue = accounts.get(accountId) ?? [];
    accounts.set(accountId, queue);
    queue.push({ index, accountId, message });
  });
  return { sender, accounts, failures, batch: { key, hash: batchHash(texts) } };
}

type Keyless<Item> = Item extends unknown ? Omit<Item, 'idempotencyKey'> : never;
type Said = Keyless<BatchItem>;

/** What an item says, apart from its key. The account comes first, as it always has. */
function aboutOf(item: Said): string {
  if (item.type === 'transfer') return canonicalJson(item);
  const { accountId = '', ...said } = item;
  return `${accountId} ${canonicalJson(said)}`;
}

/** The command of an item, and the account that it is sent to. */
function sentTo(
  item: Said,
  name: CommandName,
): Pick<CommandMessage, 'accountId' | 'command'> | Failure {
  if (item.type !== 'transfer') {
    const { accountId = accountIdFor(name), ...command } = item;
    return { accountId, command: command as CommandBody };
  }
  const { type: _type, ...body } = item;
  return beginning(body, name);
}

/** What a bad item says; of what is nested too deep for a text only that. */
function textOf(item: unknown): string {
  try {
    return canonicalJson(item);
  } catch (error) {
    if (error instanceof RangeError) return 'too deep';
    throw error;
  }
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const NO_OBJECT = invalid('', 'must be an object with a type');

/**
 * Ids for items without a key. They follow from the key of the whole batch and what the item says,
 * so no correction moves them from one item to another. Of equal items each has one of its own.
 */
function itemIds(batch: CommandName): (about: string) => CommandId {
  const counts = new Map<string, number>();
  return (about) => {
    const count = counts.get(about) ?? 0;
    counts.set(about, count + 1);
    return batchItemIdFor(batch, about, count);
  };
}

/**
 * Executes a plan: the commands of one account in order, the accounts in parallel, or all of
 * them as one when the plan is atomic. An atomic plan with a failure is not sent at all. Gives each
 * command's result with `resolve`.
 */
export async function executePlan(
  actors: Pick<Actors, 'execute'>,
  { sender, accounts, failures, batch }: BatchPlan,
  joint: Joint | undefined,
  resolve: (command: Addressed, result: CommandResult) => void,
): Promise<void> {
  const queues = [...accounts.values()];
  const groups = joint?.atomic === true && queues.length > 0 ? [inOrder(queues)] : queues;
  const isAborted = joint?.atomic === true && failures.size > 0;
  const of = batch === undefined ? {} : { batch };
  const executed = groups.map(async (group) => {
    const commands = group.map(({ message }) => message);
    const results = isAborted ? [] : await actors.execute({ ...sender, commands, ...joint, ...of });
    group.forEach((command, at) => resolve(command, results[at] ?? ABORTED));
  });
  await Promise.all(executed);
}

const inOrder = (queues: readonly (readonly Addressed[])[]): readonly Addressed[] =>
  queues.flat().sort((one, other) => one.index - other.index);

const ABORTED: CommandResult = { ok: false, refusal: { code: 'batch-aborted' } };

export const isUnavailable = (result: CommandResult): boolean =>
  !result.ok && result.refusal.code === 'service-unavailable';

/** Whether nothing of the batch was executed, because its key is another one's. */
const isOtherBatch = (result: CommandResult): boolean =>
  !result.ok && result.refusal.code === 'batch-key-reused';

/** What takes each command alone over REST. */
const OPERATION_OF: ReadonlyMap<string, Operation> = new Map([
  ...COMMAND_OPERATIONS.map((operation): [string, Operation] => [operation.command, operation]),
  ...TRANSFER_OPERATIONS.map((operation): [string, Operation] => [operation.id, operation]),
]);

/** Who asked, where the result stands (a URI reference), and whether it was only tried. */
interface Asked {
  readonly at: string;
  readonly owner: Sender['owner'];
  readonly isPreview?: boolean;
}

/** What the command alone would have been answered with over REST. */
export function resultOf(
  { accountId, message }: Addressed,
  result: CommandResult,
  { at, owner, isPreview = false }: Asked,
) {
  const { commandId: idempotencyKey, command } = message;
  const isTransfer = isOfTransfer(command);
  if (!result.ok) {
    const failure = isTransfer
      ? refusedAt(accountId, result)
      : failureOf(result.refusal, result.refusalId);
    return { ...problemOf(failure, at), idempotencyKey, accountId };
  }
  const operation = OPERATION_OF.get(isTransfer ? 'transfer' : command.type);
  return {
    status: isPreview ? 200 : (operation?.status ?? 200),
    idempotencyKey,
    accountId,
    ...(result.replayed ? { replayed: true as const } : {}),
    ...(isTransfer ? { transfer: begunAnswer(result, owner, isPreview) } : answerOf(result.events)),
  } satisfies BatchResult;
}

/** A result that is a problem; `at` is the URI reference of what it is about. */
export function problemOf({ code, parts }: Failure, at: string): BatchResult {
  const document = problem(code, at, parts);
  return { status: document.status, problem: document };
}

export const BATCH_BYTES_MAX = 1024 * 1024;

// Not to be passed over: who sends it relies on nothing being executed at another version.
const NO_ONE_VERSION = invalid('header/If-Match', 'is for one command: send that alone');

/** POST /v1/batches: many commands in one request, each with a result of its own. */
export const executeBatch =
  (actors: Pick<Actors, 'execute'>, record: RecordAccess): RequestHandler =>
  async (request, response) => {
    const { atomic, dryRun } = flagsOf(request, ['atomic', 'dryRun']);
    const commandId = commandIdOf(request);
    if (ifMatchOf(request) !== undefined) throw NO_ONE_VERSION;
    const { commands } = bodyOf(batchFrame, request.body);
    const common = { traceparent: traceparentOf(request) };
    const principal = principalOf(request);
    const plan = planBatch(commands, principal, common, commandId);
    response.set('Idempotency-Key', commandId);
    const joint = atomic || dryRun ? { atomic, dryRun } : undefined;
    const at = (index: number): string => `${request.path}#/commands/${index}`;
    const results: BatchResult[] = [];
    for (const [index, failure] of plan.failures) {
      results[index] = problemOf(failure, at(index));
      if (failure.code === 'forbidden') {
        record({ outcome: 'forbidden', operation: 'executeBatch', principal, ...traceOf(request) });
      }
    }
    let isOther = false;
    await executePlan(actors, plan, joint, (command, result) => {
      isOther ||= isOtherBatch(result);
      const { owner } = plan.sender;
      const asked = { at: at(command.index), owner, isPreview: dryRun };
      results[command.index] = resultOf(command, result, asked);
    });
    if (isOther) throw failureOf({ code: 'batch-key-reused' });
    response.json({ ...(dryRun ? { dryRun } : {}), results });
  };
