import type { StreamId } from '../../domain/ids.ts';
import { eventDigest } from '../../contracts/digest.ts';
import type { EventPlace } from '../../contracts/log/entries.ts';
import type { Alarms } from '../alarms.ts';
import type { BoundedMap } from '../../platform/bounded-map.ts';
import { eventKey } from '../../proofs/entry-proof.ts';
import { cutPage, missing, TamperError, type LogEntry } from '../log/event-log.ts';
import { lastOfStream, valuesOf, type Entry, entryOf } from './wire.ts';
import { isKeyMissing, type ImmudbClient } from './client.ts';

const CALLS_IN_FLIGHT_MAX = 16;
const KEYS_MAX = 2_000;

/** The last event of a stream; version 0 where it has none. */
export interface StreamEnd {
  readonly version: number;
  readonly digest: string;
}
export type StreamEnds = BoundedMap<StreamId, StreamEnd>;
const EMPTY: StreamEnd = { version: 0, digest: '' };
export type Lookups = ReturnType<typeof immudbLookups>;

/**
 * Reads by key. Whatever is not as the log wrote it raises an alarm and a TamperError. A read of
 * several keys is made on a snapshot of immudb's index, and a snapshot of the newest state makes
 * immudb write all of the index that has changed to its disk, which once was three quarters of
 * what the log took there. So the last snapshot that there is answers first: what it has never
 * changes. What it has not is asked for one by one, which needs none.
 */
export function immudbLookups(
  client: ImmudbClient,
  alarms: Alarms,
  ends: StreamEnds,
  recent: BoundedMap<string, string>,
) {
  const watched = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof TamperError) alarms.raise('tampered', error.key, error.message);
      throw error;
    }
  };
  /** As it is now; undefined for what nobody wrote, or erased. */
  const getNow = async (key: string): Promise<Entry | undefined> => {
    try {
      return await client.call('Get', { key: Buffer.from(key) });
    } catch (error) {
      if (isKeyMissing(error)) return undefined;
      throw error;
    }
  };
  const getAllNow = async (keys: readonly string[]): Promise<Map<string, Entry>> => {
    const found = new Map<string, Entry>();
    await inTurns(keys, async (key) => {
      const entry = await getNow(key);
      if (entry !== undefined) found.set(key, entry);
    });
    return found;
  };
  /** Of `perhaps` only what the last snapshot has, which costs no question more. */
  const getAll = async (
    keys: Iterable<string>,
    perhaps: Iterable<string> = [],
  ): Promise<Map<string, Entry>> => {
    const wanted = [...new Set(keys)];
    const asked = [...new Set([...wanted, ...perhaps])];
    const found = new Map<string, Entry>();
    for (let at = 0; at < asked.length; at += KEYS_MAX) {
      const { entries } = await client.call('GetAll', valuesOf(asked.slice(at, at + KEYS_MAX)));
      for (const entry of entries) found.set(entry.key.toString(), entry);
    }
    const newer = await getAllNow(wanted.filter((key) => !found.has(key)));
    return new Map([...found, ...newer]);
  };

  const readEnd = async (id: StreamId): Promise<StreamEnd | undefined> => {
    const { entries } = await client.call('Scan', lastOfStream(id));
    let last = entries[0];
    let version = last === undefined ? 0 : Number(last.key.toString().slice(-16));
    // The snapshot may be older than the end of the stream: from its end on in growing steps.
    for (let step = 1; step > 0;) {
      const later = await getNow(eventKey(id, version + step));
      if (later === undefined) step = Math.floor(step / 2);
      else {
        last = later;
        version += step;
        step *= 2;
      }
    }
    return last && { version, digest: digestOf(last, alarms) };
  };
  /** An append may have been faster than the reading of this end. */
  const learn = (id: StreamId, end: StreamEnd | undefined): void => {
    if (end !== undefined && ends.get(id) === undefined) ends.set(id, end);
  };
  const latestVersions = async (ids: readonly StreamId[]): Promise<number[]> => {
    const unknown = [...new Set(ids)].filter((id) => ends.get(id) === undefined);
    const read = new Map<StreamId, number>();
    await inTurns(unknown, async (id) => {
      const end = await readEnd(id);
      read.set(id, end?.version ?? 0);
      learn(id, end);
    });
    return ids.map((id) => ends.get(id)?.version ?? read.get(id) ?? 0);
  };
  /**
   * Learns where streams end that lack these versions, or a host that asks again and again until
   * they are there would cost a question to the database each time. Mostly the event before is the
   * last one.
   */
  const learnEnds = (places: readonly EventPlace[]): Promise<void> =>
    inTurns(places, async ({ stream, version }) => {
      const before = version > 1 ? await getNow(eventKey(stream, version - 1)) : undefined;
      if (before !== undefined) {
        learn(stream, { version: version - 1, digest: digestOf(before, alarms) });
      } else learn(stream, (version > 1 && (await readEnd(stream))) || EMPTY);
    });

  const find = async (places: readonly EventPlace[]): Promise<(LogEntry | undefined)[]> => {
    const keys = places.map(({ stream, version }) => eventKey(stream, version));
    const found = await getAll(keys);
    return keys.map((key) => {
      const entry = found.get(key);
      return entry && entryOf(entry);
    });
  };
  /** Those versions, each of which must be there; a scan would cost immudb ten times as much. */
  const readVersions = async (id: StreamId, versions: readonly number[]): Promise<LogEntry[]> => {
    const found = await find(versions.map((version) => ({ stream: id, version })));
    return found.map((entry, index) => {
      if (entry === undefined) throw missing(eventKey(id, versions[index]!));
      return entry;
    });
  };
  const readStream = async (id: StreamId, from: number, limit: number): Promise<LogEntry[]> => {
    const [latest = 0] = await latestVersions([id]);
    const count = Math.max(0, Math.min(limit, latest - from + 1));
    const versions = Array.from({ length: count }, (_, index) => from + index);
    return cutPage(await readVersions(id, versions), limit);
  };
  const digests = async (places: readonly EventPlace[]): Promise<(string | undefined)[]> => {
    const known = places.map(({ stream, version }) => {
      const end = ends.get(stream);
      if (end?.version === version) return end.digest;
      if (end !== undefined && end.version < version) return undefined;
      return recent.get(eventKey(stream, version)) ?? 'read';
    });
    const keyOf = (index: number) => eventKey(places[index]!.stream, places[index]!.version);
    const read = await getAll(known.flatMap((one, index) => (one === 'read' ? keyOf(index) : [])));
    const isLacking = ({ stream }: EventPlace, index: number): boolean =>
      known[index] === 'read' && !read.has(keyOf(index)) && ends.get(stream) === undefined;
    await learnEnds(places.filter(isLacking));
    return known.map((digest, index) => {
      if (digest !== 'read') return digest;
      const entry = read.get(keyOf(index));
      return entry && digestOf(entry, alarms);
    });
  };

  return {
    getAll,
    getAllNow,
    find: (places: readonly EventPlace[]) => watched(() => find(places)),
    digests: (places: readonly EventPlace[]) => watched(() => digests(places)),
    readStream: (id: StreamId, from: number, limit: number) =>
      watched(() => readStream(id, from, limit)),
    readVersions: (id: StreamId, versions: readonly number[]) =>
      watched(() => readVersions(id, versions)),
    latestVersions: (ids: readonly StreamId[]) => watched(() => latestVersions(ids)),
  };
}

/**
 * Of what was tampered with no digest of any event, so that it contradicts whatever its stream
 * has: who asks or brings something for many streams gets on with the others.
 */
export function digestOf(entry: Entry, alarms: Alarms): string {
  try {
    return eventDigest(entryOf(entry).json);
  } catch (error) {
    if (!(error instanceof TamperError)) throw error;
    alarms.raise('tampered', error.key, error.message);
    return 'tampered';
  }
}

async function inTurns<Item>(
  items: readonly Item[],
  ask: (item: Item) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += CALLS_IN_FLIGHT_MAX) {
    await Promise.all(items.slice(at, at + CALLS_IN_FLIGHT_MAX).map(ask));
  }
}
