import { written, rate } from '../../platform/progress-bar.ts';
import type { AuditedBooks } from '../../contracts/log/audit.ts';
import { printable } from '../../proofs/findings.ts';
import type { Finding } from './entries.ts';
import type { ReadSideResult } from './read-side.ts';

const many = (count: number, noun: string): string =>
  `${written(count)} ${noun}${count === 1 ? '' : 's'}`;

/** The verdict of the audit in one sentence. */
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

const FINDINGS_SHOWN = 20;

/** The result of one audit from the command line. */
export interface AuditResult {
  readonly books: AuditedBooks;
  readonly findings: readonly Finding[];
  /** Why the auditor's checkpoints cannot be used, or how many agree with the log. */
  readonly checkpoints: number | string;
  /** Undefined when it was not compared. */
  readonly readSide: ReadSideResult | undefined;
  readonly seconds: number;
}

/** What was checked with which result, for a person; `ok` only when there is no fault. */
export function auditLines(result: AuditResult): { lines: string[]; ok: boolean } {
  const { books, findings, checkpoints, readSide, seconds } = result;
  const pace = rate(books.events, 1_000 * seconds);
  const hidden = findings.length - FINDINGS_SHOWN;
  const told =
    typeof checkpoints === 'string'
      ? 'not believed'
      : `${written(checkpoints)} of the auditor, signed and compared with the log`;
  // What is wrong with the chain or its end is reported under these; of an entry, under its key.
  const isBroken = findings.some(({ subject }) => /^(?:transaction \d+|the log)$/.test(subject));
  const chained = isBroken ? 'NOT the chain that was signed and verified' : 'chained and signed';
  const unseen = unseenOf(readSide, books.accounts);
  const isSound = books.verdict === 'balanced' && findings.length === 0;
  const ok = isSound && unseen === undefined;
  return {
    ok,
    lines: [
      `hashes       ${written(books.transaction)} transactions, ${chained}`,
      `root         ${books.root}`,
      `events       ${written(books.events)} in ${seconds.toFixed(1)} s, ${pace}`,
      `streams      ${many(books.accounts, 'account')}, ${many(books.persons, 'person')}`,
      `transfers    ${written(books.openTransfers)} not ended yet`,
      `checkpoints  ${told}`,
      `read side    ${readSideLine(readSide)}`,
      ...books.currencies.map(
        ({ currency, externalIn, externalOut, ledgers, inFlight, balanced }) =>
          `${currency.padEnd(12)} in ${externalIn}, out ${externalOut}, accounts ${ledgers}, ` +
          `in flight ${inFlight}: ${balanced ? 'balanced' : 'NOT BALANCED'}`,
      ),
      ...findings
        .slice(0, FINDINGS_SHOWN)
        .map(({ kind, detail }) => printable(`${kind}: ${detail}`)),
      ...(hidden > 0 ? [`... and ${written(hidden)} more.`] : []),
      verdictSentence(books),
      ...(isSound || books.verdict !== 'balanced' ? [] : ['But what is listed above is wrong.']),
      ...(unseen === undefined ? [] : [`The read side is not proven: ${unseen}.`]),
    ],
  };
}

/** Why a read side that was to be compared was not; what was not seen is not well. */
function unseenOf(result: ReadSideResult | undefined, accounts: number): string | undefined {
  if (result === undefined || accounts === 0) return undefined;
  if (typeof result === 'string')
    return `${result} (npm run audit -- --no-read-side leaves it out)`;
  return result.equal === 0 ? 'no balance could be compared' : undefined;
}

function readSideLine(result: ReadSideResult | undefined): string {
  if (result === undefined) return 'not compared: it was not asked for';
  if (typeof result === 'string') return `not compared: ${result}`;
  const { equal, behind, movedOn, lost } = result;
  return (
    `${written(equal)} balances equal to the log's, ${written(behind)} behind, ` +
    `${written(movedOn)} moved on meanwhile, ${written(lost)} lost`
  );
}
