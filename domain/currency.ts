/** An ISO 4217 currency code that the bank keeps accounts in. */
export type Currency = string & { readonly __brand: 'Currency' };

// ISO 4217 list one, amendment 177, without funds of no country (XDR, XSU, XUA), metals and tests.
const NO_DIGITS = `
  BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
`;
const TWO_DIGITS = `
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
  CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
  GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
  MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
  PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
  TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
`;
const THREE_DIGITS = `
  BHD IQD JOD KWD LYD OMR TND
`;
const FOUR_DIGITS = `
  CLF UYW
`;

const withDigits = (codes: string, digits: number): [string, number][] =>
  codes
    .trim()
    .split(/\s+/)
    .map((code) => [code, digits]);

const MINOR_DIGITS: ReadonlyMap<string, number> = new Map([
  ...withDigits(NO_DIGITS, 0),
  ...withDigits(TWO_DIGITS, 2),
  ...withDigits(THREE_DIGITS, 3),
  ...withDigits(FOUR_DIGITS, 4),
]);

/** All codes, in alphabetical order. */
export const CURRENCIES: readonly string[] = [...MINOR_DIGITS.keys()].sort();

/**
 * The currency with this code, in upper case; undefined when ISO 4217 has no such currency.
 * @example
 * currencyOf('CZK'); // 'CZK', branded
 * currencyOf('czk'); // undefined
 */
export function currencyOf(code: string): Currency | undefined {
  return MINOR_DIGITS.has(code) ? (code as Currency) : undefined;
}

/**
 * The number of decimal digits of a currency: CZK 2, JPY 0, KWD 3.
 * @throws Error for a code that did not come from `currencyOf`.
 */
export function minorDigits(currency: Currency): number {
  const digits = MINOR_DIGITS.get(currency);
  if (digits === undefined) throw new Error(`not a currency: ${currency}`);
  return digits;
}
