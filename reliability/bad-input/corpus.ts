import {
  AMOUNTS,
  CONTENT_TYPES,
  CURRENCIES,
  IDS,
  KEYS,
  METADATA,
  NOT_TEXT,
  OWNERS,
  QUERIES,
  VERSIONS,
} from './bad-values.ts';

/** One request that must be answered by a 4xx problem and must change nothing. */
export interface BadRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The statuses that are right for it; 400 when not said. */
  readonly status?: readonly number[];
  /** Where the answer says the mistake is, when it is one of a member or a header. */
  readonly at?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

const BODIES: readonly (readonly [string, string | Buffer])[] = [
  ['nothing', ''],
  ['blanks', '   '],
  ['no object but a list', '[]'],
  ['no object but text', '"x"'],
  ['no object but a number', '1'],
  ['null', 'null'],
  ['true', 'true'],
  ['an open brace', '{'],
  ['a trailing comma', '{"amount":"1.00",}'],
  ['single quotes', "{'amount':'1.00'}"],
  ['no quotes', '{amount:"1.00"}'],
  ['a comment', '{"amount":"1.00"/*x*/}'],
  ['two objects', '{"amount":"1.00"}{"amount":"1.00"}'],
  ['a duplicate key', '{"amount":"1.00","amount":"2.00"}'],
  ['an escaped duplicate key', '{"amount":"1.00","\\u0061mount":"2.00"}'],
  ['a key that pollutes', '{"amount":"1.00","__proto__":{"x":1}}'],
  ['a constructor key', '{"amount":"1.00","constructor":{"prototype":{}}}'],
  ['an unknown member', '{"amount":"1.00","bonus":"1.00"}'],
  ['a type member', '{"amount":"1.00","type":"deposit"}'],
  ['another case', '{"Amount":"1.00"}'],
  ['no amount', '{}'],
  ['NaN', '{"amount":NaN}'],
  [
    'a byte order mark',
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"amount":"1.00"}')]),
  ],
  ['Latin-1 bytes', Buffer.from('{"amount":"1.00","description":"\xe9"}', 'latin1')],
  ['UTF-16', Buffer.from('{"amount":"1.00"}', 'utf16le')],
  [
    'an overlong form',
    Buffer.concat([Buffer.from('{"amount":"'), Buffer.from([0xc0, 0xb1]), Buffer.from('"}')]),
  ],
  [
    'a torn character',
    Buffer.concat([Buffer.from('{"amount":"1.00","description":"'), Buffer.from([0xe2, 0x82])]),
  ],
  ['a zero byte', Buffer.from('{"amount":"1.00"}\0')],
  ['deep nesting', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ['a deep member', `{"amount":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`],
  ['a control character', '{"amount":"1.00","description":"a\u0001b"}'],
];

const OPENINGS = '/v1/accounts';
const OK = '{"amount":"1.00"}';
const OWNER = '"ownerId":"jana",';

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}...` : text);

const post = (
  name: string,
  path: string,
  body: string | Buffer = OK,
  more: Partial<BadRequest> = {},
): BadRequest => ({ name, method: 'POST', path, headers: JSON_TYPE, body, ...more });

/** A request for each value of one member; `base` holds the members before it. */
const members = (path: string, base: string, name: string, values: readonly string[]) =>
  values.map((value) =>
    post(
      `${path.split('/').at(-1)} with ${name} ${short(value)}`,
      path,
      `{${base}"${name}":${value}}`,
    ),
  );

const withHeader = (name: string, path: string, header: string, value: string) =>
  post(name, path, OK, { headers: { ...JSON_TYPE, [header]: value } });

/** Every bad request, for an account that exists. */
export function badRequests(accountId: string): BadRequest[] {
  return [
    ...badOpenings(),
    ...badMovements(accountId),
    ...badPaths(accountId),
    ...badHeaders(`/v1/accounts/${accountId}/deposits`),
  ];
}

function badOpenings(): BadRequest[] {
  const base = `${OWNER}"currency":"CZK",`;
  const notZero = AMOUNTS.filter((text) => !/^"0(\.0+)?"$/.test(text)).slice(0, 30);
  const openings: readonly (readonly [string, string])[] = [
    ['no owner', '{"currency":"CZK"}'],
    ['no currency', '{"ownerId":"jana"}'],
    ['a status', `{${OWNER}"currency":"CZK","status":"open"}`],
    ['digits that JPY lacks', `{${OWNER}"currency":"JPY","initialDeposit":"1.0"}`],
  ];
  return [
    ...members(OPENINGS, '"currency":"CZK",', 'ownerId', OWNERS),
    ...members(OPENINGS, OWNER, 'currency', CURRENCIES),
    ...members(OPENINGS, base, 'overdraftLimit', notZero),
    ...members(OPENINGS, base, 'initialDeposit', notZero),
    ...members(OPENINGS, base, 'name', NOT_TEXT),
    ...openings.map(([what, body]) => post(`opening with ${what}`, OPENINGS, body)),
  ];
}

function badMovements(accountId: string): BadRequest[] {
  const deposits = `/v1/accounts/${accountId}/deposits`;
  const withdrawals = `/v1/accounts/${accountId}/withdrawals`;
  const base = '"amount":"1.00",';
  const long = `"${'x'.repeat(201)}"`;
  return [
    ...members(deposits, '', 'amount', AMOUNTS),
    ...members(withdrawals, '', 'amount', AMOUNTS.slice(0, 20)),
    ...members(deposits, base, 'metadata', METADATA),
    ...['description', 'reference'].flatMap((name) =>
      members(deposits, base, name, [...NOT_TEXT, long]),
    ),
    ...BODIES.map(([what, body]) => post(`a body of ${what}`, deposits, body)),
    post('a body of 1 MB', deposits, `{${base}"description":"${'x'.repeat(1_000_000)}"}`, {
      status: [413],
    }),
    post('a body of 100 kB of blanks', deposits, `${' '.repeat(100_000)}${OK}`, { status: [413] }),
    post('money that is not there', withdrawals, '{"amount":"999999999999999.00"}', {
      status: [422],
    }),
  ];
}

function badPaths(accountId: string): BadRequest[] {
  const deposits = `/v1/accounts/${accountId}/deposits`;
  const missing = { status: [404] };
  const nobody = '00000000-0000-4000-8000-000000000000';
  return [
    ...IDS.map((id) =>
      post(`an account id ${short(id)}`, `/v1/accounts/${id}/deposits`, OK, { status: [400, 404] }),
    ),
    post('an account that nobody opened', `/v1/accounts/${nobody}/deposits`, OK, missing),
    post('a path in another case', deposits.replace('/accounts/', '/Accounts/'), OK, missing),
    post('a trailing slash', `${deposits}/`, OK, missing),
    post('two slashes', deposits.replace('/v1/', '/v1//'), OK, missing),
    post('another version of the API', deposits.replace('/v1/', '/v2/'), OK, missing),
    post('a path that is not encoded right', '/v1/accounts/%zz/deposits', OK, {
      status: [400, 404],
    }),
    ...QUERIES.map((query) => post(`a query ${query}`, `${deposits}?${query}`)),
    ...['GET', 'PUT', 'PATCH', 'DELETE'].map((method): BadRequest => ({
      name: `${method} of deposits`,
      method,
      path: deposits,
      headers: {},
      status: [405],
    })),
  ];
}

function badHeaders(deposits: string): BadRequest[] {
  const bytes = (key: string): string => Buffer.from(key, 'utf8').toString('latin1');
  return [
    ...KEYS.map((key) =>
      withHeader(`a key ${short(JSON.stringify(key))}`, deposits, 'idempotency-key', bytes(key)),
    ),
    ...VERSIONS.map((version) => withHeader(`If-Match ${version}`, deposits, 'if-match', version)),
    ...CONTENT_TYPES.map((type) =>
      post(`content type ${type || 'none'}`, deposits, OK, {
        headers: type === '' ? {} : { 'content-type': type },
        status: [415],
      }),
    ),
    { ...withHeader('another version', deposits, 'if-match', '"999"'), status: [412] },
    { ...withHeader('a compressed body', deposits, 'content-encoding', 'gzip'), status: [415] },
  ];
}
