import { EVERY_OWNER, mayReach, nameBy, type Sender } from '../../contracts/access/principal.ts';
import { madeByCommand, type LoggedEvent } from '../../contracts/account/events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Journal, StoredStream } from '../journal/journal.ts';
import type { LogReader } from '../turn/facts.ts';
import { decodeState, isAccountState } from '../turn/stream-state.ts';

/** See `commandLookup`. */
export type CommandLookup = (
  stream: StreamId,
  names: readonly string[],
  owner: Sender['owner'],
) => Promise<{ readonly isOwn: boolean; readonly found: (LoggedEvent[] | undefined)[] }>;

/**
 * Finds the events of an account that were committed under each name, undefined for none; of a
 * command with events on several streams those of this account; and whether it is an account of
 * that owner. Writes nothing. Rejects while journal or log is away.
 */
export const commandLookup =
  (journal: Pick<Journal, 'load'>, log: LogReader): CommandLookup =>
  async (stream, names, owner) => {
    const found = await journal.load(
      [stream],
      names.map((name) => ({ stream, name })),
    );
    const [row] = found.streams;
    const read = async (version: number): Promise<LoggedEvent | undefined> => {
      const unlogged = row?.unlogged[version - row.logged - 1];
      if (unlogged !== undefined) return JSON.parse(unlogged) as LoggedEvent;
      if (version > (row?.version ?? 0)) return undefined;
      const [event] = await log.read([{ stream, version }]);
      if (event === null) throw new Error(`the log lacks ${stream}/${version}`);
      return event as LoggedEvent;
    };
    const isOwn = owner === EVERY_OWNER || (row !== undefined && isOf(row, owner));
    const events = await Promise.all(
      names.map(async (name) => {
        const first = found.names.find((one) => one.name === name)?.version;
        if (first === undefined) return undefined;
        const events: LoggedEvent[] = [];
        for (let version = first; ; version += 1) {
          const event = await read(version);
          if (event === undefined) return events;
          if (version > first && !isSameCommand(event, events[0]!)) return events;
          events.push(event);
          if (events.length === madeByCommand(event)) return events;
        }
      }),
    );
    return { isOwn, found: events };
  };

const isSameCommand = (one: LoggedEvent, other: LoggedEvent): boolean =>
  nameBy(one.by, one.commandId) === nameBy(other.by, other.commandId);

function isOf({ stream, state }: StoredStream, owner: Sender['owner']): boolean {
  const account = decodeState(stream, state);
  return isAccountState(account) && mayReach({ owner }, account.ownerId);
}
