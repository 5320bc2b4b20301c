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
  '1', 'W/"1"', '"x"', '"-1"', '"1.0"', '"01"', '""', '*', '"1", "2"', '"1e2"',
  '"99999999999999999999"', "'1'",
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
