import type { Checkpoint, SetAsideModel } from '../../contracts/account/read-models.ts';
import type { PositionedEvent } from '../../contracts/log/topics.ts';

/** An entry of the log whose event this version of the bank cannot read. */
export interface UnreadableEntry {
  readonly position: number;
  readonly event: { readonly id: string; readonly stream: string; readonly version: number };
  readonly isUnreadable: true;
}
export type LogEntry = PositionedEvent | UnreadableEntry;
export const isUnreadable = (entry: object): entry is UnreadableEntry => 'isUnreadable' in entry;
export const isReadable = (entry: LogEntry): entry is PositionedEvent => !isUnreadable(entry);

/** What follows the log; its documents are written before apply returns. */
export interface Projection {
  /** How far it came; position 0 when it never began. */
  restore(): Promise<Checkpoint>;
  /** Applies entries in log order; may be repeated with the same entries after a failure. */
  apply(entries: readonly LogEntry[]): Promise<void>;
  /** Called between batches and when idle, for what need not be done at once. */
  rest(): Promise<void>;
  /** Writes down everything, before the process ends. */
  settle(): Promise<void>;
  /** The streams that it could not follow, at most SET_ASIDE_NAMED_MAX of them. */
  setAside(): readonly SetAsideModel[];
}

export interface ReadPage {
  readonly entries: readonly LogEntry[];
  /** Position of the last entry of the log at the time of the answer. */
  readonly head: number;
}

/** Reads the log: the truth, where pushes are only hints. */
export interface LogSource {
  readAfter(position: number, limit: number): Promise<ReadPage>;
}

export interface Report {
  info(message: string, detail?: object): void;
  warn(message: string, detail?: object): void;
  error(message: string, detail?: object): void;
}

export type FollowerState = 'starting' | 'following' | 'waiting' | 'stopped' | 'ended';

export interface FollowerStatus {
  readonly state: FollowerState;
  /** Log position of the last event that was applied. */
  readonly checkpoint: number;
  /** Position of the last entry of the log, as far as is known. */
  readonly head: number;
  /** How long what is not applied yet has been waiting; 0 when there is nothing. */
  readonly lagMs: number;
  /** Events from the beginning of the log up to the checkpoint. */
  readonly eventsApplied: number;
  /** Why it waits or has stopped. */
  readonly reason?: string;
}

/**
 * The log contradicts what was read of it before, or its own order. Following it further would
 * show wrong numbers, so a projection stops here and says why until someone looks.
 */
export class LogFault extends Error {}

/** An event does not follow from its stream; the message names ids, never what events say. */
export class StreamFault extends Error {}

/** The store is further than the projection knows: it must be restored and go on from there. */
export class Overtaken extends Error {}
