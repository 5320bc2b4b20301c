import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Journal, StoredStream, StreamName } from '../journal/journal.ts';
import { heldOf, type Held, type HeldStreams } from './held-streams.ts';

/** What a turn asks the immutable log; rejects while the log is away. */
export interface LogReader {
  /** Single events, in the order asked; null where the log has none. */
  read(events: readonly EventRef[]): Promise<readonly (BankEvent | null)[]>;
}

/** One event of a stream. */
export interface EventRef {
  readonly stream: StreamId;
  readonly version: number;
}

/** Where facts come from. */
export interface FactsPorts {
  readonly held: HeldStreams;
  readonly journal: Pick<Journal, 'load'>;
  readonly log: LogReader;
  /** Takes the events of a row that the log may lack: the host that committed them may be gone. */
  readonly relay: { restore(row: StoredStream): void };
  readonly logger: Logger;
}

/** A stream that does not exist, or whose row cannot be read. */
export type Absent = 'missing' | 'unreadable';
export type Facts = ReturnType<typeof createFacts>;

const keyOf = (stream: StreamId, name: string): string => `${stream} ${name}`;

/**
 * What one turn knows. A decision that asks for something unknown gets `undefined`; then everything
 * that was asked for is fetched at once, and the turn is decided again.
 */
export function createFacts({ held, journal, log, relay, logger }: FactsPorts) {
  const streams = new Map<StreamId, Held | Absent>();
  /** Those that were asked of the journal for this turn. */
  const loaded = new Set<StreamId>();
  const names = new Map<string, number | null>();
  const events = new Map<string, BankEvent | 'unavailable'>();
  const wanted = {
    streams: new Set<StreamId>(),
    names: new Map<string, StreamName>(),
    events: new Map<string, EventRef>(),
  };

  const load = async (): Promise<void> => {
    const ids = [...wanted.streams];
    const asked = [...wanted.names];
    if (ids.length + asked.length === 0) return;
    const found = await journal.load(
      ids,
      asked.map(([, name]) => name),
    );
    for (const id of ids) streams.set(id, 'missing');
    for (const id of ids) loaded.add(id);
    for (const row of found.streams) streams.set(row.stream, read(row));
    for (const [key] of asked) names.set(key, null);
    for (const { stream, name, version } of found.names) names.set(keyOf(stream, name), version);
  };
  const read = (row: StoredStream): Held | Absent => {
    try {
      const fresh = heldOf(row);
      if (row.quarantine === undefined && row.unlogged.length > 0) relay.restore(row);
      held.take(fresh);
      return held.get(fresh.stream) ?? fresh;
    } catch (error) {
      logger.error('a row of the journal cannot be read', { stream: row.stream, error });
      return 'unreadable';
    }
  };
  const readLog = async (): Promise<void> => {
    const refs = [...wanted.events];
    if (refs.length === 0) return;
    try {
      const found = await log.read(refs.map(([, ref]) => ref));
      refs.forEach(([key], index) => events.set(key, found[index] ?? 'unavailable'));
    } catch (error) {
      logger.warn('the log cannot be asked', { error });
      for (const [key] of refs) events.set(key, 'unavailable');
    }
  };

  const stream = (id: StreamId): Held | Absent | undefined => {
    const known = streams.get(id) ?? held.get(id);
    if (known === undefined) wanted.streams.add(id);
    else streams.set(id, known);
    return known;
  };
  const forget = (id: StreamId): void => {
    held.forget(id);
    streams.delete(id);
    wanted.streams.add(id);
  };

  return {
    /** The stream as this turn knows it; undefined when it must be fetched. */
    stream,
    /** Whether the journal was asked for the stream in this turn; if not, it will be. */
    isRead(id: StreamId): boolean {
      if (!loaded.has(id)) wanted.streams.add(id);
      return loaded.has(id);
    },
    /** The same of a stream that is probably new: it is not fetched until the commit says no. */
    hoped: (id: StreamId): Held | Absent => streams.get(id) ?? held.get(id) ?? 'missing',
    /** Version of the first event under a name, null for none; undefined: to be fetched. */
    name(id: StreamId, name: string): number | null | undefined {
      const key = keyOf(id, name);
      const known = names.get(key);
      if (known === undefined) wanted.names.set(key, { stream: id, name });
      return known;
    },
    /** The same of a name that is probably new. */
    hopedName: (id: StreamId, name: string): number | null => names.get(keyOf(id, name)) ?? null,
    /** An event; undefined when it must be fetched. */
    event(id: StreamId, version: number): BankEvent | 'unavailable' | undefined {
      const key = keyOf(id, String(version));
      const known = events.get(key);
      if (known !== undefined) return known;
      const current = stream(id);
      if (current === undefined) return undefined;
      if (typeof current === 'string') return 'unavailable';
      const unlogged = current.unlogged.find((one) => one.version === version);
      if (unlogged !== undefined) return JSON.parse(unlogged.json) as BankEvent;
      // Another host has moved the stream on since it was held here.
      if (version > current.version) forget(id);
      else wanted.events.set(key, { stream: id, version });
      return undefined;
    },
    /** The stream is not as it was believed to be: it is fetched before it is decided on again. */
    overtaken(id: StreamId): void {
      forget(id);
      // What was new when it was asked for may have been taken by what moved the stream on.
      for (const [key, version] of names) {
        if (version === null && key.startsWith(`${id} `)) names.delete(key);
      }
    },
    /** A name turned out to be known. */
    learn: (id: StreamId, name: string, version: number): void =>
      void names.set(keyOf(id, name), version),
    isLacking: (): boolean => wanted.streams.size + wanted.names.size + wanted.events.size > 0,
    /** Fetches what was asked for; rejects while the journal is away. */
    async fetch(): Promise<void> {
      await Promise.all([load(), readLog()]);
      wanted.streams.clear();
      wanted.names.clear();
      wanted.events.clear();
    },
  };
}
