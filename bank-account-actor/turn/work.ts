import type { StreamId } from '../../domain/ids.ts';
import type { Draft } from './draft.ts';

/** Nothing is known to have happened; the same command may be sent again. */
export interface Unavailable {
  readonly ok: false;
  readonly refusal: { readonly code: 'service-unavailable'; readonly reason: string };
}
export const unavailable = (reason: string): Unavailable => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

/** Nothing was written, and it is of no use to send the same again. */
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
  /** The streams that it is known to touch: works with one in common keep their order. */
  readonly streams: readonly StreamId[];
  /** How many commands it has, each of which gets a result. */
  readonly commands: number;
  /** Characters of its commands, about. */
  readonly size: number;
  /** When its caller gives up, in epoch milliseconds. */
  readonly deadlineMs: number;
  /**
   * Decides it on what the turn has come to; undefined when something must be fetched first. It is
   * called again whenever the turn must be decided again, so it keeps nothing.
   */
  readonly decide: (draft: Draft, now: string) => readonly Result[] | undefined;
}
