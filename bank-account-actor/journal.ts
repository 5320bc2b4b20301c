import { z } from 'zod';
import { accountState } from '../contracts/account-state.ts';
import { bankEventSchema } from '../contracts/bank-events.ts';
import { personState } from '../contracts/person-state.ts';
import { refusalsState } from '../contracts/refusal-events.ts';
import type { StreamId } from '../domain/ids.ts';

/** What one commit decided: written once, never changed, deleted when long in the log. */
const row = {
  /** Which attempt wrote the row: tells our own write from a rival's when an answer was lost. */
  writer: z.string(),
  events: z.array(bankEventSchema).min(1),
};
export const journalRow = z.union([
  /** With the account, the person or the count of refusals after the events of the row. */
  z.strictObject({ ...row, account: accountState }),
  z.strictObject({ ...row, person: personState }),
  z.strictObject({ ...row, refusals: refusalsState }),
]);
export type JournalRow = z.infer<typeof journalRow>;
type Content<Row> = Row extends JournalRow ? Omit<Row, 'writer'> : never;
export type RowContent = Content<JournalRow>;

/**
 * Where reading starts. `first` is the oldest row that is still there. `from` is the oldest row
 * that may not be in the log yet, so an activation needs no row before it.
 */
export const journalHead = z.strictObject({ first: z.int().min(1), from: z.int().min(1) });
export type JournalHead = z.infer<typeof journalHead>;
export const NO_HEAD: JournalHead = { first: 1, from: 1 };

export interface Loaded {
  readonly head: JournalHead;
  /** Rows from head.from on, oldest first; empty for a stream that has no event. */
  readonly rows: readonly JournalRow[];
}

export interface Commit {
  readonly stream: StreamId;
  /** One more than the last row's number. Of two writers of one number one wins. */
  readonly commit: number;
  readonly row: JournalRow;
  readonly head: JournalHead;
  /**
   * The head to go on with. It moves in the same transaction as the row, so that a writer who
   * was overtaken can neither move it back nor delete anything.
   */
  readonly newHead?: JournalHead | undefined;
  /** A key that comes, or goes for ever, with this commit; never in a row. */
  readonly secret?: { readonly keep: string } | 'forget' | undefined;
}

/** The commit was not written: too many streams of this host have work to end. */
export class JournalFull extends Error {}

/**
 * The durable decisions of the actors; each has its own stream. `commit` is the decision: after
 * 'committed' the events are facts. It throws when the outcome is unknown; then the stream must
 * be loaded again.
 */
export interface Journal {
  load(stream: StreamId): Promise<Loaded>;
  commit(commit: Commit): Promise<'committed' | 'conflict'>;
  /** The keys of these streams, in the order asked; undefined where there is none. */
  secrets(streams: readonly StreamId[]): Promise<(string | undefined)[]>;
  /** Streams that their last commit left unsettled, or may have: to be recovered after a crash. */
  unsettled(): Promise<StreamId[]>;
  /**
   * Forgets streams whose events are all in the log and that have nothing to end by themselves,
   * as the caller knows it.
   */
  settle(isSettled: (stream: StreamId) => boolean): Promise<void>;
}

/**
 * Whether the journal may be served. `restoring` stands there until every stream is back; a
 * journal that says nothing is new, lost, or from before there were marks.
 */
export const journalMark = z.strictObject({
  state: z.enum(['whole', 'restoring']),
  at: z.string(),
});
export type JournalMark = z.infer<typeof journalMark>;

export interface JournalMarks {
  mark(): Promise<JournalMark | undefined>;
  setMark(mark: JournalMark): Promise<void>;
}

/** Streams that one call of `JournalFilling` takes. */
export const FILL_STREAMS_MAX = 64;

/** What a restore needs besides, while no actor is active: many streams with one call. */
export interface JournalFilling extends JournalMarks {
  /**
   * Which of the streams have never had a row, in the order asked. When it is not asked to be
   * certain it may take a stream for empty that has rows.
   */
  areEmpty(streams: readonly StreamId[], certainly: boolean): Promise<boolean[]>;
  /**
   * Writes the first row of streams that are empty and have nothing unsettled, all or none: of
   * a stream that has its first row already nothing is written.
   */
  fill(rows: readonly Pick<Commit, 'stream' | 'row'>[]): Promise<'committed' | 'conflict'>;
  keepSecrets(secrets: ReadonlyMap<StreamId, string>): Promise<void>;
}

/** Rows that one commit deletes at most, so that pruning never makes a slow commit. */
export const PRUNE_ROWS_MAX = 64;

export const rowNumbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_unused, index) => from + index);
