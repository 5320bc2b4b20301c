import { crowns, hellers, readTransactions } from './transaction-file.ts';

const HEADER =
  'transactionId,accountId,date,direction,operation,amount,recordedBalance,purpose,' +
  'counterpartyBank,counterpartyAccount';
const ROW = '695247,2378,1993-01-01,credit,cash-deposit,700.00,700.00,,,';
const fileOf = (...rows: string[]): string => `${[HEADER, ...rows].join('\n')}\n`;

test('given a file, every row is read with its amount in hellers', () => {
  const transfer = '7,1,1993-02-03,debit,transfer-out,12.34,-5.00,household,AB,99';
  const rows = readTransactions(fileOf(ROW, transfer));
  expect(rows).toEqual([
    {
      transactionId: '695247',
      accountId: '2378',
      date: '1993-01-01',
      direction: 'credit',
      operation: 'cash-deposit',
      amount: 70_000n,
      purpose: '',
      counterpartyBank: '',
      counterpartyAccount: '',
    },
    expect.objectContaining({ direction: 'debit', amount: 1_234n, counterpartyAccount: '99' }),
  ]);
});

test('given Windows line ends, the file is read alike', () => {
  expect(readTransactions(fileOf(ROW).replaceAll('\n', '\r\n'))).toHaveLength(1);
});

test.each([
  ['a wrong header', 'a,b\n1,2\n', 'first line'],
  ['no rows', `${HEADER}\n`, 'no transaction'],
  ['a missing column', fileOf('1,2,1993-01-01,credit,x,1.00'), 'Line 2 of the file has 6 columns'],
  ['a quote', fileOf(ROW.replace('cash-deposit', '"cash"')), 'quote'],
  ['another direction', fileOf(ROW.replace('credit', 'sideways')), 'neither credit nor debit'],
  ['an amount of zero', fileOf(ROW.replace('700.00,', '0.00,')), 'above zero'],
  ['an amount with three digits', fileOf(ROW.replace('700.00,', '7.000,')), 'above zero'],
  ['a negative amount', fileOf(ROW.replace('700.00,', '-7.00,')), 'above zero'],
  ['no date', fileOf(ROW.replace('1993-01-01', '930101')), 'no date'],
  ['the same id twice', fileOf(ROW, ROW), 'same transactionId'],
  ['an empty id', fileOf(ROW.replace('695247', '')), 'no usable ids'],
])('given %s, the file is refused by a sentence', (_name, text, sentence) => {
  expect(() => readTransactions(text)).toThrow(sentence);
});

test.each([
  ['0.00', 0n],
  ['0.05', 5n],
  ['125.50', 12_550n],
  ['999999999999999.99', 99_999_999_999_999_999n],
])('%s is read and written again', (text, units) => {
  expect(hellers(text)).toBe(units);
  expect(crowns(units)).toBe(text);
});

test('a debt is written with its sign before the crowns', () => {
  expect([crowns(-5n), crowns(-12_550n)]).toEqual(['-0.05', '-125.50']);
});
