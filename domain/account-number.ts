import { accountId, uuidV8, type AccountId } from './ids.ts';

/** 18 digits and two check digits (ISO 7064 MOD 97-10), as in an IBAN. */
export type AccountNumber = string & { readonly __brand: 'AccountNumber' };

const NUMBER_DIGITS = 18;
/** Serials are below it, so that an account number has 18 digits and two check digits. */
export const SERIAL_LIMIT = 10n ** 18n;
const SERIAL_BITS = 60n;
const FILL_BITS = 62n;

const checkDigits = (digits: string): string =>
  (98n - ((BigInt(digits) * 100n) % 97n)).toString().padStart(2, '0');

// A bijective mixer (splitmix64's finaliser, Steele, Lea and Flood 2014) makes the filler bits
// of the id depend on every bit of the serial, so that a mistyped id is not another account's.
function fillOf(serial: bigint): bigint {
  let z = BigInt.asUintN(64, serial + 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return BigInt.asUintN(Number(FILL_BITS), z ^ (z >> 31n));
}

/**
 * The account id of a serial number: a UUID of version 8 (RFC 9562) that contains the serial.
 * Number and id are two spellings of the same thing, so no table has to map one to the other.
 * @throws Error for a serial outside 0 to 10^18 - 1.
 */
export function accountIdOfSerial(serial: bigint): AccountId {
  if (serial < 0n || serial >= SERIAL_LIMIT) throw new Error(`not an account serial: ${serial}`);
  const high = serial >> 12n;
  const low = serial & 0xfffn;
  const value = (high << 80n) | (8n << 76n) | (low << 64n) | (2n << 62n) | fillOf(serial);
  return accountId(uuidV8(value.toString(16).padStart(32, '0')));
}

/**
 * The serial number inside an id of the bank, without looking at the other bits.
 * @returns undefined when those bits are not a serial (10^18 or more).
 */
export function serialOf(id: string): bigint | undefined {
  const value = BigInt(`0x${id.replaceAll('-', '')}`);
  const serial = ((value >> 80n) << 12n) | ((value >> 64n) & 0xfffn);
  return serial >> SERIAL_BITS !== 0n || serial >= SERIAL_LIMIT ? undefined : serial;
}

/**
 * The account number that people read and type; undefined when the bank never issued this id.
 * @example
 * accountNumberOf(accountIdOfSerial(1n)); // '00000000000000000195'
 */
export function accountNumberOf(id: AccountId): AccountNumber | undefined {
  const serial = serialOf(id);
  if (serial === undefined || accountIdOfSerial(serial) !== id) return undefined;
  const digits = serial.toString().padStart(NUMBER_DIGITS, '0');
  return (digits + checkDigits(digits)) as AccountNumber;
}

/**
 * The account id of an account number; undefined when the text is not 20 digits or its check digits
 * (ISO 7064 MOD 97-10) are wrong.
 */
export function accountIdOfNumber(text: string): AccountId | undefined {
  if (!/^[0-9]{20}$/.test(text) || BigInt(text) % 97n !== 1n) return undefined;
  const digits = text.slice(0, NUMBER_DIGITS);
  if (checkDigits(digits) !== text.slice(NUMBER_DIGITS)) return undefined;
  return accountIdOfSerial(BigInt(digits));
}
