import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import type { LedgerMessage, PositionedEvent } from '../../contracts/log/topics.ts';

/** Pushed events that may wait; beyond that they are forgotten and pulled later. */
export const PUSHED_EVENTS_MAX = 5_000;

const lastOf = (message: LedgerMessage): number => message.entries.at(-1)?.position ?? 0;

/** Keeps pushed messages until their turn comes. They are hints, so forgetting them is safe. */
export function pushBuffer(eventsMax = PUSHED_EVENTS_MAX) {
  let messages: LedgerMessage[] = [];
  let waiting = 0;

  const keep = (kept: LedgerMessage[]): void => {
    messages = kept;
    waiting = kept.reduce((sum, message) => sum + message.entries.length, 0);
  };

  return {
    add(message: LedgerMessage): void {
      keep([...messages, message]);
      if (waiting > eventsMax) keep([]);
    },
    /** The entries that continue the position without a hole, about a page at most. */
    next(position: number): PositionedEvent[] {
      keep(messages.filter((message) => lastOf(message) > position));
      const entries: PositionedEvent[] = [];
      let reached = position;
      for (const message of messages) {
        if (message.after > reached || entries.length >= LOG_PAGE_EVENTS_MAX) break;
        // A message holds everything in (after, last], so one that overlaps continues as well.
        const from = reached;
        entries.push(...message.entries.filter((entry) => entry.position > from));
        reached = Math.max(reached, lastOf(message));
      }
      return entries;
    },
    isEmpty: (): boolean => messages.length === 0,
    clear: (): void => keep([]),
  };
}
