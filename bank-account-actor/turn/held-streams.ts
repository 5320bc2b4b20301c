import type { StreamId } from '../../domain/ids.ts';
import type { StoredStream } from '../journal/journal.ts';
import { decodeState, type StreamState } from './stream-state.ts';

/** An event that the log has not confirmed yet: canonical JSON. */
export interface Unlogged {
  readonly version: number;
  readonly json: string;
  /** Its bytes, from which the bounds of rows, turns and messages are computed. */
  readonly size: number;
}

/** An unconfirmed event, with its size. */
export const unloggedOf = (version: number, json: string): Unlogged => ({
  version,
  json,
  size: Buffer.byteLength(json),
});

/**
 * A stream in this host's memory: a cache of its row, which any other host may have changed since.
 */
export interface Held {
  readonly stream: StreamId;
  readonly version: number;
  readonly digest: string;
  readonly state: StreamState;
  readonly logged: number;
  readonly unlogged: readonly Unlogged[];
  readonly quarantine?: string | undefined;
  readonly secret?: string | undefined;
  /** Bytes of the row, by which the cache is bounded. */
  readonly size: number;
}

/** Bytes of rows that a host keeps; objects take about three times as much memory. */
const SIZE_MAX = 48 * 1024 * 1024;

export type HeldStreams = ReturnType<typeof createHeldStreams>;

/**
 * Recently used streams. Nothing here has to be current: a decision on a stream that another host
 * has changed fails at the commit, which compares versions.
 * @param sizeMax bytes.
 */
export function createHeldStreams(sizeMax = SIZE_MAX) {
  const streams = new Map<StreamId, Held>();
  /** Few, and never forgotten: a turn that began before may put its streams back. */
  const quarantined = new Map<StreamId, string>();
  let size = 0;

  const forget = (stream: StreamId): void => {
    const known = streams.get(stream);
    if (known === undefined) return;
    size -= known.size;
    streams.delete(stream);
  };
  const put = (held: Held): void => {
    forget(held.stream);
    const quarantine = held.quarantine ?? quarantined.get(held.stream);
    streams.set(held.stream, { ...held, quarantine });
    size += held.size;
    for (const [oldest] of streams) {
      if (size <= sizeMax || oldest === held.stream) break;
      forget(oldest);
    }
  };
  const without = (held: Held, logged: number): Held => {
    const unlogged = held.unlogged.filter(({ version }) => version > logged);
    const gone = held.unlogged.slice(0, held.unlogged.length - unlogged.length);
    return { ...held, logged, unlogged, size: held.size - sizeOf(gone) };
  };

  return {
    get: (stream: StreamId): Held | undefined => streams.get(stream),
    /** Takes a stream as it is now; what is known to be later stays. */
    take(held: Held): void {
      const known = streams.get(held.stream);
      if (known !== undefined && known.version > held.version) return;
      put(known !== undefined && known.logged > held.logged ? without(held, known.logged) : held);
    },
    forget,
    /** Nothing may be acknowledged on the stream any more. */
    quarantine(stream: StreamId, reason: string): void {
      quarantined.set(stream, reason);
      forget(stream);
    },
    /** The log has confirmed the stream's events up to this version. */
    confirmed(stream: StreamId, version: number): void {
      const known = streams.get(stream);
      if (known === undefined || known.logged >= version || known.version < version) return;
      const left = without(known, version);
      size -= known.size - left.size;
      streams.set(stream, left);
    },
    count: (): number => streams.size,
    size: (): number => size,
  };
}

/**
 * A row in the form of the cache.
 * @throws Error when it cannot be read.
 */
export function heldOf(row: StoredStream): Held {
  const { stream, version, digest, state, logged, quarantine, secret } = row;
  const unlogged = row.unlogged.map((json, index) => unloggedOf(logged + 1 + index, json));
  return {
    stream,
    version,
    digest,
    state: decodeState(stream, state),
    logged,
    unlogged,
    quarantine,
    secret,
    size: Buffer.byteLength(state) + sizeOf(unlogged),
  };
}

/** Bytes of all events together. */
export const sizeOf = (events: readonly Unlogged[]): number =>
  events.reduce((sum, { size }) => sum + size, 0);
