// prettier-ignore
export const AMOUNTS: readonly string[] = [
  '"1e5"', '"0.001"', '"-1"', '"١٢"', '1e400', '"1e400"', '0', '1', '1.5', '-1', 'true', 'null',
  '[]', '{}', '[1]', '{"amount":"1"}', '""', '" "', '" 1"', '"1 "', '"1\\n"', '"\\t1"', '"+1"',
  '"-0"', '"0"', '"0.0"', '"0.00"', '"00"', '"01"', '"1."', '".5"', '"."', '"1.2.3"', '"1,5"',
  '"1,000.00"', '"1_000"', '"0x10"', '"0b1"', '"0o7"', '"NaN"', '"Infinity"', '"-Infinity"',
  '"undefined"', '"null"', '"１"', '"１.５"', '"²"', '"1e-2"', '"1E2"', '"1.00000"',
  '"1000000000000000"', '"99999999999999999999999999"', `"${'9'.repeat(10_000)}"`,
  `"0.${'0'.repeat(5_000)}1"`, '"1\\u0000"', '"\\u0000"', '"1\\ud800"', '"€5"', '"5 CZK"', '"1/2"',
  '"(1)"', '"1;drop"', '"$1"', '"0.1 "', '"1.005"', '"--1"', '"1-"', '"१२"', '"Ⅷ"', '"𝟙"',
];

// prettier-ignore
export const NOT_TEXT: readonly string[] = [
  '1', 'true', 'null', '[]', '{}', '""', '"\\u0000"', '"\\ud800"', '"a\\nb"',
];

// prettier-ignore
export const ACCOUNT_REFERENCES: readonly string[] = [
  ...NOT_TEXT, '"x"', '"00000000-0000-0000-0000-00000000000"', '"1234567890123456789"',
  '"12345678901234567890"', '"00000000-0000-8000-8000-00000000000G"',
  '"00000000000000000000000000000001"',
  '" 00000000-0000-8000-8000-000000000001"', '["x"]', '{"$ne":""}',
  `"${'1'.repeat(5_000)}"`, '"acct/00000000-0000-8000-8000-000000000001"',
];

// prettier-ignore
export const METADATA: readonly string[] = [
  '1', '"x"', '[]', 'null', 'true', '{"a":1}', '{"a":null}', '{"a":["x"]}', '{"a":{}}', '{"":"x"}',
  '{"a b":"x"}', '{"1a":"x"}', '{"a":""}', '{"a":"\\u0007"}', `{"${'k'.repeat(41)}":"x"}`,
  `{"a":"${'v'.repeat(501)}"}`,
  `{${Array.from({ length: 21 }, (_unused, at) => `"k${at}":"v"`).join(',')}}`, '{"__proto__":"x"}',
  '{"a":"x","a":"y"}',
];

// prettier-ignore
export const OWNERS: readonly string[] = [
  '1', 'null', '""', '"A"', '"Jana"', '"a b"', '"a/b"', '"-a"', '"a\\u0000"', '"é"',
  `"${'a'.repeat(65)}"`, '[]', '{"$ne":""}', '"a\'"', '"a;"', '"../a"', '"%61"', '"a."',
];

// prettier-ignore
export const CURRENCIES: readonly string[] = [
  '"czk"', '"CZ"', '"CZKK"', '"XXX"', '"ABC"', '""', 'null', '203', '[]', '"CZK "', '"ČZK"',
  '"__proto__"', '"XAU"',
];

// prettier-ignore
export const IDS: readonly string[] = [
  'x', '1', '-1', 'null', 'undefined', '00000000000000000000', '12345678901234567890',
  '1'.repeat(21), '%00', '%0a', '..%2f..%2fadmin', '%2e%2e', "'", '%22', '%7B%7D',
  '00000000-0000-0000-0000-00000000000', '00000000-0000-0000-0000-0000000000000',
  '00000000_0000_0000_0000_000000000000', '{id}', ':id', '*', '%C3%A9',
  '0000000000000000000000000000000g', '(select%201)', '$where', '__proto__', 'constructor',
  'x'.repeat(500),
];

// prettier-ignore
export const VERSIONS: readonly string[] = [
  '', '1', "'1'", '"1', '1"', '"1" "2"', '"1""2"', '*, "1"', 'w/"1"', 'W/1', 'W/ "1"', ',', '**',
];

// prettier-ignore
export const QUERIES: readonly string[] = [
  'dryRun=1', 'dryRun=', 'dryRun=TRUE', 'dryRun=true&dryRun=false', 'dryrun=true', 'x=1',
  'dryRun[]=true', 'dryRun=true%00', 'force=true', 'dryRun', '__proto__=1',
];

// prettier-ignore
export const CONTENT_TYPES: readonly string[] = [
  'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
  'application/json; charset=utf-16', 'application/json; charset=latin1', 'application/xml', 'json',
  'application/jsonx', '',
];

// prettier-ignore
export const KEYS: readonly string[] = ['', ' ', 'a b', 'a\tb', 'ä', 'x'.repeat(129), 'a, b', 'é'];

// prettier-ignore
export const TIMES: readonly string[] = [
  '1', 'null', '""', '"tomorrow"', '"2030-01-31"', '"2030-01-31T12:00:00"',
  '"2030-01-31 12:00:00Z"', '"2030-01-31T12:00:00+01:00"', '"2030-01-31T12:00:00-00:00"',
  '"2030-01-31T12:00:00z"', '"2030-01-31t12:00:00Z"', '"2030-01-31T12:00Z"',
  '"2030-12-31T23:59:60Z"', '"2030-02-30T12:00:00Z"', '"2031-02-29T12:00:00Z"',
  '"2030-13-01T12:00:00Z"', '"2030-01-31T24:00:00Z"', '"2030-01-31T12:60:00Z"',
  '"10000-01-01T00:00:00Z"', '"+010000-01-01T00:00:00Z"', '"-000001-01-01T00:00:00Z"',
  '"1970-01-01T00:00:00Z"', '"0000-01-01T00:00:00Z"', '"2020-01-31T12:00:00Z"',
  '"2030-01-31T12:00:00.Z"', '"2030-1-31T12:00:00Z"', '"２０30-01-31T12:00:00Z"',
  `"2030-01-31T12:00:00.${'0'.repeat(5_000)}Z"`, '"2030-01-31T12:00:00Z "',
  '"2030-01-31T12:00:00Z\\n"', '1893499200', '1893499200000', '{}', '[]', 'true', '"never"',
  '"P1D"',
];

/** Neither true nor false. */
// prettier-ignore
export const SWITCHES: readonly string[] = [
  '"true"', '"false"', '0', '1', 'null', '""', '[]', '[true]', '{}', '{"true":true}', '"on"', '-0',
];

// prettier-ignore
export const VERSION_NUMBERS: readonly string[] = [
  '0', '-1', '1.5', '"1"', '"x"', 'null', 'true', '[]', '{}', '[1]', '1e400', '-0', '0.1',
  '9007199254740992', '9007199254740993', '18446744073709551616', '1e300', '""', '"0x1"',
];

/** Not a UUID, whatever a path makes of it. */
// prettier-ignore
export const HOLD_IDS: readonly string[] = [
  'x', '1', 'null', '00000000-0000-8000-8000-00000000000', '00000000-0000-8000-8000-0000000000000',
  '00000000_0000_8000_8000_000000000000', '%00', '%0a',
  '12345678901234567890', '{holdId}', '*', '%C3%A9', 'g0000000-0000-8000-8000-000000000000',
  '..%2f..%2fdeposits', '__proto__', 'x'.repeat(500),
];

// prettier-ignore
export const NUMBERS_IN_QUERIES: readonly string[] = [
  '0', '-1', '+1', '01', '1.5', '1e3', 'x', '', '%00', '0x1', '1%20', '%201', 'NaN', 'Infinity',
  'null', '9007199254740992', '99999999999999999999', '%D9%A1', '1,2', 'true', '[]', '{}', '1;2',
];

// prettier-ignore
export const CURSORS: readonly string[] = [
  'x', '', '%00', '0', 'e30', 'bnVsbA', '..%2f', 'a%20b', '*', `${'a'.repeat(201)}`, '%C3%A9', '=',
  'AAAA',
];

// prettier-ignore
export const OWNERS_IN_QUERIES: readonly string[] = [
  '', 'Jana', 'a%20b', 'a%2Fb', '-a', '%00', '%C3%A9', 'a'.repeat(65), '$ne', "a'", 'a%3B', '..',
  'a.',
];

/** Subjects and clients, of which the issuer gives ids. */
export const SENDERS_IN_QUERIES: readonly string[] = [
  '',
  '%20',
  'a%20b',
  '%00',
  '%C3%A9',
  '%E2%80%AE',
  'a'.repeat(129),
];

// prettier-ignore
export const TIMES_IN_QUERIES: readonly string[] = [
  '', 'x', 'yesterday', '2030-01-31', '2030-01-31T12:00:00', '2030-01-31T12:00:00+01:00', '%00',
  '2030-02-30T12:00:00Z', '2030-01-31T24:00:00Z', '2030-12-31T23:59:60Z', '10000-01-01T00:00:00Z',
  '2030-01-31%2012:00:00Z', '1893499200', '-1', '2030-01-31T12:00:00%2B99:00', 'null',
];
