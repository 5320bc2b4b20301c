import type { LoggedEvent } from '../contracts/events.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import type { Actors, Family } from './actors.ts';
import type { LogClient } from './log-client.ts';

export type CommandLookup = (
  stream: StreamId,
  commandIds: readonly CommandId[],
) => Promise<(LoggedEvent[] | undefined)[]>;

/**
 * What an account executed under each id, undefined for nothing. Writes nothing. Throws while
 * nobody can tell: a write that may still be applied could make "nothing" wrong.
 */
export const commandLookup =
  (
    accounts: Pick<Family<never, unknown, LoggedEvent>, 'recall'>,
    inDoubt: Actors['inDoubt'],
    log: Pick<LogClient, 'once'>,
  ): CommandLookup =>
  async (stream, commandIds) => {
    const remembered = await accounts.recall(stream, commandIds);
    const found = await Promise.all(
      commandIds.map(async (id, at) => remembered[at] ?? (await log.once(stream, id))),
    );
    if (inDoubt(stream) && found.includes(undefined))
      throw new Error(`the last commit of ${stream} is in doubt`);
    return found as (LoggedEvent[] | undefined)[];
  };
