import { currencyText } from '../../contracts/http/scalars.ts';
import { readAmount } from '../../domain/money.ts';
import { demoMonth, priced, PEOPLE } from './month.ts';

const month = demoMonth();
const steps = month.days.flat();

test('the month is the same every time, and no key is used twice', () => {
  expect(demoMonth()).toEqual(month);
  expect(new Set(steps.map(({ key }) => key)).size).toBe(steps.length);
  expect(steps.length).toBe(month.steps);
  expect(steps.length).toBeGreaterThan(250);
});

test('twenty persons have forty accounts in four currencies', () => {
  expect(new Set(PEOPLE.map((one) => `${one.givenName} ${one.familyName}`)).size).toBe(20);
  expect(month.accounts).toHaveLength(40);
  const currencies = new Set(month.accounts.map(({ currency }) => currency as string));
  expect([...currencies].sort()).toEqual(['CZK', 'EUR', 'JPY', 'KWD']);
});

test.each([
  ['EUR', '12.35'],
  ['CZK', '309.00'],
  ['JPY', '1980'],
  ['KWD', '4.075'],
])('a price in %s has its digits: %s', (code, text) => {
  const currency = currencyText.parse(code);
  const cents = 1_234;
  expect(priced(cents, currency)).toBe(text);
  expect(readAmount(text, currency)).toBeGreaterThan(0n);
});

test('transfers that are to succeed stay in one currency', () => {
  const currencyOf = (at: number) => month.accounts[at]?.currency;
  for (const step of steps) {
    if (step.kind !== 'transfer' || step.refused !== undefined) continue;
    expect(currencyOf(step.to)).toBe(currencyOf(step.account));
    expect(step.to).not.toBe(step.account);
  }
});
