import type { BankEvent } from '../contracts/bank-events.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import type { CommandMemory } from './command-memory.ts';
import type { Commit, JournalRow, RowContent } from './journal.ts';
import type { Joint } from './joint-turn.ts';

/** What an actor must know of a command to execute it at most once. */
export interface Named {
  readonly commandId: CommandId;
  readonly fresh: boolean;
}

export interface Unavailable {
  readonly ok: false;
  readonly refusal: { readonly code: 'service-unavailable'; readonly reason: string };
}

/** What a turn has come to; its results with events hold only once it is committed. */
export interface Decided<State, Event extends BankEvent, Result> {
  /** One result for each command, in order. */
  readonly results: Result[];
  readonly events: readonly Event[];
  readonly state: State;
  /** What the commit must do besides. */
  readonly more?: Pick<Commit, 'secret'>;
}

/** What tells one kind of actor from another; everything else is the same for all. */
export interface ActorKind<State, Event extends BankEvent, Message, Result> {
  /** The state of a stream without events. */
  readonly nothing: State;
  /** Time of the last event; undefined when there is none. */
  readonly changedAt: (state: State) => string | undefined;
  readonly stateOf: (row: JournalRow) => State;
  readonly rowOf: (state: State, events: readonly Event[]) => RowContent;
  /** Decides commands one after the other; throws while what it must ask is away. */
  readonly decide: (
    stream: StreamId,
    current: { readonly state: State; readonly memory: CommandMemory<Event> },
    commands: readonly Message[],
    at: string,
    joint: Joint,
  ) => Promise<Decided<State, Event, Result>>;
}
