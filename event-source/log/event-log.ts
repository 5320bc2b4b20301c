import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { LOG_PAGE_EVENTS_MAX, type EventPlace } from '../../contracts/log/entries.ts';
import { OUTBOX_EVENTS_MAX } from '../../contracts/log/topics.ts';
import type { EventSignature } from '../../contracts/log/event-signatures.ts';
import type { StreamId } from '../../domain/ids.ts';

/**
 * Appends are cut at this size, unless joint events are more: a proof grows with its transaction.
 */
export const APPEND_EVENTS_MAX = 128;
/** The same in bytes. */
export const APPEND_BYTES_MAX = 4 * 1024 * 1024;
/** As many as one message has; with their preconditions they fit into one transaction. */
export const JOINT_EVENTS_MAX = OUTBOX_EVENTS_MAX;
/** A page ends here, because a sidecar carries at most 4 MiB in one call. */
export const PAGE_BYTES_MAX = 2 * 1024 * 1024;
/** Entries that one append reports as added; a follower that lacks more reads pages. */
export const ADDED_ENTRIES_MAX = 1_000;

/** One event of the log: `json` is its canonical JSON in UTF-8. */
export interface LogEntry {
  readonly position: number;
  readonly json: Buffer;
  /** The same event parsed, where this process already had it. */
  readonly event?: BankEvent;
}

/** The event of an entry, parsed if it has to be. */
export const eventOfEntry = ({ event, json }: LogEntry): BankEvent =>
  event ?? (JSON.parse(json.toString()) as BankEvent);

/** The outcome of one event of an append. */
export type Outcome =
  | { readonly outcome: 'appended'; readonly position: number }
  | { readonly outcome: 'duplicate' }
  /**
   * The event before it, or before one that is joint with it, is not in the log, or a companion
   * did not come. `latestVersion` is the log's last version of the stream.
   */
  | { readonly outcome: 'gap'; readonly latestVersion: number }
  /** It contradicts the log, so it can never be appended; `why` names ids and digests only. */
  | { readonly outcome: 'fork'; readonly why: string };

/** Says why nothing of a stream may go in any more; undefined when it may. */
export type Refused = (stream: StreamId) => string | undefined;

/** An event with what shows that an actor host decided it. */
export interface SignedEvent {
  readonly event: BankEvent;
  /** The same for all events that it covers. */
  readonly signature: EventSignature;
}
/** The signature that an event came with; the log keeps it with the event. */
export type SignatureOf = (event: BankEvent) => EventSignature | undefined;

export interface AppendResult {
  /** One for each event, in order. */
  readonly outcomes: readonly Outcome[];
  /** Position of the entry before the first of `added`. */
  readonly after: number;
  /** Everything that the log gained since the previous append, in log order and without a gap. */
  readonly added: readonly LogEntry[];
}

/**
 * The log of all streams. Appends of one process run one after the other; a call that rejects has
 * an unknown outcome and may be repeated as it is.
 * @example
 * const { outcomes } = await log.append([event]);
 * const [entry] = await log.readStream('acct/0f8f...', 1, 100);
 */
export interface EventLog {
  /**
   * Appends at most JOINT_EVENTS_MAX events; those that can go in do so in one transaction. An
   * event goes in only after the one that it names as its predecessor, and joint events all or
   * none.
   */
  append(
    events: readonly BankEvent[],
    refused?: Refused,
    signatureOf?: SignatureOf,
  ): Promise<AppendResult>;
  /** Position of the last entry that this process knows of; 0 when there is none. */
  head(): number;
  /**
   * Entries after a position and, when `until` is given, not after that, in log order. A page may
   * be shorter than `limit`; only an empty one means that there is nothing more.
   */
  readAfter(position: number, limit: number, until?: number): Promise<LogEntry[]>;
  /** Entries of one stream from a version on, oldest first; may be shorter than `limit`. */
  readStream(stream: StreamId, fromVersion: number, limit: number): Promise<LogEntry[]>;
  /** Entries of one stream by their versions, in the order asked; rejects where one is missing. */
  readVersions(stream: StreamId, versions: readonly number[]): Promise<LogEntry[]>;
  /** The last version of each stream, 0 for none, in the order asked. */
  latestVersions(streams: readonly StreamId[]): Promise<number[]>;
  /** Digest of each event, undefined for one that the log does not have, in the order asked. */
  digests(places: readonly EventPlace[]): Promise<(string | undefined)[]>;
  /** The events themselves, undefined likewise. */
  find(places: readonly EventPlace[]): Promise<(LogEntry | undefined)[]>;
  /** Rejects when the log cannot be reached; notices what others wrote since the last call. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The stream of an event, by its key in the log. */
export const streamOfKey = (key: string): StreamId =>
  key.slice(0, key.lastIndexOf('/')) as StreamId;

/** Thrown when the log has something that the bank did not write there. */
export class TamperError extends Error {
  readonly key: string;

  constructor(key: string, what: string, options?: ErrorOptions) {
    super(`${key} ${what}`, options);
    this.key = key;
  }
}

/** The error about a key that somebody erased. */
export const missing = (key: string): TamperError => new TamperError(key, 'is missing');

/** The log did not answer: try again later. */
export class LogUnavailable extends Error {}

/** Cuts a page at its limits; it keeps at least one entry, so that readers always make progress. */
export function cutPage(entries: readonly LogEntry[], limit: number): LogEntry[] {
  const most = Math.min(limit, LOG_PAGE_EVENTS_MAX, entries.length);
  let bytes = 0;
  let count = 0;
  while (count < most) {
    bytes += entries[count]!.json.length;
    if (count > 0 && bytes > PAGE_BYTES_MAX) break;
    count += 1;
  }
  return entries.slice(0, count);
}
