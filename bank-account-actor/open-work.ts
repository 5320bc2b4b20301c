import type { AccountState } from '../contracts/account-state.ts';
import { EXECUTE_COMMANDS_MAX } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import { endMessage, pendingFactsOf, receiveMessage } from '../contracts/transfers.ts';
import { accountOfStream, streamOf } from '../contracts/events.ts';
import { ownCommandId, type HoldId, type StreamId } from '../domain/ids.ts';
import { crashPoint } from '../platform/crash-points.ts';
import type { Logger } from '../platform/logger.ts';
import { inParallel } from '../platform/parallel.ts';
import { repeat } from '../platform/repeat.ts';
import type { Family } from './actors.ts';
import { isDue, isLate, type Agenda } from './agenda.ts';

const LOOK_EVERY_MS = 500;
const ACCOUNTS_AT_ONCE_MAX = 8;
const TARGETS_AT_ONCE_MAX = 4;
const ACCOUNTS_PER_LOOK_MAX = 256;
const RETRY_AFTER_MS = 1_000;

type Execute = (
  stream: StreamId,
  commands: readonly CommandMessage[],
) => Promise<readonly CommandResult[]>;

export interface OpenWorkPorts {
  readonly agenda: Agenda;
  /** The accounts of this host. */
  readonly own: Pick<Family<CommandMessage, CommandResult>, 'execute' | 'calls' | 'deactivate'>;
  /** To any account, wherever it is active. Throws when it cannot be reached. */
  readonly any: Execute;
  readonly now: () => Date;
  readonly logger: Logger;
}

/**
 * Brings to an end what no client may come back for: transfers that are pending too long and
 * holds that expire. Runs beside the turns, never inside one, so no account waits for another.
 */
export function openWork({ agenda, own, any, now, logger }: OpenWorkPorts) {
  let ended = 0;

  /** Asks the target of each late transfer; answers the last steps that follow. */
  const lateTransfers = async (
    source: StreamId,
    account: AccountState,
    nowMs: number,
  ): Promise<CommandMessage[]> => {
    const late = new Set(
      (account.transfers ?? [])
        .filter(({ reservedAt }) => isLate(reservedAt, nowMs))
        .map(({ transferId }) => transferId),
    );
    const facts = pendingFactsOf(accountOfStream(source), account).filter(({ transferId }) =>
      late.has(transferId),
    );
    const ends: CommandMessage[] = [];
    await inParallel(facts, TARGETS_AT_ONCE_MAX, async (transfer) => {
      crashPoint('recovery:before-receive');
      try {
        const [result] = await any(streamOf(transfer.toAccountId), [receiveMessage(transfer)]);
        crashPoint('recovery:after-receive');
        if (result?.ok === true) ends.push(endMessage(result.events));
        else logger.warn('a transfer must wait', { ...transfer, refusal: result?.refusal });
      } catch (error) {
        // Nothing else that is due on the source waits for a target that is away.
        logger.warn('a transfer must wait', { ...transfer, error: String(error) });
      }
    });
    return ends;
  };

  const settle = async (source: StreamId, account: AccountState): Promise<void> => {
    const nowMs = now().getTime();
    let expected = own.calls(source);
    const wasActive = expected > 0;
    try {
      const expired = (account.holds ?? []).filter(
        ({ expiresAt }) => expiresAt !== undefined && isDue(expiresAt, 0, nowMs),
      );
      const commands = expired.map(({ holdId }) => expireMessage(holdId));
      if (account.transfers !== undefined) {
        commands.push(...(await lateTransfers(source, account, nowMs)));
      }
      for (let at = 0; at < commands.length; at += EXECUTE_COMMANDS_MAX) {
        expected += 1;
        await own.execute(source, commands.slice(at, at + EXECUTE_COMMANDS_MAX));
        crashPoint('recovery:after-end');
      }
      ended += commands.length;
    } catch (error) {
      logger.warn('open work must wait', { source, error: String(error) });
    }
    // An actor that no sidecar has activated is one that none will ever ask to forget. Whoever else
    // called it meanwhile came through one, and may have a turn under way.
    if (!wasActive && own.calls(source) === expected) await own.deactivate(source);
    // Whatever is still open on the account has its turn again, but not at once.
    agenda.putOff(source, nowMs + RETRY_AFTER_MS);
  };

  const look = async (): Promise<void> => {
    const due = agenda.due(now().getTime(), ACCOUNTS_PER_LOOK_MAX);
    await inParallel(due, ACCOUNTS_AT_ONCE_MAX, ([source, account]) => settle(source, account));
  };
  const looking = repeat(look, LOOK_EVERY_MS, (error) =>
    logger.error('open work failed', { error: String(error) }),
  );

  return {
    start: looking.start,
    look,
    counts: () => ({ open: agenda.size(), endedWithoutClient: ended }),
    stop: looking.stop,
  };
}

function expireMessage(holdId: HoldId): CommandMessage {
  const command = { type: 'expire-hold', holdId } as const;
  return { commandId: ownCommandId(`expire ${holdId}`), fresh: false, command };
}
