import { deposited, lifeOf, october, opened } from '../log/life-for-tests.ts';
import { Pages, UNKNOWN } from './pdfkit-page.ts';
import { pdfStatement } from './pdfkit-statement.ts';
import { shownAmount } from './pdfkit-table.ts';
import { HOLDER, HOSTILE, statementFor } from './statement-for-tests.ts';

const pagesOf = (pdf: Buffer): number =>
  Number(/\/Type \/Pages\s*\/Count (\d+)/.exec(pdf.toString('latin1'))?.[1]);
const life = (count: number, description?: string) =>
  lifeOf([
    ['2026-10-01T00:00:00.000Z', opened()],
    ...Array.from(
      { length: count },
      () => ['2026-10-01T00:00:00.000Z', deposited(1n, description)] as const,
    ),
  ]);

test('a statement is a PDF that has its fonts in it and needs none of the reader', async () => {
  const pdf = await pdfStatement(await statementFor(october()), HOLDER);
  const text = pdf.toString('latin1');
  expect(text.startsWith('%PDF-1.7')).toBe(true);
  expect(text.trimEnd().endsWith('%%EOF')).toBe(true);
  expect(pagesOf(pdf)).toBe(1);
  expect(text.match(/\/FontFile2/g)).toHaveLength(2);
  expect(text).not.toContain('Helvetica');
});

test('the same statement makes the same file', async () => {
  const statement = await statementFor(october());
  const [one, other] = [
    await pdfStatement(statement, HOLDER),
    await pdfStatement(statement, HOLDER),
  ];
  expect(one.length).toBe(other.length);
});

test('many entries take many pages, none takes one', async () => {
  expect(pagesOf(await pdfStatement(await statementFor(life(0)), undefined))).toBe(1);
  const pages = pagesOf(await pdfStatement(await statementFor(life(90)), HOLDER));
  expect(pages).toBeGreaterThan(3);
  expect(pages).toBeLessThan(8);
});

test.each(HOSTILE)('the description %j makes a document', async (description) => {
  const pdf = await pdfStatement(await statementFor(life(1, description)), HOLDER);
  expect(pagesOf(pdf)).toBe(1);
});

test.each([
  ['Příliš žluťoučký kůň úpěl ďábelské ódy', false],
  ['ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż ÁÉÍÓÖŐÚÜŰ ÄÖÜß ČĎĚŇŘŠŤŮŽ', false],
  ['Зарплата, Μισθός, 1 234.50 − €', false],
  ['你好', true],
  ['مرحبا', true],
  ['a\u202eb', true],
  [UNKNOWN, false],
])('%s has what the font lacks: %s', (text, hasUnknown) => {
  const pages = new Pages({});
  pages.write(text, 0, 0, 500, { size: 9 });
  pages.write(text, 0, 0, 500, { size: 9, weight: 'bold' });
  expect(pages.hasUnknown).toBe(hasUnknown);
});

test.each([
  ['0.00', '0.00'],
  ['-1234.50', '\u22121\u202f234.50'],
  ['999', '999'],
  ['1234567', '1\u202f234\u202f567'],
  ['123456.7891', '123\u202f456.7891'],
])('%s is shown as %s', (amount, shown) => expect(shownAmount(amount)).toBe(shown));
