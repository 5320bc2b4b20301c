import type { Checkpoint, SetAsideModel } from '../../contracts/account/read-models.ts';
import type { PositionedEvent } from '../../contracts/log/topics.ts';

/** An entry of the log whose event this version of the bank cannot read. */
export interface UnreadableEntry {
  readonly position: number;
  readonly event: { readonly id: string; readonly stream: string; readonly version: number };
  readonly isUnreadable: true;
}
/** An entry of the log, readable or not. */
export type LogEntry = PositionedEvent | UnreadableEntry;
/** Whether the event of an entry cannot be read. */
export const isUnreadable = (entry: object): entry is UnreadableEntry => 'isUnreadable' in entry;
/** Whether the event of an entry can be read. */
export const isReadable = (entry: LogEntry): entry is PositionedEvent => !isUnreadable(entry);

/** A read model that follows the log; its documents are written before `apply` resolves. */
export interface Projection {
  /** The checkpoint; position 0 when the projection never began. */
  restore(): Promise<Checkpoint>;
  /** Applies entries in log order; the same entries may come again after a failure. */
  apply(entries: readonly LogEntry[]): Promise<void>;
  /** Called between batches and when idle, for what can wait. */
  rest(): Promise<void>;
  /** Writes everything that is still in memory, before the process ends. */
  flush(): Promise<void>;
  /** The streams that could not be followed, at most SET_ASIDE_NAMED_MAX of them. */
  setAside(): readonly SetAsideModel[];
}

/** A page of the log. */
export interface ReadPage {
  readonly entries: readonly LogEntry[];
  /** Position of the last entry of the log at the time of the answer. */
  readonly head: number;
}

/** Reads the log: the truth, where pushes are only hints. */
export interface LogSource {
  readAfter(position: number, limit: number): Promise<ReadPage>;
}

/** A logger. */
export interface Report {
  info(message: string, detail?: object): void;
  warn(message: string, detail?: object): void;
  error(message: string, detail?: object): void;
}

/** What a follower does. 'stopped' is final until someone looks: the log contradicts itself. */
export type FollowerState = 'starting' | 'following' | 'waiting' | 'stopped' | 'ended';

/** How far a follower is. */
export interface FollowerStatus {
  readonly state: FollowerState;
  /** Log position of the last event that was applied. */
  readonly checkpoint: number;
  /** Position of the last entry of the log, as far as is known. */
  readonly head: number;
  /** How long unapplied entries have been waiting, in milliseconds; 0 when there are none. */
  readonly lagMs: number;
  /** Events from the beginning of the log up to the checkpoint. */
  readonly eventsApplied: number;
  /** Why it waits or has stopped; missing otherwise. */
  readonly reason?: string;
}

/**
 * The log contradicts what was read of it before, or its own order. Following it further would
 * show wrong numbers, so a projection stops here and says why until someone looks.
 */
export class LogFault extends Error {}

/** An event does not follow from its stream; the message names ids and no content. */
export class StreamFault extends Error {}

/**
 * Another process has written more than the projection knows: it must restore and continue from
 * there.
 */
export class Overtaken extends Error {}
