import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import {
  commandHash,
  type CommandMessage,
  type CommandResult,
} from '../../contracts/account/commands.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { testName } from '../../contracts/access/sender-for-tests.ts';
import { streamOf } from '../../contracts/account/events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Life } from './timeline.ts';

/** One event as it stands in the log. */
export interface Seen {
  readonly event: BankEvent;
  readonly digest: string;
  readonly available: string | undefined;
}

/** One sending of a command to one host. */
export interface Attempt {
  readonly message: CommandMessage;
  readonly atomic: boolean;
  readonly dryRun: boolean;
  readonly life: Life;
  readonly deadline: number;
  /** Ordinal of its sending and of its answer: what comes before is smaller. */
  readonly sent: number;
  answered?: number;
  result?: CommandResult;
  /** Version of its account in the journal when it was sent, and when it was answered. */
  readonly rowBefore: number;
  rowAfter?: number;
  /** Streams of the transaction that it is a part of. */
  readonly joint: readonly StreamId[];
}

const digestOf = (event: BankEvent): string => eventDigest(canonicalJson(event));
const keyOf = (stream: string, name: string): string => `${stream}\n${name}`;

/** Whether the other attempt had ended without a deed before this one was sent. */
const isOver = (other: Attempt, { sent }: Attempt): boolean =>
  other.dryRun ||
  (other.answered !== undefined &&
    other.answered < sent &&
    other.result?.ok === false &&
    other.result.refusal.code !== 'service-unavailable');

/** Whether every answer to a command was true, and stayed so. */
export function commandVerdict(
  log: ReadonlyMap<StreamId, readonly Seen[]>,
  violated: (text: string) => void,
) {
  const attempts = new Map<string, Attempt[]>();

  const checkOk = (
    attempt: Attempt,
    events: readonly BankEvent[],
    first: string | undefined,
  ): string => {
    const { message } = attempt;
    const hash = commandHash(message.command);
    if (events[0]?.commandHash !== hash) {
      violated(`"${message.commandId}" was answered with events of another body`);
    }
    for (const event of events) {
      const there = log.get(event.stream as StreamId)?.[event.version - 1];
      if (there?.digest === digestOf(event)) continue;
      const state = there === undefined ? 'nothing' : 'something else';
      violated(
        `${event.id} of "${message.commandId}" was acknowledged, the log has ${state} there`,
      );
    }
    const outcome = events.map(digestOf).join();
    if (first !== undefined && first !== outcome) {
      violated(`"${message.commandId}" has two outcomes`);
    }
    return outcome;
  };

  /** A refusal must be true at a moment between the question and the answer. */
  const checkFresh = (
    attempt: Attempt,
    refusal: Extract<CommandResult, { ok: false }>['refusal'],
  ): void => {
    const { message, rowBefore, rowAfter = Infinity } = attempt;
    const seen = log.get(streamOf(message.accountId)) ?? [];
    const window = seen.slice(Math.max(0, rowBefore - 1), rowAfter);
    const stale = (what: string): void =>
      violated(`"${message.commandId}" was refused by what was over: ${what}`);
    switch (refusal.code) {
      case 'version-mismatch':
        if (refusal.version < rowBefore) stale(`version ${refusal.version} of ${rowBefore}`);
        break;
      case 'account-not-found':
        // The other side of a transfer may be meant.
        if (rowBefore > 0 && !('toAccountId' in message.command)) stale('no account');
        break;
      case 'insufficient-funds':
        if ('toAccountId' in message.command || 'transferId' in message.command) break;
        if (!window.some(({ available }) => available === refusal.available)) {
          stale(`${refusal.available} available`);
        }
        break;
      default:
        break;
    }
  };

  const judgeOne = (all: readonly Attempt[]): void => {
    const [{ message }] = all as [Attempt];
    const stream = streamOf(message.accountId);
    const executed = (log.get(stream) ?? []).filter(
      ({ event }) => event.commandId === message.commandId,
    );
    const hash = executed[0]?.event.commandHash;
    let first: string | undefined;
    for (const attempt of all) {
      const { result, dryRun, atomic } = attempt;
      const own = commandHash(attempt.message.command);
      if (result === undefined) continue;
      if (result.ok) {
        if (!dryRun || result.replayed) first = checkOk(attempt, result.events, first);
        continue;
      }
      const { refusal } = result;
      if (refusal.code === 'service-unavailable') continue;
      if (refusal.code === 'idempotency-key-reused') {
        if (executed.length === 0 || hash === own)
          violated(`"${message.commandId}" was never used`);
        continue;
      }
      if (!atomic && !dryRun) checkFresh(attempt, refusal);
      if (result.refusalId !== undefined && result.refusalId !== null)
        checkRecord(result.refusalId);
      // Another attempt may still execute it: one that came after, or whose outcome is not known.
      const isOpen = all.some((other) => other !== attempt && !isOver(other, attempt));
      if (hash !== own || dryRun || isOpen) continue;
      violated(`"${message.commandId}" was refused (${refusal.code}) and executed`);
    }
    const isReal = all.some(({ dryRun }) => !dryRun);
    if (!isReal && executed.length > 0) violated(`the preview "${message.commandId}" was executed`);
    if (hash !== undefined && !all.some((one) => commandHash(one.message.command) === hash)) {
      violated(`"${message.commandId}" was executed with a body that nobody sent`);
    }
  };
  const checkRecord = (id: string): void => {
    const [kind, account, version] = id.split('/');
    const there = log.get(`${kind}/${account}` as StreamId)?.[Number(version) - 1];
    if (there?.event.id !== id) violated(`the log lacks the record ${id} of a refusal`);
  };

  /** What was acknowledged before another command was sent comes before it. */
  const judgeOrder = (stream: StreamId, all: readonly Attempt[][]): void => {
    const places = all.flatMap((own) => {
      const at = (log.get(stream) ?? []).find(
        ({ event }) => event.commandId === own[0]!.message.commandId,
      )?.event.version;
      if (at === undefined) return [];
      const oks = own.filter(({ result, dryRun }) => result?.ok === true && !dryRun);
      const acknowledged = Math.min(Infinity, ...oks.map(({ answered }) => answered!));
      return [{ at, acknowledged, sent: Math.min(...own.map(({ sent }) => sent)) }];
    });
    for (const one of places) {
      for (const other of places) {
        if (one.acknowledged < other.sent && one.at > other.at) {
          violated(`${stream}: what was sent after ${one.at} was acknowledged became ${other.at}`);
        }
      }
    }
  };

  return {
    attemptsOf: (stream: StreamId, name: string): readonly Attempt[] =>
      attempts.get(keyOf(stream, name)) ?? [],
    sent(attempt: Attempt): void {
      const { accountId, commandId } = attempt.message;
      const key = keyOf(streamOf(accountId), testName(commandId));
      attempts.set(key, [...(attempts.get(key) ?? []), attempt]);
    },
    judge(isExcused: (stream: StreamId) => boolean): void {
      const ofStream = new Map<StreamId, Attempt[][]>();
      for (const own of attempts.values()) {
        const { message } = own[0]!;
        const touched = own.flatMap(({ message: { accountId, command }, joint }) => [
          streamOf(accountId),
          ...('toAccountId' in command ? [streamOf(command.toAccountId)] : []),
          ...joint,
        ]);
        if (touched.some(isExcused)) continue;
        judgeOne(own);
        const stream = streamOf(message.accountId);
        ofStream.set(stream, [...(ofStream.get(stream) ?? []), own]);
      }
      for (const [stream, all] of ofStream) judgeOrder(stream, all);
    },
  };
}
