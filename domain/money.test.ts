import fc from 'fast-check';
import { currencyOf, minorDigits, type Currency } from './currency.ts';
import { formatAmount, minor, parseAmount, readAmount } from './money.ts';
import { runsOf } from './runs-for-tests.ts';

const currency = (code: string): Currency => currencyOf(code) as Currency;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(10_000) };
const anyCurrency = fc.constantFrom('CZK', 'JPY', 'KWD', 'CLF').map(currency);

describe(`amounts (SEED=${seed})`, () => {
  test.each([
    ['CZK', '125.50', 12_550n],
    ['CZK', '125.5', 12_550n],
    ['CZK', '125', 12_500n],
    ['CZK', '0.01', 1n],
    ['JPY', '3', 3n],
    ['KWD', '1.234', 1_234n],
    ['CLF', '0.0001', 1n],
    ['CZK', '999999999999999.99', 99_999_999_999_999_999n],
  ])('%s %s is %d minor units', (code, text, units) => {
    expect(parseAmount(text, currency(code))).toBe(units);
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '1.',
    '.5',
    '01',
    '+1',
    '-1',
    '1e5',
    '0x1',
    'NaN',
    'Infinity',
    '1,5',
    '1_000',
    '١٢',
    '１',
    '1.00000',
    '1000000000000000',
    '1.5.5',
    '0.0\n',
  ])('given %j, it is malformed', (text) => {
    expect(parseAmount(text, currency('CZK'))).toBe('malformed');
  });

  test.each([
    ['CZK', '0.001'],
    ['CZK', '1.000'],
    ['JPY', '1.0'],
    ['KWD', '0.0001'],
  ])('given more digits than %s has (%s), it is refused, never rounded', (code, text) => {
    expect(parseAmount(text, currency(code))).toBe('too-precise');
  });

  test('what is written is read back exactly, negative amounts too', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), anyCurrency, (units, code) => {
        expect(readAmount(formatAmount(minor(units), code), code)).toBe(units);
      }),
      runs,
    );
  });

  test('every amount within the limits is parsed from what was written', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n - 1n), anyCurrency, (units, code) => {
        expect(parseAmount(formatAmount(minor(units), code), code)).toBe(units);
      }),
      runs,
    );
  });

  test('an amount that another currency wrote is corruption', () => {
    expect(() => readAmount('1.5', currency('CZK'))).toThrow('not an amount in CZK');
  });
});

test.each([
  ['CZK', 2],
  ['JPY', 0],
  ['KWD', 3],
  ['CLF', 4],
])('%s has %d digits', (code, digits) => {
  expect(minorDigits(currency(code))).toBe(digits);
});

test.each(['czk', 'XXX', 'CZ', '', 'constructor', '__proto__'])('%j is no currency', (code) => {
  expect(currencyOf(code)).toBeUndefined();
});
