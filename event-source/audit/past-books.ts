import { isAccountEvent, type BankEvent } from '../../contracts/bank-events.ts';
import { accountOfStream, decodeEvent } from '../../contracts/events.ts';
import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log.ts';
import { movementOf } from '../../domain/movement.ts';
import { createTransferLegs } from '../../domain/transfer-legs.ts';
import { moved } from '../../domain/trial-balance.ts';
import type { BooksMark, BooksMarks } from './marks.ts';
import { TamperError, type EventLog, type LogEntry } from '../log/event-log.ts';

/** How many transfers were open is not known where a mark had too many. */
export type PastBooks = Omit<BooksMark, 'open'> & { readonly openTransfers: number | undefined };

/**
 * The books as they were at a position that was audited already: those of the mark before it,
 * and the events that the log has between them.
 */
export async function pastBooks(
  log: Pick<EventLog, 'readAfter'>,
  marks: BooksMarks,
  position: number,
): Promise<PastBooks> {
  const mark = marks.before(position);
  const books = booksFrom(mark);
  for (let after = mark.position; after < position;) {
    const entries = await log.readAfter(after, LOG_PAGE_EVENTS_MAX, position);
    for (const entry of entries) books.take(entry);
    after = entries.at(-1)?.position ?? position;
  }
  return books.end();
}

/** Goes on from a mark by the same rules of the domain that made it. */
function booksFrom(mark: BooksMark) {
  const totals = new Map(mark.totals);
  const legs = mark.open === undefined ? undefined : createTransferLegs(mark.open);
  let { position, at, events, accounts } = mark;
  const follow = (event: BankEvent): void => {
    events += 1;
    at = event.at;
    if (!isAccountEvent(event)) return;
    if (event.version === 1) accounts += 1;
    const happened = decodeEvent(event);
    const { currency } = event.data;
    totals.set(currency, moved(totals.get(currency), happened, movementOf(happened).ledger));
    legs?.observe(happened, accountOfStream(event.stream), currency);
  };
  return {
    take(entry: LogEntry): void {
      position = entry.position;
      try {
        follow(JSON.parse(entry.json.toString()) as BankEvent);
      } catch (error) {
        throw new TamperError('the log', `has no event at position ${position}: ${String(error)}`);
      }
    },
    end: (): PastBooks => {
      const openTransfers = legs?.open().length;
      return { position, at, events, accounts, totals, openTransfers };
    },
  };
}
