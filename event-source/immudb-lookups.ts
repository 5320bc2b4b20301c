import type { StreamId } from '../domain/ids.ts';
import type { Alarms } from './alarms.ts';
import type { BoundedMap } from '../platform/bounded-map.ts';
import { cutPage, eventKey, missing, TamperError } from './event-log.ts';
import type { CommandKey, LogEntry } from './event-log.ts';
import { lastOfStream, streamFrom, type Entry } from './immudb-calls.ts';
import type { ImmudbClient } from './immudb-client.ts';
import { readCommands } from './immudb-commands.ts';
import { entryOf } from './immudb-values.ts';

const CALLS_IN_FLIGHT_MAX = 16;
const KEYS_MAX = 2_000;

export type Heads = BoundedMap<StreamId, number>;
export type Lookups = ReturnType<typeof immudbLookups>;

/** Reads by key. Whatever is not as the log wrote it raises an alarm and a TamperError. */
export function immudbLookups(client: ImmudbClient, alarms: Alarms, heads: Heads) {
  const watched = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof TamperError) alarms.raise('tampered', error.key, error.message);
      throw error;
    }
  };
  const getAll = async (keys: Iterable<string>): Promise<Map<string, Entry>> => {
    const found = new Map<string, Entry>();
    const wanted = [...new Set(keys)].map((key) => Buffer.from(key));
    for (let at = 0; at < wanted.length; at += KEYS_MAX) {
      const { entries } = await client.call('GetAll', { keys: wanted.slice(at, at + KEYS_MAX) });
      for (const entry of entries) found.set(entry.key.toString(), entry);
    }
    return found;
  };
  const readHead = async (id: StreamId): Promise<number> => {
    const { entries } = await client.call('Scan', lastOfStream(id));
    const last = entries[0];
    if (last === undefined) return 0;
    entryOf(last);
    return Number(last.key.toString().slice(-16));
  };

  /** Those versions, each of which must be there; a scan would cost immudb ten times as much. */
  const readVersions = async (id: StreamId, versions: readonly number[]): Promise<LogEntry[]> => {
    const keys = versions.map((version) => eventKey(id, version));
    const found = await getAll(keys);
    return keys.map((key) => {
      const entry = found.get(key);
      if (entry === undefined) throw missing(key);
      return entryOf(entry);
    });
  };
  const readStream = async (id: StreamId, from: number, limit: number): Promise<LogEntry[]> => {
    const [head = 0] = await headsOf([id]);
    const count = Math.min(limit, head - from + 1);
    const versions = Array.from({ length: Math.max(0, count) }, (_, index) => from + index);
    const next = from + versions.length;
    const [known, beyond] = await Promise.all([
      readVersions(id, versions),
      versions.length < limit ? scanned(id, next, limit - versions.length) : [],
    ]);
    return cutPage([...known, ...beyond], limit);
  };
  /** Beyond the known head there is only what somebody else wrote. */
  const scanned = async (id: StreamId, from: number, limit: number): Promise<LogEntry[]> => {
    const { entries } = await client.call('Scan', streamFrom(id, from, limit));
    entries.forEach((entry, index) => requireKey(entry, eventKey(id, from + index)));
    return entries.map(entryOf);
  };

  const headsOf = async (ids: readonly StreamId[]): Promise<number[]> => {
    const unknown = [...new Set(ids)].filter((id) => heads.get(id) === undefined);
    const read = new Map<StreamId, number>();
    for (let at = 0; at < unknown.length; at += CALLS_IN_FLIGHT_MAX) {
      await Promise.all(
        unknown.slice(at, at + CALLS_IN_FLIGHT_MAX).map(async (id) => {
          const head = await readHead(id);
          read.set(id, head);
          // An append may have been faster than this reading.
          if (head > 0 && heads.get(id) === undefined) heads.set(id, head);
        }),
      );
    }
    return ids.map((id) => heads.get(id) ?? read.get(id) ?? 0);
  };

  return {
    getAll,
    readStream: (id: StreamId, from: number, limit: number) =>
      watched(() => readStream(id, from, limit)),
    readVersions: (id: StreamId, versions: readonly number[]) =>
      watched(() => readVersions(id, versions)),
    findCommands: (commands: readonly CommandKey[]) =>
      watched(() => readCommands(getAll, commands)),
    heads: (ids: readonly StreamId[]) => watched(() => headsOf(ids)),
  };
}

function requireKey(entry: Entry, expected: string): void {
  if (entry.key.toString() !== expected) throw missing(expected);
}
