import type { StreamId } from '../../domain/ids.ts';
import type { Draft } from './draft.ts';

/** Nothing is known to have happened; the same command may be sent again. */
export interface Unavailable {
  readonly ok: false;
  readonly refusal: { readonly code: 'service-unavailable'; readonly reason: string };
}
/** The result of a command that could not be executed now. */
export const unavailable = (reason: string): Unavailable => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

/** Nothing was written, and sending the same again cannot succeed. */
export interface TooLarge {
  readonly ok: false;
  readonly refusal: {
    readonly code: 'invalid-request';
    readonly at: string;
    readonly message: string;
  };
}

/** Commands that are decided together, in one turn. */
export interface Work<Result> {
  /** The streams that it is known to touch: works with a common stream keep their order. */
  readonly streams: readonly StreamId[];
  /** The number of its commands, each of which gets a result. */
  readonly commands: number;
  /** Characters of its commands, approximately. */
  readonly size: number;
  /** When its caller gives up, in epoch milliseconds. */
  readonly deadlineMs: number;
  /**
   * Decides it on the current draft; undefined when a fact must be fetched first. It is called
   * again whenever the turn must be decided again, so it keeps no state.
   */
  readonly decide: (draft: Draft, now: string) => readonly Result[] | undefined;
}
