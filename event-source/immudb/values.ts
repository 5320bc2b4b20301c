import { encodeEvent } from '../../proofs/log-entry.ts';
import { positionOf, TamperError, type LogEntry } from '../log/event-log.ts';
import type { Entry, Tx, TxEntry } from './calls.ts';

export { encodeEvent };

const EVENT_OPEN = '{"index":';
const EVENT_BODY = ',"event":';
const INDEX_DIGITS_MAX = 5;

interface DecodedEvent {
  readonly index: number;
  readonly json: Buffer;
}

/** Cuts the event out of the stored bytes without parsing it; undefined when it is not one. */
export function decodeEvent(value: Buffer): DecodedEvent | undefined {
  const start = EVENT_OPEN.length;
  const head = value.toString('latin1', 0, start + INDEX_DIGITS_MAX + EVENT_BODY.length);
  const body = head.indexOf(EVENT_BODY, start);
  const digits = head.slice(start, body);
  if (!head.startsWith(EVENT_OPEN) || body === -1 || !/^[0-9]{1,5}$/.test(digits)) return undefined;
  const json = value.subarray(body + EVENT_BODY.length, -1);
  // Braces around the event, and one more that closes what stands around it.
  if (value.at(-1) !== 0x7d || json.at(-1) !== 0x7d || json[0] !== 0x7b) return undefined;
  return { index: Number(digits), json };
}

/** An entry of the log that was read by its key. It throws when it is not as it was written. */
export function entryOf(entry: Entry): LogEntry {
  requireIntact(entry);
  const decoded = decodeEvent(entry.value);
  if (decoded === undefined) throw new TamperError(entry.key.toString(), 'is not an event');
  return { position: positionOf(entry.tx, decoded.index), json: decoded.json };
}

function requireIntact(entry: Entry): void {
  const key = entry.key.toString();
  if (entry.revision !== 1) throw new TamperError(key, `has revision ${entry.revision}`);
  if (entry.expired || entry.metadata !== null) throw new TamperError(key, 'has metadata');
}

const rawKey = (entry: TxEntry): string => entry.key.toString('latin1', 1);

/** The keys of a transaction that belong to the log: events and the genesis marker. */
export const logKeysOf = (tx: Tx): string[] =>
  tx.entries.map(rawKey).filter((key) => /^(?:acct|person|refusal|meta)\//.test(key));

/** Of "acct/", "person/" and "refusal/" behind the zero byte: tells them from other keys. */
const EVENT_LETTERS = new Set<number | undefined>([...Buffer.from('apr')]);

/**
 * The events of a transaction in log order. What stands under an event's key but is not what an
 * append writes is no entry of the log: it is reported and left out.
 */
export function eventsOf(tx: Tx, onForeign: (key: string, what: string) => void): LogEntry[] {
  const events: LogEntry[] = [];
  tx.entries.forEach((entry, index) => {
    if (!EVENT_LETTERS.has(entry.key[1])) return;
    const decoded = entry.metadata === null ? decodeEvent(entry.value.subarray(1)) : undefined;
    if (decoded?.index === index) {
      events.push({ position: positionOf(tx.header.id, index), json: decoded.json });
    } else onForeign(rawKey(entry), `was written over in transaction ${tx.header.id}`);
  });
  return events;
}
