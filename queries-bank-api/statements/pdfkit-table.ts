import { setImmediate as yielded } from 'node:timers/promises';
import { MOVEMENTS } from '../../contracts/account/events.ts';
import type { StatementAnswer, StatementEntry } from '../../contracts/account/statements.ts';
import { timeIn } from '../../domain/calendar.ts';
import type { LedgerEvent } from '../../domain/account-events.ts';
import { BOTTOM, HEADER, MARGIN, NOTE, TOP, WIDTH, type Pages, type Style } from './pdfkit-page.ts';

/** Others want an answer too: after so many rows they get their turn. */
const ROWS_AT_ONCE = 8;
const ROW_GAP = 5;
const TITLE: Style = { size: 8.5 };
const FIGURE: Style = { size: 8.5 };

const COLUMNS = { date: 62, number: 40, amount: 98, balance: 102 } as const;
const AT = {
  date: MARGIN,
  details: MARGIN + COLUMNS.date,
  number: MARGIN + WIDTH - COLUMNS.balance - COLUMNS.amount - COLUMNS.number,
  amount: MARGIN + WIDTH - COLUMNS.balance - COLUMNS.amount,
  balance: MARGIN + WIDTH - COLUMNS.balance,
} as const;
const DETAILS_WIDTH = AT.number - AT.details - 8;

/** 0000 0000 0000 0000 0042: in groups it can be read out. */
export const grouped = (accountNumber: string): string =>
  accountNumber.replaceAll(/.{4}(?=.)/g, '$& ');

/** "-1234.50" as "−1 234.50", with spaces that break no line. */
export function shownAmount(amount: string): string {
  const [whole = '', fraction] = amount.replace('-', '\u2212').split('.');
  const thousands = whole.replaceAll(/\d(?=(?:\d{3})+$)/g, '$&\u202f');
  return fraction === undefined ? thousands : `${thousands}.${fraction}`;
}

/** Draws the entries from y on, over as many pages as it takes; gives where it ends. */
export async function table(
  pages: Pages,
  { entries, timeZone }: Pick<StatementAnswer, 'entries' | 'timeZone'>,
  from: number,
): Promise<number> {
  let y = tableHeader(pages, from);
  for (const [index, entry] of entries.entries()) {
    const height = rowHeight(pages, entry);
    if (y + height > BOTTOM) y = nextPage(pages);
    row(pages, entry, timeZone, y);
    y += height;
    if (index % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await yielded();
  }
  if (entries.length > 0) return y;
  const nothing = 'No movements in this period.';
  return y + pages.write(nothing, AT.details, y, DETAILS_WIDTH, TITLE) + ROW_GAP;
}

function tableHeader(pages: Pages, y: number): number {
  pages.write('DATE', AT.date, y, COLUMNS.date, HEADER);
  pages.write('DETAILS', AT.details, y, DETAILS_WIDTH, HEADER);
  pages.figure('NO.', AT.number, y, COLUMNS.number, HEADER);
  pages.figure('AMOUNT', AT.amount, y, COLUMNS.amount, HEADER);
  pages.figure('BALANCE', AT.balance, y, COLUMNS.balance, HEADER);
  pages.rule(y + 11);
  return y + 11 + ROW_GAP;
}

function nextPage(pages: Pages): number {
  pages.document.addPage();
  return tableHeader(pages, TOP);
}

function titleOf({ type, direction, otherAccountNumber, reverses }: StatementEntry): string {
  const { title } = MOVEMENTS[type as LedgerEvent['type']] ?? {};
  // Only what moves money is an entry, so there is a title unless the event is a newer bank's.
  if (title === undefined) return direction === 'credit' ? 'Credit' : 'Debit';
  const other = otherAccountNumber === undefined ? '' : grouped(otherAccountNumber);
  return title.replace('{other}', other).replace('{reverses}', String(reverses));
}

const notesOf = ({ date, valueDate, ...entry }: StatementEntry): string[] =>
  [
    entry.reason,
    entry.description,
    entry.reference === undefined ? undefined : `Reference: ${entry.reference}`,
    valueDate === date ? undefined : `Value date ${valueDate}`,
  ].filter((note) => note !== undefined);

function rowHeight(pages: Pages, entry: StatementEntry): number {
  const notes = notesOf(entry).map((note) => pages.height(note, DETAILS_WIDTH, NOTE));
  const details = notes.reduce((sum, height) => sum + height, 0);
  const title = pages.height(titleOf(entry), DETAILS_WIDTH, TITLE);
  // The time stands under the date, so no row is lower than two lines.
  return Math.max(title + details, 22) + 2 * ROW_GAP;
}

function row(pages: Pages, entry: StatementEntry, timeZone: string, y: number): void {
  const { at, date, direction, amount, balanceAfter, version } = entry;
  pages.write(date, AT.date, y, COLUMNS.date, TITLE);
  pages.write(timeIn(timeZone, Date.parse(at)), AT.date, y + 11, COLUMNS.date, NOTE);
  let down = y + pages.write(titleOf(entry), AT.details, y, DETAILS_WIDTH, TITLE);
  for (const note of notesOf(entry)) {
    down += pages.write(note, AT.details, down, DETAILS_WIDTH, NOTE);
  }
  const shown = shownAmount(direction === 'debit' ? `-${amount}` : amount);
  pages.figure(String(version), AT.number, y, COLUMNS.number, { ...NOTE, size: 8 });
  pages.figure(shown, AT.amount, y, COLUMNS.amount, FIGURE);
  pages.figure(shownAmount(balanceAfter), AT.balance + 10, y, COLUMNS.balance - 10, FIGURE);
  pages.rule(Math.max(down, y + 22) + ROW_GAP - 1);
}
