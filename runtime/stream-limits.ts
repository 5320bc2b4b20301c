import { DiscardPolicy, StoreCompression, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

const STREAM_BYTES_MAX = 1024 * 1024 * 1024;
const STREAM_AGE_MAX_MS = 7 * 24 * 3_600_000;
/** About 2.3 million integration events; docs/integration-events.md says what that means. */
const BANK_EVENTS_BYTES_MAX = 2 * STREAM_BYTES_MAX;
/** The ledger only tells followers early what they else pull from the log. */
const LEDGER_BYTES_MAX = 64 * 1024 * 1024;
const LEDGER_AGE_MAX_MS = 10 * 60_000;
/** Nothing else keeps these messages, so a full stream refuses the new and forgets no old one. */
const KEPT_STREAMS = new Set(['ACCOUNT_COMMANDS', 'DEAD_COMMANDS']);

/** Bytes and age of streams of events; text that repeats itself takes half of its bytes so. */
const EVENT_STREAMS: Readonly<Record<string, readonly [bytes: number, ageMs: number]>> = {
  LEDGER: [LEDGER_BYTES_MAX, LEDGER_AGE_MAX_MS],
  // A log that was put back from a backup gets from here what it lacks (`restore --refill`).
  ACCOUNT_EVENTS: [STREAM_BYTES_MAX, STREAM_AGE_MAX_MS],
  BANK_EVENTS: [BANK_EVENTS_BYTES_MAX, STREAM_AGE_MAX_MS],
};

/** How much a stream keeps, and what becomes of more. */
export function limitsOf(name: string): Partial<StreamConfig> {
  const [bytes, ageMs] = EVENT_STREAMS[name] ?? [STREAM_BYTES_MAX, STREAM_AGE_MAX_MS];
  const isKept = KEPT_STREAMS.has(name);
  return {
    max_bytes: bytes,
    max_age: isKept ? 0 : nanos(ageMs),
    discard: isKept ? DiscardPolicy.New : DiscardPolicy.Old,
    compression: name in EVENT_STREAMS ? StoreCompression.S2 : StoreCompression.None,
  };
}
