import { setTimeout as sleep } from 'node:timers/promises';
import { ACTOR_TYPE, executeAnswer, EXECUTE_COMMANDS_MAX } from '../contracts/commands.ts';
import { lookupAnswer } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult, ExecuteAnswer } from '../contracts/commands.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { AccountId, CommandId } from '../domain/ids.ts';
import { batcher, QueueFull } from '../platform/batcher.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';

const WAITING_COMMANDS_MAX = 2_000;
/** Pauses before the call is made again; a restarting part of the bank is hidden by them. */
const RETRY_MS = [100, 300, 800] as const;

/** How the commands of one group belong together; such a group travels alone. */
export interface Joint {
  /** All of them are executed, in one commit, or none. */
  readonly atomic?: boolean;
  /** Each is decided on what the ones before it would leave; nothing is written. */
  readonly dryRun?: boolean;
}

/** Commands for the accounts, however they come to them. */
export interface Actors {
  /** Decides up to EXECUTE_COMMANDS_MAX commands in order, in one commit of the account. */
  execute(
    accountId: AccountId,
    commands: readonly CommandMessage[],
    joint?: Joint,
  ): Promise<readonly CommandResult[]>;
  /** What was executed under the id; undefined for nothing, 'unavailable' when nobody knows. */
  lookup(
    accountId: AccountId,
    commandId: CommandId,
  ): Promise<readonly LoggedEvent[] | undefined | 'unavailable'>;
}

export const unavailable = (reason: string): CommandResult => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

interface Group {
  readonly commands: readonly CommandMessage[];
  readonly joint: Joint | undefined;
}
type Results = readonly CommandResult[];

/**
 * Sends commands to the actors. While a call for an account is under way, further groups of
 * commands for it are gathered and travel as one call, so that a hot account costs one commit
 * for many. A group is never split, so that its commands are all known or all unknown.
 */
export function actorClient(sidecar: Sidecar): Actors {
  const callers = new Map<AccountId, { send: (group: Group) => Promise<Results>; busy: number }>();
  const limits = {
    itemsMax: EXECUTE_COMMANDS_MAX,
    inFlightMax: 1,
    waitingMax: WAITING_COMMANDS_MAX,
    sizeOf: ({ commands, joint }: Group) =>
      joint === undefined ? commands.length : EXECUTE_COMMANDS_MAX,
  };
  const callerOf = (accountId: AccountId) => {
    const known = callers.get(accountId);
    if (known !== undefined) return known;
    const send = batcher<Group, Results>(limits, (groups) => callActor(sidecar, accountId, groups));
    const caller = { send, busy: 0 };
    callers.set(accountId, caller);
    return caller;
  };

  return {
    async execute(accountId, commands, joint) {
      const caller = callerOf(accountId);
      caller.busy += 1;
      try {
        return await caller.send({ commands, joint });
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        return commands.map(() => unavailable('too many commands wait for this account'));
      } finally {
        caller.busy -= 1;
        if (caller.busy === 0) callers.delete(accountId);
      }
    },
    async lookup(accountId, commandId) {
      const body = { commandIds: [commandId] };
      const answer = await persist(() =>
        sidecar.invokeActor(ACTOR_TYPE, accountId, 'lookup', body),
      );
      if (answer === undefined) return 'unavailable';
      return lookupAnswer.parse(answer).found[0] ?? undefined;
    },
  };
}

/** Calls until there is an answer; undefined when there is none after several tries. */
async function persist(call: (tries: number) => Promise<unknown>): Promise<unknown> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await call(tries);
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error;
      const pauseMs = RETRY_MS[tries];
      if (pauseMs === undefined) return undefined;
      await sleep(pauseMs);
    }
  }
}

async function callActor(
  sidecar: Sidecar,
  accountId: AccountId,
  groups: readonly Group[],
): Promise<Results[]> {
  const commands = groups.flatMap((group) => group.commands);
  const answer = await persist((tries) => {
    // A lost call may have been carried out, so its ids are not fresh any more.
    const sent = tries === 0 ? commands : commands.map((one) => ({ ...one, fresh: false }));
    const body = { commands: sent, ...groups[0]?.joint };
    return sidecar.invokeActor(ACTOR_TYPE, accountId, 'execute', body);
  });
  const results =
    answer === undefined
      ? commands.map(() => unavailable('the account cannot be reached'))
      : readAnswer(answer, commands.length).results;
  let from = 0;
  return groups.map((group) => results.slice(from, (from += group.commands.length)));
}

// The host validates events before they are committed, so only the frame is checked here.
function readAnswer(answer: unknown, count: number): ExecuteAnswer {
  const results = (answer as Partial<ExecuteAnswer> | null)?.results;
  if (!Array.isArray(results) || results.length !== count) {
    throw new Error(`${count} commands, but ${executeAnswer.parse(answer).results.length} results`);
  }
  return { results };
}
