import { z } from 'zod';
import type { ServiceCall } from '../http/service-call.ts';
import { ACTOR_HOST_APP } from '../person/queries.ts';

/** Most streams of one page. */
export const JOURNAL_HEADS_MAX = 1_000;

const journalHead = z.strictObject({
  stream: z.string(),
  /** Of the last event that the journal has. */
  version: z.int().min(1),
  /** Of that event; empty while a restore is under way. */
  digest: z.string(),
  /** Nothing of it is acknowledged any more, and it may differ from the log. */
  quarantined: z.boolean(),
});
/** The end of a stream as the journal has it. */
export type JournalHead = Readonly<z.infer<typeof journalHead>>;

/** On the actor host, by event-source: where the streams of the journal end, in order of name. */
export const JOURNAL_HEADS = {
  app: ACTOR_HOST_APP,
  method: 'POST',
  path: '/journal/heads',
  input: z.strictObject({
    /** Streams after this name; empty for the first ones. */
    after: z.string(),
    limit: z.int().min(1).max(JOURNAL_HEADS_MAX),
  }),
  answer: z.strictObject({ heads: z.array(journalHead) }),
} as const satisfies ServiceCall;
