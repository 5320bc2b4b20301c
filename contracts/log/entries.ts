import { z } from 'zod';
import { bankEventSchema, streamIdText } from './bank-events.ts';
import { loggedEventSchema } from '../account/events.ts';
import type { ReceiptDocument } from './receipts.ts';
import { refusalEventSchema } from '../account/refusal-events.ts';
import { positionedEvent, positionNumber } from './topics.ts';

/** Event-source's name in Dapr; calls.ts has what the other services ask it. */
export const EVENT_SOURCE_APP = 'event-source';
/** Most events of one page of the log or of a stream. */
export const LOG_PAGE_EVENTS_MAX = 1_000;
export const LATEST_VERSIONS_MAX = 500;
export const DIGESTS_MAX = 500;
/** Most events of one request for single events. */
export const READ_EVENTS_MAX = 200;
/** Most events of one request for receipts. */
export const RECEIPTS_MAX = 50;
/** Most events of one page of an export; each is proven on its own. */
export const EXPORT_PAGE_EVENTS_MAX = 100;

export const logPage = z.strictObject({
  entries: z.array(positionedEvent),
  /** Position of the last entry of the log at the time of the answer. */
  head: positionNumber,
});
export type LogPage = z.infer<typeof logPage>;

export const streamPage = z.strictObject({
  entries: z.array(positionedEvent),
  /** Version of the last event of the stream in the log, 0 when it has none. */
  headVersion: z.int().min(0),
});
/** A page of the stream of an account, whose event types are known. */
export const accountPage = streamPage.extend({
  entries: z.array(positionedEvent.extend({ event: loggedEventSchema })),
});
export type AccountPage = z.infer<typeof accountPage>;

/** A page of the stream of an account's refusals. */
export const refusalsPage = streamPage.extend({
  entries: z.array(positionedEvent.extend({ event: refusalEventSchema })),
});
export type RefusalsPage = z.infer<typeof refusalsPage>;

/** In the order asked; 0 where the log has nothing of the stream. */
export const latestVersionsAnswer = z.strictObject({ versions: z.array(z.int().min(0)) });

/** One event of any stream, whether it is there or not. */
export const eventPlace = z.strictObject({ stream: streamIdText, version: z.int().min(1) });
export type EventPlace = Readonly<z.infer<typeof eventPlace>>;

export const digestsAnswer = z.strictObject({
  /** In the order asked; null where the log has no such event yet, or what somebody made of it. */
  digests: z.array(z.union([z.string().length(43), z.literal('tampered')]).nullable()),
  /** Those of the asked streams of which nothing goes into the log any more, and why. */
  quarantined: z.array(z.strictObject({ stream: streamIdText, reason: z.string() })),
});

/**
 * In the order asked; null where the log has no such event. The answer ends early, after one event
 * at least, where it would become too large for a sidecar: ask again for the rest.
 */
export const readAnswer = z.strictObject({ found: z.array(bankEventSchema.nullable()) });
/** The same for accounts' events that the log is known to have. */
export const accountEventsAnswer = z.strictObject({ found: z.array(loggedEventSchema) });

/** For each event its receipt, null when there is no such event, or why it cannot be given. */
export interface ReceiptsAnswer {
  readonly receipts: readonly (ReceiptDocument | null | { readonly unavailable: string })[];
}
