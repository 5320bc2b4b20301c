import type { StatementAnswer } from '../../contracts/account/statements.ts';
import { boundsOf, dayOf } from './csv-statement.ts';
import type { Holder } from './account-holder.ts';
import { BOTTOM, HEADER, MARGIN, NOTE, Pages, TOP, UNKNOWN, WIDTH } from './pdfkit-page.ts';
import type { Style } from './pdfkit-page.ts';
import { grouped, shownAmount, table } from './pdfkit-table.ts';

/** Points between a label and what it names. */
const LABEL_GAP = 3;

/** The statement as a PDF: A4, with its fonts in it, the same on every machine. */
export async function pdfStatement(
  statement: StatementAnswer,
  holder: Holder | undefined,
): Promise<Buffer> {
  const pages = new Pages({
    Title: `Account statement ${statement.accountNumber}`,
    Author: 'Core Bank',
    Subject: boundsOf(statement).join(' to '),
    CreationDate: new Date(statement.createdAt),
    ModDate: new Date(statement.createdAt),
  });
  let y = parties(pages, statement, holder, heading(pages, statement));
  y = await table(pages, statement, summary(pages, statement, y));
  ending(pages, statement, y);
  return pages.finished((page, of) => footer(pages, statement, page, of));
}

/** Whether the statement was made before the period had ended, on its last day. */
const isInterim = ({ to, createdAt }: StatementAnswer): boolean => to >= createdAt;

function heading(pages: Pages, statement: StatementAnswer): number {
  pages.write('Account statement', MARGIN, TOP, WIDTH / 2, { size: 18, weight: 'bold' });
  const period = boundsOf(statement).join(' \u2013 ').replaceAll('T', ' ').replaceAll('Z', '');
  const half = MARGIN + WIDTH / 2;
  pages.figure(period, half, TOP + 2, WIDTH / 2, { size: 11, weight: 'bold' });
  pages.figure(
    isInterim(statement) ? `${statement.timeZone} \u00b7 interim` : statement.timeZone,
    half,
    TOP + 17,
    WIDTH / 2,
    NOTE,
  );
  pages.rule(TOP + 34, '#1b2430', 1);
  return TOP + 46;
}

function parties(pages: Pages, statement: StatementAnswer, holder: Holder | undefined, y: number) {
  const half = WIDTH / 2;
  const right = MARGIN + half;
  const { ownerId } = statement;
  const unnamed = ownerId === undefined ? 'Internal account' : `Customer ${ownerId}`;
  const lines = holder === undefined ? [unnamed] : addressOf(holder);
  let left = y + pages.write('HOLDER', MARGIN, y, half - 12, HEADER) + LABEL_GAP;
  lines.forEach((line, index) => {
    const isName = index === 0 && holder !== undefined;
    const style: Style = isName ? { size: 10, weight: 'bold' } : { size: 9 };
    left += pages.write(line, MARGIN, left, half - 12, style);
  });
  const facts = [
    ['Account', grouped(statement.accountNumber)],
    ['Currency', statement.currency],
    ['Statement', statement.statementId],
    ['Made', `${statement.createdAt.slice(0, 19).replace('T', ' ')} UTC`],
  ] as const;
  let down = y;
  for (const [name, value] of facts) {
    pages.write(name, right, down, 60, NOTE);
    pages.figure(value, right + 60, down, half - 60, { size: 8.5 });
    down += 14;
  }
  return Math.max(left, down) + 12;
}

const addressOf = ({ givenName, familyName, address }: Holder): string[] => [
  `${givenName} ${familyName}`,
  ...(address === undefined
    ? []
    : [
        address.line1,
        ...(address.line2 === undefined ? [] : [address.line2]),
        `${address.postalCode} ${address.city}`,
        address.country,
      ]),
];

function summary(pages: Pages, statement: StatementAnswer, y: number): number {
  const { opening, closing, credits, debits, from, to, currency, timeZone } = statement;
  const cells = [
    [`Opening balance ${dayOf(from, timeZone)}`, opening.ledger],
    [`Credits (${credits.count})`, credits.amount],
    [`Debits (${debits.count})`, debits.count === 0 ? debits.amount : `-${debits.amount}`],
    [`Closing balance ${dayOf(to, timeZone, -1)}`, closing.ledger],
  ] as const;
  const width = WIDTH / cells.length;
  pages.box(y, 44);
  cells.forEach(([name, amount], index) => {
    const [x, inner] = [MARGIN + index * width + 8, width - 12];
    const isBalance = index === 0 || index === cells.length - 1;
    pages.write(name, x, y + 8, inner, HEADER);
    const weight = isBalance ? 'bold' : 'regular';
    const shown = isBalance ? `${shownAmount(amount)} ${currency}` : shownAmount(amount);
    pages.figure(shown, x, y + 21, inner, { size: 11, weight, align: 'left' });
  });
  return y + 58;
}

function ending(pages: Pages, statement: StatementAnswer, after: number): void {
  const { closing, currency, accountId, final, log } = statement;
  const { signedState } = log;
  const money = (amount: string) => `${shownAmount(amount)} ${currency}`;
  const notes = [
    `At the end of the period ${money(closing.held)} were held and ${money(closing.available)} ` +
      'available; what is held is not booked and not in the balance above.',
    "Every line is an event of the bank's immutable log. This statement adds up all events of " +
      `the account up to no. ${closing.version}, at log position ${log.position}. The proof of a ` +
      `line is at /v1/accounts/${accountId}/events/{no.}/receipt.`,
    `Signed state of the log: transaction ${signedState.txId}, hash ${signedState.txHash}.`,
    ...(final
      ? []
      : [
          'The log has no later event of the account yet: what was decided in the last moments ' +
            'of the period and was not in the log when this was made would be missing here.',
        ]),
    ...(pages.hasUnknown
      ? [`${UNKNOWN} stands for a character that cannot be shown in this document.`]
      : []),
  ];
  const heights = notes.map((note) => pages.height(note, WIDTH, NOTE) + 4);
  let y = after + 8;
  if (y + heights.reduce((sum, height) => sum + height, 0) > BOTTOM) {
    pages.document.addPage();
    y = TOP;
  }
  for (const note of notes) y += pages.write(note, MARGIN, y, WIDTH, NOTE) + 4;
}

function footer(pages: Pages, statement: StatementAnswer, page: number, of: number): void {
  const y = 841.89 - 40;
  pages.rule(y - 8);
  const name = `${grouped(statement.accountNumber)} \u00b7 statement ${statement.statementId}`;
  pages.write(name, MARGIN, y, WIDTH - 80, HEADER);
  pages.figure(`Page ${page} of ${of}`, MARGIN + WIDTH - 80, y, 80, HEADER);
}
