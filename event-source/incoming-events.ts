import { z } from 'zod';
import { bankEventSchema, STREAM_PATTERN, type BankEvent } from '../contracts/bank-events.ts';
import { OUTBOX_EVENTS_MAX } from '../contracts/topics.ts';
import { ONCE_PATTERN } from '../domain/ids.ts';
import type { Alarms } from './alarms.ts';

// A CloudEvent; what the sidecar puts into it besides is of no concern.
const delivery = z.looseObject({
  id: z.string(),
  data: z.looseObject({ events: z.array(z.unknown()).min(1).max(OUTBOX_EVENTS_MAX) }),
});

/**
 * The valid events of a delivery. What is not valid will not become so by another delivery, so
 * it is put into quarantine, alone: the other events of the message must not wait for it.
 */
export function readDelivery(body: Buffer, alarms: Alarms): BankEvent[] {
  const message = delivery.safeParse(parse(body));
  if (!message.success) {
    alarms.raise('poison', subjectOf(body), reason(message.error), body.toString());
    return [];
  }
  return message.data.data.events.flatMap((candidate) => {
    const event = bankEventSchema.safeParse(candidate);
    const fault = event.success ? faultOf(event.data) : reason(event.error);
    if (event.success && fault === undefined) return [event.data];
    alarms.raise('poison', subjectOf(JSON.stringify(candidate)), fault ?? '', candidate);
    return [];
  });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

// These make the keys of the log, so they must be exactly what the keys are made for.
function faultOf({ id, stream, version, commandId }: BankEvent): string | undefined {
  if (!STREAM_PATTERN.test(stream)) return 'stream: not a stream of the bank';
  if (!ONCE_PATTERN.test(commandId)) return 'commandId: not a command id';
  return id === `${stream}/${version}` ? undefined : 'id: is not stream/version';
}

const reason = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ');

// The same poison comes again and again: it is known by its first characters and its length.
const subjectOf = (content: Buffer | string): string =>
  `${content.toString().slice(0, 200)} (${content.length})`;
