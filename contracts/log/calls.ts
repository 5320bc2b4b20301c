import { z } from 'zod';
import type { ServiceCall } from '../http/service-call.ts';
import { timeText } from '../http/scalars.ts';
import { streamIdText } from './bank-events.ts';
import * as entries from './entries.ts';
import type * as receipts from './receipts.ts';
import { positionNumber } from './topics.ts';

/** In a query numbers are texts; who calls gives numbers. */
const number = z.coerce.number<number>();
const whole = number.pipe(z.int().min(1));
const limit = number
  .pipe(z.int().min(1).max(entries.LOG_PAGE_EVENTS_MAX))
  .default(entries.LOG_PAGE_EVENTS_MAX);
const nothing = z.object({});
const places = (most: number) =>
  z.strictObject({ events: z.array(entries.eventPlace).min(1).max(most) });

const get = { app: entries.EVENT_SOURCE_APP, method: 'GET' } as const;
const post = { app: entries.EVENT_SOURCE_APP, method: 'POST' } as const;

/** What the other services ask the log, through Dapr service invocation. */
export const LOG_CALLS = {
  /** The whole log in log order. */
  events: {
    ...get,
    path: '/log/events',
    input: z.strictObject({ after: number.pipe(positionNumber).default(0), limit }),
    answer: entries.logPage,
  },
  /** One stream, oldest event first. */
  streamEvents: {
    ...get,
    path: '/log/streams/{stream}/events',
    input: z.strictObject({ fromVersion: whole.default(1), limit }),
    answer: entries.streamPage,
  },
  /**
   * Only the last event of a stream at that time (milliseconds of UTC) or before it, none when all
   * events are later.
   */
  streamUntil: {
    ...get,
    path: '/log/streams/{stream}/until',
    input: z.strictObject({ time: number.pipe(z.int().min(0)) }),
    answer: entries.streamPage,
  },
  /** The version that the log has of each stream. */
  latestVersions: {
    ...post,
    path: '/log/heads',
    input: z.strictObject({
      streams: z.array(streamIdText).min(1).max(entries.LATEST_VERSIONS_MAX),
    }),
    answer: entries.latestVersionsAnswer,
  },
  /** Which events the log holds, told by their digests (contracts/digest.ts). */
  digests: {
    ...post,
    path: '/log/digests',
    input: places(entries.DIGESTS_MAX),
    answer: entries.digestsAnswer,
  },
  /** Single events of any streams. */
  read: {
    ...post,
    path: '/log/read',
    input: places(entries.READ_EVENTS_MAX),
    answer: entries.readAnswer,
  },
} as const satisfies Readonly<Record<string, ServiceCall>>;

/**
 * What the log can prove. Nobody on the way checks these answers, only who receives them in the
 * end, so they have types and no schemas.
 */
export const PROOF_CALLS = {
  receipts: {
    ...post,
    path: '/log/receipts',
    input: places(entries.RECEIPTS_MAX),
    answer: z.custom<entries.ReceiptsAnswer>(),
  },
  exportHeader: {
    ...get,
    path: '/log/streams/{stream}/export',
    input: z.strictObject({ from: timeText.optional(), to: timeText.optional() }),
    answer: z.custom<receipts.ExportHeader>(),
    mayLack: true,
  },
  exportedEvents: {
    ...get,
    path: '/log/streams/{stream}/export/events',
    input: z.strictObject({
      fromVersion: whole,
      limit: whole.pipe(z.int().max(entries.EXPORT_PAGE_EVENTS_MAX)),
      at: whole,
    }),
    answer: z.custom<{ readonly items: receipts.ExportedEvent[] }>(),
  },
  state: {
    ...get,
    path: '/log/state',
    input: nothing,
    answer: z.custom<receipts.SignedStateDocument>(),
  },
  consistency: {
    ...get,
    path: '/log/consistency',
    input: z.strictObject({ from: whole, to: whole.optional() }),
    answer: z.custom<receipts.ConsistencyDocument>(),
    mayLack: true,
  },
  transactions: {
    ...get,
    path: '/log/transactions',
    input: z.strictObject({ from: whole }),
    answer: z.custom<{ readonly transactions: receipts.WalkedTransaction[] }>(),
  },
  publicKey: {
    ...get,
    path: '/log/public-key',
    input: nothing,
    answer: z.custom<{ readonly publicKey: string }>(),
  },
} as const satisfies Readonly<Record<string, ServiceCall>>;

/** In as many calls as it takes: an answer ends early where it would become too large. */
export async function readEvents<Found>(
  events: readonly entries.EventPlace[],
  read: (part: readonly entries.EventPlace[]) => Promise<{ readonly found: readonly Found[] }>,
): Promise<Found[]> {
  const all: Found[] = [];
  while (all.length < events.length) {
    const { found } = await read(events.slice(all.length, all.length + entries.READ_EVENTS_MAX));
    if (found.length === 0) throw new Error('an answer of /log/read has no event');
    all.push(...found);
  }
  return all;
}
