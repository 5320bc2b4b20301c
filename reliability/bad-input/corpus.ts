/** One request that must be answered by a 4xx problem and must change nothing. */
export interface BadRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The statuses that are right for it; 400 when not said. */
  readonly status?: readonly number[];
}

const JSON_TYPE = { 'content-type': 'application/json' };

const AMOUNTS: readonly string[] = [
  '"1e5"', '"0.001"', '"-1"', '"١٢"', '1e400', '"1e400"', '0', '1', '1.5', '-1', 'true', 'null', '[]', '{}',
  '[1]', '{"amount":"1"}', '""', '" "', '" 1"', '"1 "', '"1\\n"', '"\\t1"', '"+1"', '"-0"', '"0"', '"0.0"',
  '"0.00"', '"00"', '"01"', '"1."', '".5"', '"."', '"1.2.3"', '"1,5"', '"1,000.00"', '"1_000"', '"0x10"',
  '"0b1"', '"0o7"', '"NaN"', '"Infinity"', '"-Infinity"', '"undefined"', '"null"', '"１"', '"１.５"', '"²"',
  '"1e-2"', '"1E2"', '"1.00000"', '"1000000000000000"', '"99999999999999999999999999"',
  `"${'9'.repeat(10_000)}"`, `"0.${'0'.repeat(5_000)}1"`, '"1\\u0000"', '"\\u0000"', '"1\\ud800"', '"€5"', '"5 CZK"',
  '"1/2"', '"(1)"', '"1;drop"', '"$1"', '"0.1 "', '"1.005"', '"--1"', '"1-"', '"१२"', '"Ⅷ"', '"𝟙"',
];

const NOT_TEXT: readonly string[] = ['1', 'true', 'null', '[]', '{}', '""', '"\\u0000"', '"\\ud800"', '"a\\nb"'];

const METADATA: readonly string[] = [
  '1', '"x"', '[]', 'null', 'true', '{"a":1}', '{"a":null}', '{"a":["x"]}', '{"a":{}}', '{"":"x"}', '{"a b":"x"}',
  '{"1a":"x"}', '{"a":""}', '{"a":"\\u0007"}', `{"${'k'.repeat(41)}":"x"}`, `{"a":"${'v'.repeat(501)}"}`,
  `{${Array.from({ length: 21 }, (_unused, at) => `"k${at}":"v"`).join(',')}}`, '{"__proto__":"x"}',
  '{"a":"x","a":"y"}',
];

const OWNERS: readonly string[] = [
  '1', 'null', '""', '"A"', '"Jana"', '"a b"', '"a/b"', '"-a"', '"a\\u0000"', '"é"', `"${'a'.repeat(65)}"`, '[]',
  '{"$ne":""}', '"a\'"', '"a;"', '"../a"', '"%61"', '"a."',
];

const CURRENCIES: readonly string[] = [
  '"czk"', '"CZ"', '"CZKK"', '"XXX"', '"ABC"', '""', 'null', '203', '[]', '"CZK "', '"ČZK"', '"__proto__"', '"XAU"',
];

const BODIES: readonly (readonly [string, string | Buffer])[] = [
  ['nothing', ''], ['blanks', '   '], ['no object but a list', '[]'], ['no object but text', '"x"'],
  ['no object but a number', '1'], ['null', 'null'], ['true', 'true'], ['an open brace', '{'],
  ['a trailing comma', '{"amount":"1.00",}'], ['single quotes', "{'amount':'1.00'}"], ['no quotes', '{amount:"1.00"}'],
  ['a comment', '{"amount":"1.00"/*x*/}'], ['two objects', '{"amount":"1.00"}{"amount":"1.00"}'],
  ['a duplicate key', '{"amount":"1.00","amount":"2.00"}'],
  ['an escaped duplicate key', '{"amount":"1.00","\\u0061mount":"2.00"}'],
  ['a key that pollutes', '{"amount":"1.00","__proto__":{"x":1}}'],
  ['a constructor key', '{"amount":"1.00","constructor":{"prototype":{}}}'],
  ['an unknown member', '{"amount":"1.00","bonus":"1.00"}'], ['a type member', '{"amount":"1.00","type":"deposit"}'],
  ['another case', '{"Amount":"1.00"}'], ['no amount', '{}'], ['NaN', '{"amount":NaN}'],
  ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"amount":"1.00"}')])],
  ['Latin-1 bytes', Buffer.from('{"amount":"1.00","description":"\xe9"}', 'latin1')],
  ['UTF-16', Buffer.from('{"amount":"1.00"}', 'utf16le')],
  ['an overlong form', Buffer.concat([Buffer.from('{"amount":"'), Buffer.from([0xc0, 0xb1]), Buffer.from('"}')])],
  ['a torn character', Buffer.concat([Buffer.from('{"amount":"1.00","description":"'), Buffer.from([0xe2, 0x82])])],
  ['a zero byte', Buffer.from('{"amount":"1.00"}\0')], ['deep nesting', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ['a deep member', `{"amount":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`],
  ['a control character', '{"amount":"1.00","description":"a\u0001b"}'],
];

const IDS: readonly string[] = [
  'x', '1', '-1', 'null', 'undefined', '00000000000000000000', '12345678901234567890', '1'.repeat(21),
  '%00', '%0a', '..%2f..%2fadmin', '%2e%2e', "'", '%22', '%7B%7D', '00000000-0000-0000-0000-00000000000',
  '00000000-0000-0000-0000-0000000000000', '00000000_0000_0000_0000_000000000000', '{id}', ':id', '*', '%C3%A9',
  '0000000000000000000000000000000g', '(select%201)', '$where', '__proto__', 'constructor', 'x'.repeat(500),
];

const KEYS: readonly string[] = ['', ' ', 'a b', 'a\tb', 'ä', 'x'.repeat(129), 'a, b', 'é'];

const VERSIONS: readonly string[] = [
  '1', 'W/"1"', '"x"', '"-1"', '"1.0"', '"01"', '""', '*', '"1", "2"', '"1e2"', '"99999999999999999999"', "'1'",
];

const QUERIES: readonly string[] = [
  'dryRun=1', 'dryRun=', 'dryRun=TRUE', 'dryRun=true&dryRun=false', 'dryrun=true', 'x=1', 'dryRun[]=true',
  'dryRun=true%00', 'force=true', 'dryRun', '__proto__=1',
];

const CONTENT_TYPES: readonly string[] = [
  'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16',
  'application/json; charset=latin1', 'application/xml', 'json', 'application/jsonx', '',
];

const unquoted = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}...` : text);

/** Every bad request, for an account that exists. */
export function badRequests(accountId: string): BadRequest[] {
  const deposits = `/v1/accounts/${accountId}/deposits`;
  const withdrawals = `/v1/accounts/${accountId}/withdrawals`;
  const post = (name: string, path: string, body: string | Buffer, more: Partial<BadRequest> = {}): BadRequest => ({
    name, method: 'POST', path, headers: JSON_TYPE, body, ...more,
  });
  const member = (kind: string, path: string, base: string, values: readonly string[]) => (name: string) =>
    values.map((value) => post(`${kind} with ${name} ${unquoted(value)}`, path, `{${base}"${name}":${value}}`));
  const ok = '{"amount":"1.00"}';
  const openBase = '"ownerId":"jana",';
  const upper = accountId.toUpperCase();
  return [
    ...member('deposit', deposits, '', AMOUNTS)('amount'),
    ...member('withdrawal', withdrawals, '', AMOUNTS.slice(0, 20))('amount'),
    ...['description', 'reference'].flatMap(member('deposit', deposits, '"amount":"1.00",', NOT_TEXT)),
    ...['description', 'reference'].map((name) =>
      post(`${name} too long`, deposits, `{"amount":"1.00","${name}":"${'x'.repeat(201)}"}`)),
    ...member('deposit', deposits, '"amount":"1.00",', METADATA)('metadata'),
    ...member('opening', '/v1/accounts', '"currency":"CZK",', OWNERS)('ownerId'),
    ...member('opening', '/v1/accounts', openBase, CURRENCIES)('currency'),
    ...['overdraftLimit', 'initialDeposit'].flatMap(
      member('opening', '/v1/accounts', `${openBase}"currency":"CZK",`, AMOUNTS.filter((text) => !/^"0(\.0+)?"$/.test(text)).slice(0, 30))),
    ...member('opening', '/v1/accounts', `${openBase}"currency":"CZK",`, NOT_TEXT)('name'),
    post('opening without an owner', '/v1/accounts', '{"currency":"CZK"}'),
    post('opening without a currency', '/v1/accounts', '{"ownerId":"jana"}'),
    post('opening with a status', '/v1/accounts', `{${openBase}"currency":"CZK","status":"open"}`),
    post('opening with digits that JPY lacks', '/v1/accounts', `{${openBase}"currency":"JPY","initialDeposit":"1.0"}`),
    ...BODIES.map(([name, body]) => post(`a body of ${name}`, deposits, body)),
    ...IDS.map((id) => post(`an account id ${unquoted(id)}`, `/v1/accounts/${id}/deposits`, ok, { status: [400, 404] })),
    ...(upper === accountId ? [] : [post('an upper-case account id', `/v1/accounts/${upper}/deposits`, ok)]),
    post('an account that nobody opened', '/v1/accounts/00000000-0000-4000-8000-000000000000/deposits', ok, { status: [404] }),
    ...KEYS.map((key) => post(`a key ${unquoted(JSON.stringify(key))}`, deposits, ok, {
      headers: { ...JSON_TYPE, 'idempotency-key': Buffer.from(key, 'utf8').toString('latin1') },
    })),
    ...VERSIONS.map((version) => post(`If-Match ${version}`, deposits, ok, { headers: { ...JSON_TYPE, 'if-match': version } })),
    post('another version', deposits, ok, { headers: { ...JSON_TYPE, 'if-match': '"999"' }, status: [412] }),
    ...QUERIES.map((query) => post(`a query ${query}`, `${deposits}?${query}`, ok)),
    ...CONTENT_TYPES.map((type) => post(`content type ${type || 'none'}`, deposits, ok, {
      headers: type === '' ? {} : { 'content-type': type }, status: [415],
    })),
    post('a compressed body', deposits, ok, { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, status: [415] }),
    post('a body of 1 MB', deposits, `{"amount":"1.00","description":"${'x'.repeat(1_000_000)}"}`, { status: [413] }),
    post('a body of 100 kB of blanks', deposits, `${' '.repeat(100_000)}${ok}`, { status: [413] }),
    post('a path in another case', deposits.replace('/accounts/', '/Accounts/'), ok, { status: [404] }),
    post('a trailing slash', `${deposits}/`, ok, { status: [404] }),
    post('two slashes', deposits.replace('/v1/', '/v1//'), ok, { status: [404] }),
    post('a path that is not encoded right', '/v1/accounts/%zz/deposits', ok, { status: [400, 404] }),
    post('another version of the API', deposits.replace('/v1/', '/v2/'), ok, { status: [404] }),
    ...['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method): BadRequest => ({
      name: `${method} of deposits`, method, path: deposits, headers: {}, status: [405],
    })),
    post('money that is not there', withdrawals, '{"amount":"999999999999999.00"}', { status: [422] }),
  ];
}
