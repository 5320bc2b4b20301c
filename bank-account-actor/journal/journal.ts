import { z } from 'zod';
import type { StreamId } from '../../domain/ids.ts';

/** Characters that one commit carries at most; its caller cuts a turn there. */
export const TURN_BYTES_MAX = 2 * 1024 * 1024;

/** A row as it is loaded. */
export interface StoredStream {
  readonly stream: StreamId;
  /** Of the last event, 1 or more, and that event's digest. */
  readonly version: number;
  readonly digest: string;
  /** JSON text; the journal does not look into it. */
  readonly state: string;
  /** The log has confirmed the events up to this version. */
  readonly logged: number;
  /** Canonical JSON of the events after it, oldest first. */
  readonly unlogged: readonly string[];
  /** Why nothing may be acknowledged on this stream any more. */
  readonly quarantine?: string | undefined;
  /** The key of a person; never in a state or an event. */
  readonly secret?: string | undefined;
}

/** What a turn makes of one stream. */
export interface StreamWrite extends Omit<StoredStream, 'quarantine' | 'secret'> {
  /** The version before; 0: the stream must not exist. */
  readonly expected: number;
  /** Epoch milliseconds at which something on the stream ends without a client. */
  readonly due: number | null;
  readonly secret?: { readonly keep: string } | 'forget';
}

/** A command id, or what is begun or ended once, in one stream. */
export interface StreamName {
  readonly stream: StreamId;
  readonly name: string;
}
/** With the version of the first event under it. */
export interface KnownName extends StreamName {
  readonly version: number;
}

/** Everything that a turn decided, and what its decisions rest on. */
export interface Turn {
  readonly writes: readonly StreamWrite[];
  /** Streams that were only read: they must still stand at this version, 0 for missing. */
  readonly guards: readonly { readonly stream: StreamId; readonly version: number }[];
  /** Names that the writes execute; they must be new. */
  readonly names: readonly KnownName[];
  /** Names that must be unknown, or the decision does not stand. */
  readonly unknown: readonly StreamName[];
}

export type TurnOutcome =
  | { readonly outcome: 'committed' }
  /** These streams stand at other versions or in quarantine; nothing was written. */
  | { readonly outcome: 'overtaken'; readonly streams: readonly StreamId[] }
  /** These names are known; nothing was written. */
  | { readonly outcome: 'known'; readonly names: readonly KnownName[] };

/** The turn was certainly not written, and never can be as it is. */
export class JournalRefused extends Error {}

/** A stream as the log tells it. */
export interface RestoredStream extends Pick<
  StreamWrite,
  'stream' | 'version' | 'digest' | 'state' | 'due'
> {
  readonly secret?: string;
}

/**
 * Whether the journal may be served. `restoring` stands there until every stream is back; a
 * journal that says nothing is new or lost.
 */
export const journalMark = z.strictObject({
  state: z.enum(['whole', 'restoring']),
  at: z.string(),
});
export type JournalMark = z.infer<typeof journalMark>;

/**
 * The durable decisions of the actors: one row a stream, written under the condition that it still
 * stands where the decision found it. A call that rejects has an unknown outcome: it may still be
 * applied, late, and then meets its versions or changes nothing that is newer.
 */
export interface Journal {
  /** Streams as they stand and the names that are known; what is missing is left out. */
  load(
    streams: readonly StreamId[],
    names?: readonly StreamName[],
  ): Promise<{ readonly streams: readonly StoredStream[]; readonly names: readonly KnownName[] }>;
  /** All or nothing. */
  commit(turn: Turn): Promise<TurnOutcome>;
  /**
   * The log has confirmed exactly this last event of each: nothing of it is unlogged any more. A
   * stream that has moved on is left as it is.
   */
  settle(streams: readonly Pick<StoredStream, 'stream' | 'version' | 'digest'>[]): Promise<void>;
  /** Marks a stream for good: nothing is acknowledged on it any more. */
  quarantine(stream: StreamId, reason: string): Promise<void>;
  quarantined(
    limit: number,
  ): Promise<readonly { readonly stream: StreamId; readonly reason: string }[]>;
  /**
   * Streams with unlogged events whose row did not change for `idleMs` by the store's clock. They
   * are claimed: nobody is given them again for `idleMs`.
   */
  claimUnsettled(idleMs: number, limit: number): Promise<readonly StoredStream[]>;
  /** Streams that are due by `now` (epoch milliseconds), claimed for `leaseMs`. */
  claimDue(now: number, leaseMs: number, limit: number): Promise<readonly StreamId[]>;
  mark(): Promise<JournalMark | undefined>;
  setMark(mark: JournalMark): Promise<void>;
  /**
   * Puts streams as the log tells them, with all events confirmed, and their names. Rows only
   * move forward; one at the same version and digest takes a secret that it lacks. Gives how many
   * rows were written.
   */
  restore(streams: readonly RestoredStream[], names: readonly KnownName[]): Promise<number>;
}
