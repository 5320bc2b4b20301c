import type { BankEvent } from '../contracts/bank-events.ts';
import { LOG_PAGE_EVENTS_MAX } from '../contracts/log.ts';
import type { StreamId, CommandId } from '../domain/ids.ts';
import { eventKey, positionOf } from '../proofs/log-entry.ts';

export { eventKey, positionOf };

/** Events of one append: with command keys and preconditions they fit one transaction. */
export const APPEND_EVENTS_MAX = 128;
/** A page ends early here, because sidecars carry at most 4 MiB from one to the other. */
export const PAGE_BYTES_MAX = 2 * 1024 * 1024;
/** Entries that one append reports as added; whoever missed more reads them as pages. */
export const ADDED_ENTRIES_MAX = 1_000;

/** One event as it stands in the log: `json` is its canonical JSON in UTF-8. */
export interface LogEntry {
  readonly position: number;
  readonly json: Buffer;
}

export type Outcome =
  | { readonly outcome: 'appended'; readonly position: number }
  | { readonly outcome: 'duplicate'; readonly position: number }
  /** The event before it is not in the log, whose last version of the stream is `head`. */
  | { readonly outcome: 'gap'; readonly head: number }
  /** The log holds something else in its place (`stored`, as JSON), so it can never go in. */
  | { readonly outcome: 'fork'; readonly stored: string };

export interface AppendResult {
  /** One for each event, in order. */
  readonly outcomes: readonly Outcome[];
  /** Position of the entry before the first of `added`. */
  readonly after: number;
  /** Everything that the log gained since the append before, in log order and without a hole. */
  readonly added: readonly LogEntry[];
}

export interface CommandKey {
  readonly stream: StreamId;
  readonly commandId: CommandId;
}

/**
 * The log of all streams. Appends of one process run one after the other; a call that rejects
 * has an unknown outcome and may be repeated as it is.
 */
export interface EventLog {
  /** Appends at most APPEND_EVENTS_MAX events; what can go in goes in as one transaction. */
  append(events: readonly BankEvent[]): Promise<AppendResult>;
  /** Position of the last entry that this process knows of; 0 when there is none. */
  head(): number;
  /**
   * Entries after a position and, when it is given, not after `until`, in log order. A page may
   * be shorter than `limit`; only an empty one means that there is nothing more.
   */
  readAfter(position: number, limit: number, until?: number): Promise<LogEntry[]>;
  /** Entries of one stream from a version on, oldest first; may be shorter than `limit`. */
  readStream(stream: StreamId, fromVersion: number, limit: number): Promise<LogEntry[]>;
  /** Entries of one stream by their versions, in the order asked; rejects where one is missing. */
  readVersions(stream: StreamId, versions: readonly number[]): Promise<LogEntry[]>;
  /** The last version of each stream, 0 for none, in the order asked. */
  heads(streams: readonly StreamId[]): Promise<number[]>;
  /** The entries of each command in version order, null for one that the log never saw. */
  findCommands(commands: readonly CommandKey[]): Promise<(LogEntry[] | null)[]>;
  /** Rejects when the log cannot be reached; looks at what others wrote since the last call. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Raised when the log holds something that the bank did not write there. */
export class TamperError extends Error {
  readonly key: string;

  constructor(key: string, what: string) {
    super(`${key} ${what}`);
    this.key = key;
  }
}

/** Somebody erased the key. */
export const missing = (key: string): TamperError => new TamperError(key, 'is missing');

/** The log did not answer: try again later. */
export class LogUnavailable extends Error {}

/** Cuts a page at its limits; it keeps at least one entry, so that readers always get on. */
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

/**
 * Unambiguous although a command id may contain "/": the id of a stream has a fixed length. The
 * commands of accounts were noted before there were other streams, so their key names none.
 */
export const commandKey = (stream: StreamId, commandId: CommandId): string =>
  `cmd/${stream.replace(/^acct\//, '')}/${commandId}`;
