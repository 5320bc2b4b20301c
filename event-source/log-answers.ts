import type { LogEntry } from './event-log.ts';

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

/** A page of entries, with where the log (or the stream) ends, as JSON. */
export function pageJson(
  entries: readonly LogEntry[],
  end: 'head' | 'headVersion',
  value: number,
): Buffer {
  const [open, close] = [Buffer.from('{"entries":['), Buffer.from(`],"${end}":${value}}`)];
  return Buffer.concat([open, ...entriesJson(entries), close]);
}

/** The entries of commands, null for those that the log never saw, as JSON. */
export function commandsJson(found: readonly (readonly LogEntry[] | null)[]): Buffer {
  const parts = found.flatMap((entries, index) => {
    const comma = Buffer.from(index === 0 ? '' : ',');
    if (entries === null) return [comma, Buffer.from('null')];
    return [comma, Buffer.from('['), ...entriesJson(entries), Buffer.from(']')];
  });
  return Buffer.concat([Buffer.from('{"found":['), ...parts, Buffer.from(']}')]);
}
