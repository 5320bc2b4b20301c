import type { LoggedEvent } from '../../contracts/account/events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Journal } from '../journal/journal.ts';
import type { LogReader } from '../turn/facts.ts';

/** See `commandLookup`. */
export type CommandLookup = (
  stream: StreamId,
  names: readonly string[],
) => Promise<(LoggedEvent[] | undefined)[]>;

/**
 * Finds the events of an account that were committed under each name, undefined for none; of a
 * command with events on several streams those of this account. Writes nothing. Rejects while
 * journal or log is away.
 */
export const commandLookup =
  (journal: Pick<Journal, 'load'>, log: LogReader): CommandLookup =>
  async (stream, names) => {
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
    return Promise.all(
      names.map(async (name) => {
        const first = found.names.find((one) => one.name === name)?.version;
        if (first === undefined) return undefined;
        const events: LoggedEvent[] = [];
        for (let version = first; ; version += 1) {
          const event = await read(version);
          if (event === undefined) return events;
          if (version > first && event.commandId !== events[0]?.commandId) return events;
          events.push(event);
          if (events.length === (event.joint?.events ?? 1)) return events;
        }
      }),
    );
  };
