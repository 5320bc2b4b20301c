import type { IntegrationEvent } from '../../contracts/log/integration-events.ts';

/** How far the public stream is. */
interface StreamEnd {
  /** How many messages were ever stored: the number of the last one. */
  readonly sequence: number;
  /** The last message; missing when retention removed it, or when there never was one. */
  readonly last?: { readonly id: string; readonly position: number };
}

/**
 * The public stream of integration events. It is its own checkpoint: message n is the n-th event of
 * the log, so its end says where to continue, and a stream that lost its end shows that too.
 */
export interface EventStream {
  end(): Promise<StreamEnd>;
  /**
   * Stores each event under its own number (the first is `sequence` + 1) or not at all; one whose
   * number is taken is already there. It resolves when all are there. When it rejects, the first
   * few may be stored, but never one without those before it: ask for the end.
   */
  append(sequence: number, events: readonly IntegrationEvent[]): Promise<void>;
  close(): Promise<void>;
}
