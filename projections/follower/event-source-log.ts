import { z } from 'zod';
import { EVENT_SOURCE_APP } from '../../contracts/log/entries.ts';
import { bankEventSchema } from '../../contracts/log/bank-events.ts';
import { positionNumber } from '../../contracts/log/topics.ts';
import type { Sidecar } from '../../platform/dapr.ts';
import type { LogEntry, LogSource } from './projection.ts';

/** Event by event, so that one that cannot be read does not hide the others of its page. */
const page = z.object({
  entries: z.array(z.object({ position: positionNumber, event: z.unknown() })),
  head: positionNumber,
});

const named = z.object({ id: z.string(), stream: z.string(), version: z.int().min(0) });

/** The entry, marked as unreadable when the event is none that this version of the bank knows. */
function entryOf(position: number, event: unknown): LogEntry {
  const read = bankEventSchema.safeParse(event);
  if (read.success) return { position, event: read.data };
  const name = named.safeParse(event);
  const nameless = { id: `position ${position}`, stream: `position ${position}`, version: 0 };
  return { position, event: name.success ? name.data : nameless, isUnreadable: true };
}

/** Reads the log from event-source, through the sidecars. */
export function eventSourceLog(dapr: Sidecar): LogSource {
  return {
    async readAfter(position, limit) {
      const path = `log/events?after=${position}&limit=${limit}`;
      const { status, body } = await dapr.invokeService(EVENT_SOURCE_APP, 'GET', path);
      if (status !== 200) throw new Error(`event-source answered ${status}`);
      const { entries, head } = page.parse(body);
      return { entries: entries.map(({ position: at, event }) => entryOf(at, event)), head };
    },
  };
}
