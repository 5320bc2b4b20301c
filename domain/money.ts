import { minorDigits, type Currency } from './currency.ts';

/** An amount in minor units of its currency (hellers, cents): exact, never a float. */
export type Minor = bigint & { readonly __brand: 'Minor' };

/** The shape of an amount on the wire that is not negative, in any currency; at most 15 digits. */
export const AMOUNT_PATTERN = /^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,4})?$/;

export const ZERO = 0n as Minor;

export const minor = (units: bigint): Minor => units as Minor;

export type AmountFault = 'malformed' | 'too-precise';

/**
 * Reads a decimal string ("125.50") as minor units of the currency. It never rounds: digits
 * that the currency does not have are a fault, even when they are zeros.
 */
export function parseAmount(text: string, currency: Currency): Minor | AmountFault {
  if (!AMOUNT_PATTERN.test(text)) return 'malformed';
  const [whole = '', fraction = ''] = text.split('.');
  const digits = minorDigits(currency);
  if (fraction.length > digits) return 'too-precise';
  return BigInt(whole + fraction.padEnd(digits, '0')) as Minor;
}

/** Writes minor units as a decimal string with all digits of the currency ("125.50", "-3"). */
export function formatAmount(units: Minor, currency: Currency): string {
  const digits = minorDigits(currency);
  const sign = units < 0n ? '-' : '';
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

const POINT = 0x2e;
const DIGIT_ZERO = 0x30;
/** So many digits are exact as a float. */
const QUICK_DIGITS_MAX = 15;

/** Reads back what formatAmount wrote; anything else is corruption, so it throws. */
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
