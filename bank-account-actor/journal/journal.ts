import { hash } from 'node:crypto';
import { z } from 'zod';
import type { StreamId } from '../../domain/ids.ts';

/** Bytes of the rows of one turn; its caller cuts what it decides accordingly. */
export const TURN_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of one row: its state and the events that the log has not confirmed. */
export const ROW_BYTES_MAX = 1.5 * 1024 * 1024;
/** Bytes of the rows that one claim gives, unless the first alone is bigger. */
export const CLAIM_BYTES_MAX = TURN_BYTES_MAX;

/** A row as it is loaded. */
export interface StoredStream {
  readonly stream: StreamId;
  /** Of the last event; at least 1. */
  readonly version: number;
  /** Of the last event (`eventDigest`); empty in a row that waits for a restore. */
  readonly digest: string;
  /** JSON text, opaque to the journal. */
  readonly state: string;
  /** The log has confirmed the events up to this version. */
  readonly logged: number;
  /** Canonical JSON of the events logged + 1 to version, oldest first. */
  readonly unlogged: readonly string[];
  /** Why nothing may be acknowledged on this stream any more. */
  readonly quarantine?: string;
  /** The key of a person; never in the state or in an event. */
  readonly secret?: string;
}

/** A key that comes, or goes for ever, with a write; without it the key stays as it is. */
export type SecretChange = { readonly keep: string } | 'forget';

/** What a turn makes of one stream. */
export interface StreamWrite {
  readonly stream: StreamId;
  /** The version before; 0 means that the stream must not exist. */
  readonly expected: number;
  readonly version: number;
  readonly digest: string;
  readonly state: string;
  readonly logged: number;
  /** All events that the log has not confirmed, the new ones included. */
  readonly unlogged: readonly string[];
  /** Epoch ms at which something on the stream ends without a client. */
  readonly due: number | null;
  readonly secret?: SecretChange;
}

export interface StreamName {
  readonly stream: StreamId;
  readonly name: string;
}
/** A name that was executed, with the version of the first event that this made. */
export interface ExecutedName extends StreamName {
  readonly version: number;
}

/** Each stream at most once in writes and guards together, each name once in the three others. */
export interface Turn {
  readonly writes: readonly StreamWrite[];
  /** Streams that were only read: they must still stand at this version (0 means missing). */
  readonly guards: readonly { readonly stream: StreamId; readonly version: number }[];
  /** Command ids, and what is settled once, that these writes execute; they must be new. */
  readonly names: readonly ExecutedName[];
  /**
   * Names that several turns may give, if they give the same number: the first one records it, and
   * with another one a turn is not committed.
   */
  readonly agreed: readonly ExecutedName[];
  /** Of commands that are refused or previewed: must be unknown, or the decision is void. */
  readonly unknown: readonly StreamName[];
}

/** Unless it is 'committed', nothing was written. */
export type TurnOutcome =
  | { readonly outcome: 'committed' }
  /** These stand at another version, or in quarantine: load them again. */
  | { readonly outcome: 'overtaken'; readonly streams: readonly StreamId[] }
  /** These were executed before, or agreed upon otherwise. */
  | { readonly outcome: 'known'; readonly names: readonly ExecutedName[] };

/** What the log has confirmed of a stream: its last event. */
export interface SettledStream {
  readonly stream: StreamId;
  readonly version: number;
  readonly digest: string;
}

/** A stream as the log tells it. */
export type RestoredStream = Omit<StreamWrite, 'expected' | 'logged' | 'unlogged'>;

/**
 * Whether the journal may be served. `restoring` stands there until every stream is back; a
 * journal that says nothing is new, lost, or from before there were marks.
 */
export const journalMark = z.strictObject({
  state: z.enum(['whole', 'restoring']),
  /** ISO 8601 in UTC with milliseconds; a mark never gives way to an earlier one. */
  at: z.iso.datetime({ precision: 3 }),
});
export type JournalMark = z.infer<typeof journalMark>;

/**
 * The durable decisions: one row per stream, fenced by exact versions. A call that rejects with
 * anything but a `RangeError` (a bound or a text that no row may hold: nothing is written) has an
 * unknown outcome. Its write may still be applied, late or twice; it then meets the versions it
 * names or changes nothing.
 */
export interface Journal {
  /**
   * Streams as they stand and the versions of known names, both of one moment. What is missing
   * is left out; the order is not that of the question.
   */
  load(
    streams: readonly StreamId[],
    names?: readonly StreamName[],
  ): Promise<{ readonly streams: StoredStream[]; readonly names: ExecutedName[] }>;
  /** All or nothing. Versions are looked at before names. */
  commit(turn: Turn): Promise<TurnOutcome>;
  /**
   * Streams whose log has confirmed exactly this last event: `unlogged` becomes empty. A stream
   * that has moved on is left as it is.
   */
  settle(streams: readonly SettledStream[]): Promise<void>;
  /**
   * Marks a stream: no turn that writes or guards it is committed any more. Durable; the first
   * reason stays. A stream without a row has none to mark.
   */
  quarantine(stream: StreamId, reason: string): Promise<void>;
  quarantined(limit: number): Promise<{ readonly stream: StreamId; readonly reason: string }[]>;
  /**
   * Unsettled streams whose row did not change for `idleMs` by the clock of the store; they are
   * not given again for `idleMs`. Those in quarantine are left out. At most `limit` and
   * `CLAIM_BYTES_MAX`.
   */
  claimUnsettled(idleMs: number, limit: number): Promise<StoredStream[]>;
  /**
   * Streams whose due time has come, not given again for `leaseMs` unless a commit names another
   * due time. `now` in epoch ms: hosts whose clocks differ by more than the lease may both get
   * one. Those in quarantine are left out.
   */
  claimDue(now: number, leaseMs: number, limit: number): Promise<StreamId[]>;
  mark(): Promise<JournalMark | undefined>;
  /** Rejects when a later mark stands. */
  setMark(mark: JournalMark): Promise<void>;
  /**
   * Puts streams, settled, and names as the log tells them. Only forward: a row at the same or
   * a later version stays. But a key that is to be forgotten goes whatever the row's version, and
   * one comes to a row that lacks it, at exactly this version. Returns the number of writes.
   */
  restore(streams: readonly RestoredStream[], names: readonly ExecutedName[]): Promise<number>;
  /**
   * Empties the row whose last event has this digest, for a restore to fill it; its key stays,
   * and it is in quarantine. The names go too, where they have these versions. False, and nothing
   * is changed, when the row is another one.
   */
  dropStory(stream: StreamId, digest: string, names: readonly ExecutedName[]): Promise<boolean>;
  /** Ends the quarantine of a row that has nothing the log lacks; an empty row goes. */
  release(stream: StreamId): Promise<void>;
}

/** The key of a name in the journal: half a SHA-256, as the text of a UUID. */
export function nameId({ stream, name }: StreamName): string {
  const hex = hash('sha256', `${stream}\n${name}`, 'hex');
  const part = (from: number, to: number) => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}

/** Bytes that a row takes of `ROW_BYTES_MAX` and of its turn's `TURN_BYTES_MAX`. */
export const rowBytes = (row: Pick<StreamWrite, 'state' | 'unlogged'>): number =>
  row.unlogged.reduce(
    (bytes, event) => bytes + Buffer.byteLength(event),
    Buffer.byteLength(row.state),
  );
