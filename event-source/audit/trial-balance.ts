import type { TrialBalanceAnswer } from '../../contracts/trial-balance.ts';
import { Failure } from '../../platform/http.ts';
import { transactionOf } from '../../proofs/log-entry.ts';
import type { AuditReport } from './auditor.ts';
import type { BooksMarks } from './marks.ts';
import type { EventLog } from '../log/event-log.ts';
import { pastBooks } from './past-books.ts';
import { sumsOf } from './trial-balance-lines.ts';

export interface PastParts {
  readonly log: Pick<EventLog, 'readAfter'>;
  readonly marks: BooksMarks;
  readonly report: Pick<AuditReport, 'books' | 'violatedFrom'>;
}

/**
 * The trial balance of the log as it was at a position. Throws the problem to answer with where
 * the audit has not come to, and where nothing was in the log yet.
 */
export async function pastTrialBalance(
  { log, marks, report: { books: audited, violatedFrom } }: PastParts,
  wanted: number,
): Promise<TrialBalanceAnswer> {
  if (wanted > audited.position) {
    const detail =
      `The log is audited up to position ${audited.position} (transaction ` +
      `${audited.transaction}). Ask for that one, or again after Retry-After seconds.`;
    const more = { auditedPosition: audited.position };
    throw new Failure('position-not-audited', { detail, more }, { 'Retry-After': '1' });
  }
  const books = await pastBooks(log, marks, wanted);
  if (books.events === 0) throw new Failure('position-not-found');
  const { position, at, events, accounts, openTransfers } = books;
  const isLogSound = violatedFrom === null || transactionOf(wanted) < violatedFrom;
  const { currencies, verdict } = sumsOf(books.totals, isLogSound);
  return {
    ...{ position, transaction: transactionOf(position), at },
    ...{ balanced: verdict === 'balanced', verdict, events, accounts },
    ...(openTransfers === undefined ? {} : { openTransfers }),
    currencies,
  };
}
