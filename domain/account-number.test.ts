import fc from 'fast-check';
import { accountIdOfNumber, accountIdOfSerial, accountNumberOf } from './account-number.ts';
import { accountId } from './ids.ts';
import { runsOf } from './runs-for-tests.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const runs = { seed, numRuns: runsOf(5_000) };
const serial = fc.bigInt(0n, 10n ** 18n - 1n);

describe(`account numbers (SEED=${seed})`, () => {
  test('id and number are two spellings of one account', () => {
    fc.assert(
      fc.property(serial, (value) => {
        const id = accountIdOfSerial(value);
        const number = accountNumberOf(id);
        expect(number).toMatch(/^\d{20}$/);
        expect(accountIdOfNumber(number as string)).toBe(id);
      }),
      runs,
    );
  });

  test('the id is a UUID of version 8', () => {
    fc.assert(
      fc.property(serial, (value) => {
        expect(accountIdOfSerial(value)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
      runs,
    );
  });

  test('one wrong digit is always noticed', () => {
    const wrong = fc.tuple(serial, fc.nat(19), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(wrong, ([value, at, by]) => {
        const number = accountNumberOf(accountIdOfSerial(value)) as string;
        const digit = (Number(number[at]) + by) % 10;
        expect(
          accountIdOfNumber(number.slice(0, at) + digit + number.slice(at + 1)),
        ).toBeUndefined();
      }),
      runs,
    );
  });

  test('two swapped neighbours are always noticed', () => {
    fc.assert(
      fc.property(serial, fc.nat(18), (value, at) => {
        const number = accountNumberOf(accountIdOfSerial(value)) as string;
        const [left, right] = [number[at] as string, number[at + 1] as string];
        fc.pre(left !== right);
        const swapped = number.slice(0, at) + right + left + number.slice(at + 2);
        expect(accountIdOfNumber(swapped)).toBeUndefined();
      }),
      runs,
    );
  });

  test('an id that the bank never gave out has no number', () => {
    expect(accountNumberOf(accountId('00000000-0000-4000-8000-000000000000'))).toBeUndefined();
  });

  test.each(['', '1', 'ABC', '0'.repeat(20), '1'.repeat(19), `${'1'.repeat(20)}\n`])(
    'given %j, it is no account number',
    (text) => {
      expect(accountIdOfNumber(text)).toBeUndefined();
    },
  );
});
