import type { TrialBalanceAnswer } from '../../contracts/log/audit.ts';
import { Failure } from '../../platform/http/http.ts';
import { transactionOf } from '../../proofs/entry-proof.ts';
import type { AuditReport } from './auditor.ts';
import { type BooksSnapshots, type BooksSnapshot, sumsOf } from './snapshots.ts';
import { type EventLog, TamperError, type LogEntry } from '../log/event-log.ts';
import { isAccountEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { accountOfStream, decodeEvent } from '../../contracts/account/events.ts';
import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import { movementOf } from '../../domain/movement.ts';
import { createTransferLegs } from '../../domain/transfer-legs.ts';
import { moved } from '../../domain/invariants.ts';

export interface PastParts {
  readonly log: Pick<EventLog, 'readAfter'>;
  readonly snapshots: BooksSnapshots;
  readonly report: Pick<AuditReport, 'books' | 'violatedFrom'>;
}

/**
 * The trial balance of the log as it was at a position. Throws the problem to answer with where
 * the audit has not reached, and where nothing was in the log yet.
 */
export async function pastTrialBalance(
  { log, snapshots, report: { books: audited, violatedFrom } }: PastParts,
  wanted: number,
): Promise<TrialBalanceAnswer> {
  if (wanted > audited.position) {
    const detail =
      `The log is audited up to position ${audited.position} (transaction ` +
      `${audited.transaction}). Ask for that one, or again after Retry-After seconds.`;
    const more = { auditedPosition: audited.position };
    throw new Failure('position-not-audited', { detail, more }, { 'Retry-After': '1' });
  }
  const books = await pastBooks(log, snapshots, wanted);
  if (books.events === 0) throw new Failure('position-not-found');
  const { position, at, events, accounts, openTransfers } = books;
  const isLogSound = violatedFrom === null || transactionOf(wanted) < violatedFrom;
  const { currencies, verdict } = sumsOf(books.totals, isLogSound);
  return {
    position,
    transaction: transactionOf(position),
    at,
    balanced: verdict === 'balanced',
    verdict,
    events,
    accounts,
    ...(openTransfers === undefined ? {} : { openTransfers }),
    currencies,
  };
}

/** How many transfers were open is not known where a snapshot had too many. */
type PastBooks = Omit<BooksSnapshot, 'open'> & { readonly openTransfers: number | undefined };

/**
 * The books as they were at a position that was audited already: those of the snapshot before it,
 * and the events that the log has between them.
 */
export async function pastBooks(
  log: Pick<EventLog, 'readAfter'>,
  snapshots: BooksSnapshots,
  position: number,
): Promise<PastBooks> {
  const snapshot = snapshots.before(position);
  const books = booksFrom(snapshot);
  for (let after = snapshot.position; after < position;) {
    const entries = await log.readAfter(after, LOG_PAGE_EVENTS_MAX, position);
    for (const entry of entries) books.take(entry);
    after = entries.at(-1)?.position ?? position;
  }
  return books.end();
}

/** Continues from a snapshot by the same rules of the domain that made it. */
function booksFrom(snapshot: BooksSnapshot) {
  const totals = new Map(snapshot.totals);
  const legs = snapshot.open === undefined ? undefined : createTransferLegs(snapshot.open);
  let { position, at, events, accounts } = snapshot;
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
        const what = `has no event at position ${position}: ${String(error)}`;
        throw new TamperError('the log', what, { cause: error });
      }
    },
    end: (): PastBooks => {
      const openTransfers = legs?.open().length;
      return { position, at, events, accounts, totals, openTransfers };
    },
  };
}
