import { PAGE_BYTES_MAX, type LogEntry } from './event-log.ts';

const CLOSE = Buffer.from('}');

// The stored JSON goes into the answer as it is: parsing and writing it again would cost more
// than all the rest of reading the log.
function entriesJson(entries: readonly LogEntry[]): Buffer[] {
  const parts: Buffer[] = [];
  entries.forEach(({ position, json }, index) => {
    const comma = index === 0 ? '' : ',';
    parts.push(Buffer.from(`${comma}{"position":${position},"event":`), json, CLOSE);
  });
  return parts;
}

/** A message of the topic `ledger` (contracts/log/topics.ts), as JSON. */
export const logMessageJson = (after: number, entries: readonly LogEntry[]): Buffer =>
  Buffer.concat([
    Buffer.from(`{"after":${after},"entries":[`),
    ...entriesJson(entries),
    Buffer.from(']}'),
  ]);

/** A page of entries, with where the log (or the stream) ends, as JSON. */
export function pageJson(
  entries: readonly LogEntry[],
  end: 'head' | 'headVersion',
  value: number,
): Buffer {
  const [open, close] = [Buffer.from('{"entries":['), Buffer.from(`],"${end}":${value}}`)];
  return Buffer.concat([open, ...entriesJson(entries), close]);
}

/**
 * Single events, null for those that the log does not have, as JSON; it ends before it is too
 * large.
 */
export function foundJson(found: readonly (LogEntry | undefined)[]): Buffer {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (const [index, entry] of found.entries()) {
    bytes += entry?.json.length ?? 0;
    if (index > 0 && bytes > PAGE_BYTES_MAX) break;
    parts.push(Buffer.from(index === 0 ? '' : ','), entry?.json ?? Buffer.from('null'));
  }
  return Buffer.concat([Buffer.from('{"found":['), ...parts, Buffer.from(']}')]);
}
