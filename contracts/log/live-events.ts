import { z } from 'zod';
import type { Operation } from '../http/openapi.ts';
import { outcomeOf, outcomeSchema } from '../account/outcomes.ts';
import { positionNumber, type PositionedAccountEvent } from './topics.ts';

/** The last version that was seen, or 0 for none: the stream continues after it. */
export const lastEventIdText = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})$/, 'must be a version that the stream gave, or 0')
  .transform(Number)
  .meta({ description: 'goes on after this version; 0 begins with the first', examples: ['7'] });

/** Query of GET /v1/accounts/{id}/events/stream. */
export const streamQuery = z.strictObject({ lastEventId: lastEventIdText.optional() });
/** The request header of server-sent events. */
export const LAST_EVENT_ID = 'Last-Event-ID';
/** The last message of a stream whose access token has ended or was taken back. */
export const TOKEN_ENDED = 'token-ended';

/** `data` of a message: the outcome of the event, as its command was answered. */
const liveEvent = outcomeSchema.extend({ position: positionNumber });
export type LiveEvent = z.infer<typeof liveEvent>;

/** The message of an event. */
export const liveEventOf = ({ position, event }: PositionedAccountEvent): LiveEvent => ({
  ...outcomeOf([event]),
  position,
});

const description = [
  'Server-sent events (text/event-stream), one message per event of the account: `id` is the',
  "account's version, `event` the type of the event, `data` JSON with the event and the balance",
  'after it, in the schema below. With Last-Event-ID, or lastEventId where no header can be set,',
  'it goes on after that version without loss and without doubles, however old it is, because it',
  'is read from the log; the header wins. Without both it begins now: the first block is a comment',
  'with the present version, and sets it as the last event id. Comments keep the connection alive',
  'every 15 s. A consumer that takes nothing for 10 s is cut off; it connects again and goes on.',
  'When the access token has ended or was taken back, the stream says so by the event token-ended',
  'and ends, at most 15 s late; with a new token it goes on.',
].join(' ');

/** The operation of queries-bank-api that streams events. */
export const LIVE_EVENTS_OPERATION = {
  method: 'get',
  path: '/v1/accounts/{id}/events/stream',
  id: 'streamEvents',
  access: { scope: 'accounts:read', object: 'account' },
  summary: 'The events of an account as they happen, each with the balance after it',
  description,
  query: streamQuery.shape,
  headers: { [LAST_EVENT_ID]: lastEventIdText.optional() },
  status: 200,
  answer: liveEvent,
  answerType: 'text/event-stream',
  problems: ['account-not-found', 'not-acceptable'],
} as const satisfies Operation;
