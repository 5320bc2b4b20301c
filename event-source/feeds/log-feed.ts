import { OUTBOX_EVENTS_MAX } from '../../contracts/log/topics.ts';
import type { Logger } from '../../platform/logger.ts';
import { retry } from '../../platform/retry.ts';
import type { LogEntry } from '../log/event-log.ts';
import { logMessageJson } from '../log/log-answers.ts';

/** NATS takes messages up to 1 MiB; an event becomes little larger on its way. */
const MESSAGE_BYTES_MAX = 512 * 1024;
/** More than this is dropped from its beginning, and read from the log by followers. */
const WAITING_ENTRIES_MAX = 10_000;
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** Pauses before a message is published again. */
const RETRY_MS = [200, 400] as const;

interface Item {
  readonly after: number;
  readonly entry: LogEntry;
}

export type LogFeed = ReturnType<typeof logFeed>;

/**
 * Tells followers what the log has committed, in log order and after the append. What cannot be
 * published is dropped with a warning: `after` in the next message shows followers that they missed
 * something, and they read it from the log.
 */
export function logFeed(publish: (message: Buffer) => Promise<void>, logger: Logger) {
  const waiting: Item[] = [];
  let running: Promise<void> | undefined;

  const send = async (items: readonly Item[]): Promise<void> => {
    const { after } = items[0]!;
    const message = logMessageJson(
      after,
      items.map(({ entry }) => entry),
    );
    await retry(() => publish(message), { pausesMs: RETRY_MS }).catch((error: unknown) => {
      const detail = { after, entries: items.length, error };
      logger.warn('not published, followers will read it', detail);
    });
  };
  const run = async (): Promise<void> => {
    while (waiting.length > 0) await send(take(waiting));
    running = undefined;
  };

  return {
    offer(after: number, added: readonly LogEntry[]): void {
      added.forEach((entry, index) => {
        waiting.push({ after: added[index - 1]?.position ?? after, entry });
      });
      let bytes = 0;
      const fitting = waiting.findLastIndex(
        ({ entry }) => (bytes += entry.json.length) > WAITING_BYTES_MAX,
      );
      const surplus = Math.max(waiting.length - WAITING_ENTRIES_MAX, fitting + 1);
      if (surplus > 0) {
        waiting.splice(0, surplus);
        logger.warn('publishing is behind, followers will read it', { entries: surplus });
      }
      if (waiting.length > 0) running ??= run();
    },
    waiting: (): number => waiting.length,
    /** Ends when everything that was offered is published or dropped. */
    idle: async (): Promise<void> => running,
  };
}

// As many entries as fit one message and follow each other without a hole.
function take(waiting: Item[]): Item[] {
  let count = 0;
  let bytes = 0;
  while (count < Math.min(waiting.length, OUTBOX_EVENTS_MAX)) {
    const { after, entry } = waiting[count]!;
    bytes += entry.json.length;
    const follows = count === 0 || after === waiting[count - 1]!.entry.position;
    if (count > 0 && (!follows || bytes > MESSAGE_BYTES_MAX)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}
