import type { AuditedBooks } from '../contracts/audit.ts';
import { many, verdictSentence } from './audit-sentences.ts';
import type { Finding } from './audit-entries.ts';
import type { ReadSideResult } from './audit-read-side.ts';

const FINDINGS_SHOWN = 20;
const number = (value: number): string => value.toLocaleString('en');

export interface AuditResult {
  readonly books: AuditedBooks;
  readonly findings: readonly Finding[];
  /** What kept the auditor's checkpoints from being believed, or how many agree with the log. */
  readonly checkpoints: number | string;
  readonly readSide: ReadSideResult;
  readonly seconds: number;
}

/** What was looked at and what came of it, for a person; `ok` only when all is well. */
export function auditLines(result: AuditResult): { lines: string[]; ok: boolean } {
  const { books, findings, checkpoints, readSide, seconds } = result;
  const rate = Math.round(books.events / Math.max(seconds, 0.001));
  const hidden = findings.length - FINDINGS_SHOWN;
  const told =
    typeof checkpoints === 'string'
      ? 'not believed'
      : `${number(checkpoints)} of the auditor, signed and held against the log`;
  // What is wrong with the chain or its end is told of these; of an entry, of its key.
  const isBroken = findings.some(({ subject }) => /^(?:transaction \d+|the log)$/.test(subject));
  const chained = isBroken ? 'NOT the chain that was signed and verified' : 'chained and signed';
  const ok = books.verdict === 'balanced' && findings.length === 0;
  return {
    ok,
    lines: [
      `hashes       ${number(books.transaction)} transactions, ${chained}`,
      `root         ${books.root}`,
      `events       ${number(books.events)} in ${seconds.toFixed(1)} s, ${number(rate)}/s`,
      `streams      ${many(books.accounts, 'account')}, ${many(books.persons, 'person')}`,
      `transfers    ${number(books.openTransfers)} not ended yet`,
      `checkpoints  ${told}`,
      `read side    ${readSideLine(readSide)}`,
      ...books.currencies.map(
        ({ currency, externalIn, externalOut, ledgers, inFlight, balanced }) =>
          `${currency.padEnd(12)} in ${externalIn}, out ${externalOut}, accounts ${ledgers}, ` +
          `in flight ${inFlight}: ${balanced ? 'balanced' : 'NOT BALANCED'}`,
      ),
      ...findings.slice(0, FINDINGS_SHOWN).map(({ kind, detail }) => `${kind}: ${detail}`),
      ...(hidden > 0 ? [`... and ${number(hidden)} more.`] : []),
      verdictSentence(books),
      ...(ok || books.verdict !== 'balanced' ? [] : ['But what is listed above is wrong.']),
    ],
  };
}

function readSideLine(result: ReadSideResult): string {
  if (typeof result === 'string') return `not compared: ${result}`;
  const { equal, behind, movedOn } = result;
  return (
    `${number(equal)} balances equal to the log's, ` +
    `${number(behind)} behind, ${number(movedOn)} moved on meanwhile`
  );
}
