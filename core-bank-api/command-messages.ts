import { nameBy, type Sender } from '../contracts/access/principal.ts';
import type { CommandResult } from '../contracts/account/commands.ts';
import { messageKeyFor } from '../contracts/derived-ids.ts';
import {
  DEAD_COMMAND_TYPE,
  type DeadCommandData,
  COMMAND_RESULT_TYPE,
  commandEvent,
  type CommandResultData,
  type OwnCloudEvent,
} from '../contracts/batch/command-messages.ts';
import type { FieldError } from '../contracts/http/problems.ts';
import {
  ACCOUNT_COMMANDS_TOPIC,
  COMMAND_RESULTS_TOPIC,
  DEAD_COMMANDS_TOPIC,
} from '../contracts/log/topics.ts';
import type { RecordAccess, SeenAccess } from '../platform/access-reports.ts';
import { validTraceparent } from '../platform/http/trace-context.ts';
import { parseObject } from '../platform/http/http.ts';
import type { Logger } from '../platform/logger.ts';
import {
  executePlan,
  isObject,
  isUnavailable,
  planBatch,
  resultOf,
  type Addressed,
  type BatchPlan,
} from './batches.ts';
import type { Actors } from './courier.ts';
import type { ProducerOf } from './message-producers.ts';
import { randomUUID, createHash } from 'node:crypto';

/** More of a message than this is not kept: with it a dead letter stays what brokers carry. */
const KEPT_BYTES_MAX = 256 * 1024;

/** The CloudEvent that caused another: an id alone is one of many. */
export interface Cause {
  readonly causationid: string;
  readonly causationsource: string;
}

/** Why a message can never be executed as it is. */
export interface Poison {
  readonly reason: string;
  readonly errors?: readonly FieldError[];
  readonly cause?: Cause;
  /** It is recorded as a refused access: its sender is nobody, or lacks the right. */
  readonly refused?: SeenAccess;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The dead letter of a message. Its id is new every time: the broker drops what has an id that it
 * saw a moment ago, and so a message that was replayed and died again would be lost.
 */
function deadCommand(message: Buffer, { reason, errors, cause }: Poison) {
  const kept = message.subarray(0, KEPT_BYTES_MAX);
  const data: DeadCommandData = {
    reason,
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...text(kept),
    ...(kept.length === message.length ? {} : { cut: true }),
  };
  return { id: `dead/${randomUUID()}`, type: DEAD_COMMAND_TYPE, ...cause, data };
}

function text(bytes: Buffer): Pick<DeadCommandData, 'message' | 'encoding'> {
  try {
    return { message: decoder.decode(bytes), encoding: 'utf-8' };
  } catch {
    return { message: bytes.toString('base64'), encoding: 'base64' };
  }
}

/** What one message may have; more is poison. The same as the body of one REST command. */
export const MESSAGE_BYTES_MAX = 64 * 1024;
const SOURCE = '/core-bank/core-bank-api';

export interface CommandMessagePorts {
  readonly actors: Actors;
  readonly producerOf: ProducerOf;
  /** Hears what is refused for want of a right. */
  readonly record: RecordAccess;
  /** Resolves once the broker has the event. */
  readonly publish: (topic: string, event: OwnCloudEvent) => Promise<void>;
  readonly now: () => Date;
  readonly logger: Logger;
}

interface Wanted extends Pick<BatchPlan, 'sender'> {
  readonly cause: Cause;
  readonly command: Addressed;
  /** Why it may not begin any more; it may have been executed before. */
  readonly over: string | undefined;
}

/**
 * Takes one message of the topic account-commands: 'SUCCESS' acknowledges it, 'RETRY' has it
 * delivered again. It is acknowledged only when its result, or the reason why it has none, was
 * published; so a crash at any point costs a repetition at most, and the command's key makes
 * that harmless. One that expired meanwhile is still answered with what it did.
 */
export function commandMessages(ports: CommandMessagePorts) {
  const { actors, producerOf, record, publish, now, logger } = ports;
  const common = () => ({
    specversion: '1.0' as const,
    source: SOURCE,
    time: now().toISOString(),
    datacontenttype: 'application/json' as const,
  });

  const bury = async (message: Buffer, poison: Poison): Promise<'SUCCESS'> => {
    if (poison.refused !== undefined) record(poison.refused);
    logger.warn('a command message is poison', { reason: poison.reason });
    await publish(DEAD_COMMANDS_TOPIC, { ...common(), ...deadCommand(message, poison) });
    return 'SUCCESS';
  };
  const take = async (message: Buffer): Promise<'SUCCESS' | 'RETRY'> => {
    const wanted = await readCommand(message, producerOf, now());
    if ('reason' in wanted) return bury(message, wanted);
    const { cause, command, over, sender } = wanted;
    if (over !== undefined) {
      const { accountId, message: asked } = command;
      const name = nameBy(sender.by, asked.commandId);
      const looked = await actors.lookup(accountId, [name], sender.owner);
      if (looked === 'unavailable') return 'RETRY';
      const wasExecuted = looked.isOwn && looked.found[0] !== undefined;
      if (!wasExecuted) return bury(message, { cause, reason: over });
    }
    const result = await executeOne(actors, command, sender);
    if (isUnavailable(result)) return 'RETRY';
    const at = `${SOURCE}#${encodeURIComponent(command.message.commandId)}`;
    const data = resultOf(command, result, { at, owner: sender.owner });
    await publish(COMMAND_RESULTS_TOPIC, { ...common(), ...resultEvent(cause, data) });
    return 'SUCCESS';
  };

  return async (message: Buffer): Promise<'SUCCESS' | 'RETRY'> => {
    try {
      return await take(message);
    } catch (error) {
      logger.warn('a command message is deferred', { error });
      return 'RETRY';
    }
  };
}

async function executeOne(
  actors: Pick<Actors, 'execute'>,
  command: Addressed,
  sender: Sender,
): Promise<CommandResult> {
  const results: CommandResult[] = [];
  const accounts = new Map([[command.accountId, [command]]]);
  const plan = { sender, accounts, failures: new Map() };
  await executePlan(actors, plan, undefined, (_command, result) => results.push(result));
  return results[0] as CommandResult;
}

async function readCommand(
  message: Buffer,
  producerOf: ProducerOf,
  now: Date,
): Promise<Wanted | Poison> {
  if (message.length > MESSAGE_BYTES_MAX)
    return { reason: `has more than ${MESSAGE_BYTES_MAX} bytes` };
  const event = commandEvent.safeParse(parse(message));
  if (!event.success) {
    const errors = event.error.issues.map(({ path, message: text }) => ({
      at: path.map((member) => `/${String(member)}`).join(''),
      message: text,
    }));
    return { reason: 'is no CloudEvent 1.0 in JSON', errors: errors.slice(0, 10) };
  }
  const { id, source, data, expiration, traceparent } = event.data;
  const cause = { causationid: id, causationsource: source };
  const produced = await producerOf(event.data);
  if ('reason' in produced) return { cause, ...produced, refused: UNSIGNED };
  const over = endOf([expiration, produced.expires], now);
  const item = isObject(data) ? { idempotencyKey: messageKeyFor(source, id), ...data } : data;
  const common = { traceparent: validTraceparent(traceparent) };
  const { sender, accounts, failures } = planBatch([item], produced.principal, common);
  const [[command] = []] = accounts.values();
  if (command !== undefined) return { cause, command, over, sender };
  const failure = failures.get(0);
  if (failure?.code === 'forbidden') {
    const reason = `its sender lacks the right ${String(failure.parts.more?.['scope'])}`;
    const { principal } = produced;
    const refused = { outcome: 'forbidden', operation: ACCOUNT_COMMANDS_TOPIC, principal } as const;
    return { cause, reason, refused };
  }
  const errors = failure?.parts.errors ?? [];
  return { cause, reason: 'its data is no valid command', errors: errors.slice(0, 10) };
}

const UNSIGNED: SeenAccess = {
  outcome: 'unauthenticated',
  reason: 'signature',
  operation: ACCOUNT_COMMANDS_TOPIC,
};

/** What says that it is over: the sender's word under its signature, or the broker's. */
function endOf(
  [expiration, expires]: readonly [string | undefined, number | undefined],
  now: Date,
): string | undefined {
  const signed = expires === undefined ? undefined : new Date(expires * 1_000).toISOString();
  const at = [expiration, signed].find((one) => one !== undefined && Date.parse(one) <= +now);
  return at === undefined ? undefined : `expired at ${at}`;
}

function parse(message: Buffer): unknown {
  try {
    return parseObject(message);
  } catch {
    return undefined;
  }
}

/**
 * The id follows from the cause and the content: the broker drops a repetition, but never the
 * success of a command whose first try was refused, nor the answer to another sender.
 */
function resultEvent(cause: Cause, data: CommandResultData) {
  const { replayed: _replayed, problem, ...lasting } = data;
  // A refusal that is decided again has another record, and is the same refusal.
  const refused = problem && { problem: { ...problem, refusalId: undefined } };
  const content = JSON.stringify({ ...cause, ...lasting, ...refused });
  const digest = createHash('sha256').update(content).digest('base64url');
  const id = `result/${digest}`;
  return { id, type: COMMAND_RESULT_TYPE, subject: data.accountId, ...cause, data };
}
