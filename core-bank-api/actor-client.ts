import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR_TYPE, executeAnswer, EXECUTE_COMMANDS_MAX } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult, ExecuteAnswer } from '../contracts/commands.ts';
import type { AccountId } from '../domain/ids.ts';
import { batcher, QueueFull } from '../platform/batcher.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';

const WAITING_COMMANDS_MAX = 2_000;
/** Pauses before the call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;

export type Execute = (accountId: AccountId, command: CommandMessage) => Promise<CommandResult>;

const unavailable = (reason: string): CommandResult => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

/**
 * Sends commands to the actors. While a call for an account is under way, further commands for
 * it are gathered and travel as one call, so that a hot account costs one commit for many.
 */
export function actorClient(sidecar: Sidecar): Execute {
  const callers = new Map<
    AccountId,
    { send: (m: CommandMessage) => Promise<CommandResult>; busy: number }
  >();

  const callerOf = (accountId: AccountId) => {
    const known = callers.get(accountId);
    if (known !== undefined) return known;
    const limits = {
      itemsMax: EXECUTE_COMMANDS_MAX,
      inFlightMax: 1,
      waitingMax: WAITING_COMMANDS_MAX,
    };
    const send = batcher<CommandMessage, CommandResult>(limits, (commands) =>
      callActor(sidecar, accountId, commands),
    );
    const caller = { send, busy: 0 };
    callers.set(accountId, caller);
    return caller;
  };

  return async (accountId, command) => {
    const caller = callerOf(accountId);
    caller.busy += 1;
    try {
      return await caller.send(command);
    } catch (error) {
      if (error instanceof QueueFull) return unavailable('too many commands wait for this account');
      throw error;
    } finally {
      caller.busy -= 1;
      if (caller.busy === 0) callers.delete(accountId);
    }
  };
}

async function callActor(
  sidecar: Sidecar,
  accountId: AccountId,
  commands: readonly CommandMessage[],
): Promise<readonly CommandResult[]> {
  let pending = commands;
  for (const pauseMs of [...RETRY_MS, undefined]) {
    try {
      const answer = await sidecar.invokeActor(ACTOR_TYPE, accountId, 'execute', {
        commands: pending,
      });
      return readAnswer(answer, commands.length).results;
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      if (pauseMs === undefined) break;
      await sleep(pauseMs);
      // The lost call may have been carried out, so these ids are not fresh any more.
      pending = commands.map((command) => ({ ...command, fresh: false }));
    }
  }
  return commands.map(() => unavailable('the account cannot be reached'));
}

// The host validates events before they are committed, so only the frame is checked here.
function readAnswer(answer: unknown, count: number): ExecuteAnswer {
  const results = (answer as Partial<ExecuteAnswer> | null)?.results;
  if (!Array.isArray(results) || results.length !== count) {
    return executeAnswer.parse(answer);
  }
  return { results };
}
