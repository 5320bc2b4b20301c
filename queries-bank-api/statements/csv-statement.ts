import { dayIn, startOfDay } from '../../domain/calendar.ts';
import type { StatementAnswer } from '../../contracts/account/statements.ts';

const COLUMNS = [
  'record',
  'date',
  'valueDate',
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
  const { currency, timeZone, from, to, opening, closing, entries, log } = statement;
  const rows: Row[] = [
    { record: 'opening', date: dayOf(from, timeZone), at: from, balance: opening.ledger, currency },
    ...entries.map(({ direction, amount, balanceAfter, reason, ...entry }): Row => ({
      record: 'entry',
      ...entry,
      description: reason ?? entry.description ?? '',
      [direction]: amount,
      balance: balanceAfter,
      currency,
    })),
    {
      record: 'closing',
      date: dayOf(to, timeZone, -1),
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

type StatementPeriod = Pick<StatementAnswer, 'from' | 'to' | 'timeZone'>;

/** The bounds as their days where whole days are meant, else to the second (or finer). */
export function boundsOf({ from, to, timeZone }: StatementPeriod): [string, string] {
  const isStart = (time: string): boolean =>
    startOfDay(timeZone, dayOf(time, timeZone)) === Date.parse(time);
  if (isStart(from) && isStart(to)) return [dayOf(from, timeZone), dayOf(to, timeZone, -1)];
  return [from.replace('.000Z', 'Z'), to.replace('.000Z', 'Z')];
}

/** The day of a time, or of the millisecond before it. */
export const dayOf = (time: string, timeZone: string, shiftMs = 0): string =>
  dayIn(timeZone, Date.parse(time) + shiftMs);
