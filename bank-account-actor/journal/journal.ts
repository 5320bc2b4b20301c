import { hash } from 'node:crypto';
import { z } from 'zod';
import type { JournalHead } from '../../contracts/log/journal-heads.ts';
import type { StreamId } from '../../domain/ids.ts';

/** Bytes of the rows of one turn; its caller cuts what it decides accordingly. */
export const TURN_BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of one row: its state and the events that the log has not confirmed. */
export const ROW_BYTES_MAX = 1.5 * 1024 * 1024;
/** Bytes of the rows that one claim returns, unless the first alone is larger. */
export const CLAIM_BYTES_MAX = TURN_BYTES_MAX;

/** A row as it is loaded. */
export interface StoredStream {
  readonly stream: StreamId;
  /** Of the last event; at least 1. */
  readonly version: number;
  /** Of the last event (`eventDigest`); empty in a row that awaits a restore. */
  readonly digest: string;
  /** JSON text, opaque to the journal. */
  readonly state: string;
  /** The log has confirmed the events up to this version. */
  readonly logged: number;
  /** Canonical JSON of the events logged + 1 to version, oldest first. */
  readonly unlogged: readonly string[];
  /** Why nothing may be acknowledged on this stream any more; missing: it may. */
  readonly quarantine?: string;
  /** The key of a person; it is never in the state or in an event. */
  readonly secret?: string;
}

/** A key that is set, or deleted permanently, with a write; without it the key stays as it is. */
export type SecretChange = { readonly keep: string } | 'forget';

/** What a turn writes to one stream. */
export interface StreamWrite {
  readonly stream: StreamId;
  /** The version before (optimistic concurrency); 0 means that the stream must not exist. */
  readonly expected: number;
  readonly version: number;
  readonly digest: string;
  readonly state: string;
  readonly logged: number;
  /** All events that the log has not confirmed, including the new ones. */
  readonly unlogged: readonly string[];
  /** Epoch ms at which something on the stream ends without a client; null for never. */
  readonly due: number | null;
  readonly secret?: SecretChange;
}

/** A name within a stream: a command id, or something that ends once. */
export interface StreamName {
  readonly stream: StreamId;
  readonly name: string;
}
/** A name that is taken, with the version of the first event under it. */
export interface ExecutedName extends StreamName {
  readonly version: number;
}

/**
 * Each stream occurs at most once in writes and guards together, each name once in the three
 * others.
 */
export interface Turn {
  readonly writes: readonly StreamWrite[];
  /** Streams that were only read: they must still be at this version (0 means missing). */
  readonly guards: readonly { readonly stream: StreamId; readonly version: number }[];
  /** Command ids, and what ends once, that these writes take; they must be new. */
  readonly names: readonly ExecutedName[];
  /**
   * Names that several turns may give, as long as they give the same number: the first one records
   * it, and a turn with another number is not committed.
   */
  readonly agreed: readonly ExecutedName[];
  /**
   * Names of commands that are refused or previewed: they must be unknown, or the decision is void.
   */
  readonly unknown: readonly StreamName[];
}

/** Nothing was written unless it is 'committed'. */
export type TurnOutcome =
  | { readonly outcome: 'committed' }
  /** These stand at another version, or in quarantine: load them again. */
  | { readonly outcome: 'overtaken'; readonly streams: readonly StreamId[] }
  /** These were executed before, or agreed upon otherwise. */
  | { readonly outcome: 'known'; readonly names: readonly ExecutedName[] };

/** The last event of a stream that the log has confirmed. */
export interface SettledStream {
  readonly stream: StreamId;
  readonly version: number;
  readonly digest: string;
}

/** A place among the streams that end without a client. */
export interface DuePlace {
  /** Epoch milliseconds. */
  readonly due: number;
  readonly stream: string;
}
/** An approval that waits. */
export interface WaitingStream extends DuePlace {
  readonly stream: StreamId;
  readonly state: string;
}

/** A stream as the log has it. */
export type RestoredStream = Omit<StreamWrite, 'expected' | 'logged' | 'unlogged'>;

/**
 * Whether the journal may be served. It says `restoring` until every stream is restored; a journal
 * without a mark is new, lost, or older than marks.
 */
export const journalMark = z.strictObject({
  state: z.enum(['whole', 'restoring']),
  /** ISO 8601 in UTC with milliseconds; a mark never gives way to an earlier one. */
  at: z.iso.datetime({ precision: 3 }),
});
/** The mark of a journal. */
export type JournalMark = z.infer<typeof journalMark>;

/**
 * The durable decisions: one row per stream, fenced by exact versions. A call that rejects with
 * anything but a `RangeError` (a bound or a text that no row may have: nothing is written) has an
 * unknown outcome: its write may still be applied, late or twice; then it meets the versions it
 * names or changes nothing.
 * @example
 * const { streams } = await journal.load([stream]);
 * const outcome = await journal.commit(turn);
 * if (outcome.outcome === 'overtaken') return decideAgain(outcome.streams);
 */
export interface Journal {
  /**
   * Streams and the versions of known names, both as of one moment. What is missing is left out;
   * the order is not that of the question.
   */
  load(
    streams: readonly StreamId[],
    names?: readonly StreamName[],
  ): Promise<{ readonly streams: StoredStream[]; readonly names: ExecutedName[] }>;
  /** All or nothing. Versions are compared before names. */
  commit(turn: Turn): Promise<TurnOutcome>;
  /**
   * Empties `unlogged` of streams whose last event is exactly the one that the log has confirmed. A
   * stream with later events is left unchanged.
   */
  settle(streams: readonly SettledStream[]): Promise<void>;
  /**
   * Marks a stream: no turn that writes or guards it is committed any more. Durable; the first
   * reason stays. A stream without a row is not marked.
   */
  quarantine(stream: StreamId, reason: string): Promise<void>;
  /** Where streams end, in the order of the store, after the one of this name. */
  heads(after: string, limit: number): Promise<JournalHead[]>;
  /** At most `limit` streams in quarantine. */
  quarantined(limit: number): Promise<{ readonly stream: StreamId; readonly reason: string }[]>;
  /**
   * Streams with unconfirmed events whose row did not change for `idleMs` by the clock of the
   * store; they are not returned again for `idleMs`. Those in quarantine are left out. At most
   * `limit` and `CLAIM_BYTES_MAX`.
   */
  claimUnsettled(idleMs: number, limit: number): Promise<StoredStream[]>;
  /**
   * Streams whose due time has come; they are not returned again for `leaseMs` unless a commit sets
   * another due time. `now` in epoch ms: two hosts whose clocks differ by more than the lease may
   * both get one. Those in quarantine are left out.
   */
  claimDue(now: number, leaseMs: number, limit: number): Promise<StreamId[]>;
  /**
   * Approvals that wait, by when they expire and then by name, behind that place. Those in
   * quarantine are left out.
   */
  waiting(after: DuePlace | undefined, limit: number): Promise<WaitingStream[]>;
  /** The mark; undefined when there is none. */
  mark(): Promise<JournalMark | undefined>;
  /** Rejects when there is a later mark. */
  setMark(mark: JournalMark): Promise<void>;
  /**
   * Writes streams, all settled, and names as the log has them. Rows only move forward: one at the
   * same or a later version stays. But a key that is to be deleted goes whatever the row's version,
   * and a key is added to a row that lacks it, at exactly this version. Returns the number of
   * writes.
   */
  restore(streams: readonly RestoredStream[], names: readonly ExecutedName[]): Promise<number>;
  /**
   * Empties the row whose last event has this digest, so that a restore can fill it; its key stays,
   * and it is in quarantine. The names go too, where they have these versions. Returns false, and
   * changes nothing, when the row has another last event.
   */
  dropStory(stream: StreamId, digest: string, names: readonly ExecutedName[]): Promise<boolean>;
  /** Ends the quarantine of a row without events that the log lacks; an empty row is deleted. */
  release(stream: StreamId): Promise<void>;
}

/** The keys of persons as rows hold them, for who wraps them by another key. */
export interface StoredKeys {
  /** At most `limit` keys that another one than that of this id has wrapped, in no order. */
  keysOtherThan(
    id: string,
    limit: number,
  ): Promise<{ readonly stream: StreamId; readonly secret: string }[]>;
  /** Puts other texts in the place of keys that are still the same; returns how many were. */
  replaceKeys(
    changes: readonly {
      readonly stream: StreamId;
      readonly before: string;
      readonly after: string;
    }[],
  ): Promise<number>;
  /**
   * From its end on no call writes a key that one of these has wrapped: commit, restore and
   * replaceKeys reject with KeyRetired and write nothing, however long before they were begun.
   */
  retireKeys(ids: readonly string[]): Promise<void>;
}

/** A key was to be written that is wrapped by a retired one. Nothing was written. */
export class KeyRetired extends Error {}

/** The id of the key that has wrapped a stored key. */
export const wrappingKey = (secret: string): string => secret.split('.', 1)[0]!;

/** The key of a name in the journal: half a SHA-256, as the text of a UUID. */
export function nameId({ stream, name }: StreamName): string {
  const hex = hash('sha256', `${stream}\n${name}`, 'hex');
  const part = (from: number, to: number) => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}

/** The bytes of a row, for `ROW_BYTES_MAX` and its turn's `TURN_BYTES_MAX`. */
export const rowBytes = (row: Pick<StreamWrite, 'state' | 'unlogged'>): number =>
  row.unlogged.reduce(
    (bytes, event) => bytes + Buffer.byteLength(event),
    Buffer.byteLength(row.state),
  );
