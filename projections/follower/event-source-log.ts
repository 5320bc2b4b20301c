import { z } from 'zod';
import { bankEventSchema } from '../../contracts/log/bank-events.ts';
import { LOG_CALLS } from '../../contracts/log/calls.ts';
import { positionNumber } from '../../contracts/log/topics.ts';
import { ask, type ServiceInvoker } from '../../platform/service-client.ts';
import type { LogEntry, LogSource } from './projection.ts';

/** Event by event, so that one that cannot be read does not hide the others of its page. */
const READ_LOG = {
  ...LOG_CALLS.events,
  answer: z.object({
    entries: z.array(z.object({ position: positionNumber, event: z.unknown() })),
    head: positionNumber,
  }),
};

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
export function eventSourceLog(dapr: ServiceInvoker): LogSource {
  return {
    async readAfter(position, limit) {
      const { entries, head } = await ask(dapr, READ_LOG, { after: position, limit });
      return { entries: entries.map(({ position: at, event }) => entryOf(at, event)), head };
    },
  };
}
