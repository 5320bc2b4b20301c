import { written } from '../../platform/live-line.ts';
import type { AuditedBooks } from '../../contracts/audit.ts';

export const many = (count: number, noun: string): string =>
  `${written(count)} ${noun}${count === 1 ? '' : 's'}`;

/** What the audit says of the books, in one sentence. */
export function verdictSentence(books: AuditedBooks): string {
  const { verdict, position, transaction, events, accounts, currencies, violations } = books;
  const where = `at position ${position} (transaction ${transaction})`;
  switch (verdict) {
    case 'nothing-checked':
      return 'Nothing was checked yet: the log has no account, or none was read.';
    case 'balanced': {
      const of = `${many(events, 'event')} of ${many(accounts, 'account')}`;
      const kinds = currencies.length === 1 ? '1 currency' : `${currencies.length} currencies`;
      return `Books balance ${where}: ${of} in ${kinds}.`;
    }
    case 'violated': {
      const wrong = currencies.filter(({ balanced }) => !balanced).map(({ currency }) => currency);
      const totals = wrong.length === 0 ? '' : `; the totals of ${wrong.join(', ')} do not balance`;
      return `The log is not sound ${where}: ${many(violations, 'violation')}${totals}.`;
    }
  }
}
