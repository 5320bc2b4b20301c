import { minorDigits, type Currency } from './currency.ts';

/** An amount in minor units of its currency (cents, hellers): exact, never a float. */
export type Minor = bigint & { readonly __brand: 'Minor' };

/** The form of a non-negative amount on the wire, whatever its currency. */
export const AMOUNT_PATTERN = /^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,4})?$/;

/** No money, in any currency. */
export const ZERO = 0n as Minor;

/**
 * Brands a bigint as an amount in minor units. It does not check anything: any bigint, also a
 * negative one, is an amount.
 */
export const minor = (units: bigint): Minor => units as Minor;

/**
 * Why a text is not an amount: not a decimal number as `AMOUNT_PATTERN` has it, or with more
 * decimal digits than the currency has.
 */
export type AmountFault = 'malformed' | 'too-precise';

/**
 * Reads a decimal string from a client ("125.50") as minor units of the currency. It never rounds:
 * digits that the currency does not have are a fault, even when they are zeros.
 * @returns the amount, or why the text is none; it throws only for an unknown currency.
 * @example
 * parseAmount('125.50', CZK); // 12550n
 * parseAmount('125.505', CZK); // 'too-precise'
 * parseAmount('1e3', CZK); // 'malformed'
 */
export function parseAmount(text: string, currency: Currency): Minor | AmountFault {
  if (!AMOUNT_PATTERN.test(text)) return 'malformed';
  const [whole = '', fraction = ''] = text.split('.');
  const digits = minorDigits(currency);
  if (fraction.length > digits) return 'too-precise';
  return BigInt(whole + fraction.padEnd(digits, '0')) as Minor;
}

/**
 * Writes minor units as a decimal string with all digits of the currency.
 * @throws Error for a currency that ISO 4217 does not have.
 * @example
 * formatAmount(minor(12_550n), CZK); // '125.50'
 * formatAmount(minor(-3n), JPY); // '-3'
 */
export function formatAmount(units: Minor, currency: Currency): string {
  const digits = minorDigits(currency);
  const sign = units < 0n ? '-' : '';
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

const POINT = 0x2e;
const DIGIT_ZERO = 0x30;
/** Integers of so many decimal digits are exact as a float. */
const QUICK_DIGITS_MAX = 15;

/**
 * Reads back what `formatAmount` wrote.
 * @throws Error for any other text: it was stored by us, so it is corrupt.
 * @example
 * readAmount('-0.50', CZK); // -50n
 */
export function readAmount(text: string, currency: Currency): Minor {
  const digits = minorDigits(currency);
  const first = text.startsWith('-') ? 1 : 0;
  const point = digits === 0 ? text.length : text.length - digits - 1;
  let units = 0;
  let isOne = point > first && (digits === 0 || text.charCodeAt(point) === POINT);
  for (let at = first; isOne && at < text.length; at += 1) {
    if (at === point) continue;
    const digit = text.charCodeAt(at) - DIGIT_ZERO;
    isOne = digit >= 0 && digit <= 9;
    units = 10 * units + digit;
  }
  // The one way to write it: no zeros in front, and no zero below zero.
  isOne &&=
    (text.charCodeAt(first) !== DIGIT_ZERO || point === first + 1) && !(first === 1 && units === 0);
  if (!isOne) throw new Error(`not an amount in ${currency}: ${JSON.stringify(text)}`);
  if (text.length <= QUICK_DIGITS_MAX) return BigInt(first === 1 ? -units : units) as Minor;
  const exact = BigInt(text.slice(first, point) + text.slice(point + 1));
  return (first === 1 ? -exact : exact) as Minor;
}
