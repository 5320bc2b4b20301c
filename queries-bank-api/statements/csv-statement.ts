import type { StatementAnswer } from '../../contracts/account/statements.ts';

const COLUMNS = [
  'record',
  'date',
  'at',
  'version',
  'type',
  'description',
  'reference',
  'otherAccountNumber',
  'debit',
  'credit',
  'balance',
  'currency',
  'reverses',
  'transferId',
  'commandId',
  'causationId',
  'eventId',
  'position',
  'receipt',
] as const;
type Row = { readonly [Column in (typeof COLUMNS)[number]]?: string | number | undefined };

const LINE_END = '\r\n';
/** So that Excel takes the file for UTF-8. */
const BYTE_ORDER_MARK = '\ufeff';
/** With which a spreadsheet begins a formula; the wide forms count as well in some countries. */
const FORMULA = /^\s*[=+\-@＝＋－＠|%]/u;
/**
 * Where the list separator is ";" (cs-CZ, de-DE, fr-FR) a spreadsheet begins a cell after each one,
 * inside our quotes too. A quote there could hide what follows, or a formula behind it.
 */
const INNER_START = /(?<=[;\t\r\n])(?=\s*["=+\-@＝＋－＠|%])/gu;
const NUMBER = /^-?[0-9]+(?:\.[0-9]+)?$/;

/**
 * The statement as CSV (RFC 4180, with a header): one record for the opening balance, one per
 * entry, one for the closing balance. What a spreadsheet would take for a formula, at the beginning
 * of a cell or after a separator in it, gets an apostrophe in front; numbers are left alone.
 */
export function csvStatement(statement: StatementAnswer): string {
  const { currency, from, to, opening, closing, entries, log } = statement;
  const rows: Row[] = [
    { record: 'opening', date: dayOf(from), at: from, balance: opening.ledger, currency },
    ...entries.map(({ direction, amount, balanceAfter, reason, ...entry }): Row => ({
      record: 'entry',
      ...entry,
      date: dayOf(entry.at),
      description: reason ?? entry.description ?? '',
      [direction]: amount,
      balance: balanceAfter,
      currency,
    })),
    {
      record: 'closing',
      date: dayOf(to, -1),
      at: to,
      version: closing.version,
      balance: closing.ledger,
      currency,
      eventId: log.eventId,
      position: log.position,
    },
  ];
  const lines = rows.map((row) => COLUMNS.map((column) => cellOf(row[column])).join(','));
  return BYTE_ORDER_MARK + [COLUMNS.join(','), ...lines, ''].join(LINE_END);
}

function cellOf(value: string | number = ''): string {
  const text = String(value);
  const isFormula = FORMULA.test(text) && !NUMBER.test(text);
  const harmless = (isFormula ? `'${text}` : text).replace(INNER_START, "'");
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** The bounds as their days where whole days are meant, else to the second (or finer). */
export function boundsOf({ from, to }: Pick<StatementAnswer, 'from' | 'to'>): [string, string] {
  const isWhole = [from, to].every((time) => time.endsWith('T00:00:00.000Z'));
  if (isWhole) return [dayOf(from), dayOf(to, -1)];
  return [from.replace('.000Z', 'Z'), to.replace('.000Z', 'Z')];
}

/** The day of UTC of a time, or of the millisecond before it. */
export const dayOf = (time: string, shiftMs = 0): string =>
  new Date(Date.parse(time) + shiftMs).toISOString().slice(0, 10);
