import type { z } from 'zod';
import { COMMAND_OPERATIONS } from '../../contracts/account/command-operations.ts';
import { COMMAND_API_OPERATIONS, QUERY_API_OPERATIONS } from '../../contracts/catalogue.ts';
import { mayBeEmpty, type Operation } from '../../contracts/http/openapi.ts';
import { TRANSFER_OPERATIONS } from '../../contracts/transfer/operations.ts';
import * as bad from './bad-values.ts';
import type { BadRequest } from './corpus.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const LONG = `"${'x'.repeat(201)}"`;
const TEXTS = [...bad.NOT_TEXT, LONG, '["x"]', '{"x":"y"}', '0', 'false', '"\\u202e\\u0085"'];
const DAYS = ['"2026-02-30"', '"2026-11-30T00:00:00Z"', '"30.11.2026"', '"2026-1-1"', '20261130'];
const ZERO = /^"0(?:\.0+)?"$/;
/** Where nothing is an amount too, and so no fault. */
const amountsOrZero = bad.AMOUNTS.filter((text) => !ZERO.test(text));
/** CZK has two digits; four are right for some currency, so only the account can tell. */
const tooPrecise = ['"1.005"', '"0.0001"', '"1.000"'];

/** A transfer of a transaction, with one member changed. */
const legWith = (name?: string, value?: string): string => {
  const right = { fromAccountId: '"{id}"', toAccountId: '"{other}"', amount: '"1.00"' };
  const members = Object.entries(name === undefined ? right : { ...right, [name]: value });
  return `{${members.map(([one, text]) => `"${one}":${text}`).join(',')}}`;
};
const LEG = legWith();
const BAD_LEGS: readonly string[] = [
  'null',
  '1',
  '"x"',
  '[]',
  '{}',
  ...[...bad.AMOUNTS, ...tooPrecise].map((value) => legWith('amount', value)),
  ...bad.CURRENCIES.map((value) => legWith('currency', value)),
  ...TEXTS.flatMap((value) => [legWith('description', value), legWith('reference', value)]),
  ...bad.ACCOUNT_REFERENCES.flatMap((value) => [
    legWith('fromAccountId', value),
    legWith('toAccountId', value),
  ]),
  ...['transferId', 'transactionId', 'metadata', 'pending'].map((name) => legWith(name, '"x"')),
];
/** A right value of a member, and wrong ones. A new member of a contract needs a line here. */
const MEMBERS: Readonly<Record<string, readonly [right: string, wrong: readonly string[]]>> = {
  ownerId: ['"jana"', bad.OWNERS],
  currency: ['"CZK"', bad.CURRENCIES],
  name: ['"Everyday"', TEXTS],
  description: ['"rent"', TEXTS],
  reference: ['"inv-1"', TEXTS],
  reason: ['"asked"', TEXTS],
  metadata: ['{"a":"b"}', bad.METADATA],
  amount: ['"1.00"', [...bad.AMOUNTS, ...tooPrecise]],
  overdraftLimit: ['"1.00"', [...amountsOrZero, ...tooPrecise]],
  initialDeposit: ['"1.00"', [...amountsOrZero, ...tooPrecise]],
  perWithdrawal: ['"1.00"', [...amountsOrZero, ...tooPrecise]],
  perDay: ['"1.00"', [...amountsOrZero, ...tooPrecise]],
  recordRefusals: ['true', bad.SWITCHES],
  captureAboveHold: ['true', [...bad.SWITCHES, 'false']],
  expiresAt: ['"2099-01-31T12:00:00Z"', bad.TIMES],
  valueDate: ['"2026-11-30"', [...TEXTS, ...DAYS]],
  externalId: ['"crm-1"', TEXTS],
  kind: ['"customer"', [...TEXTS, '"Internal"', '"bank"', '["internal"]']],
  code: ['"1021.01"', [...TEXTS, '"10 21"', '".1"', `"${'1'.repeat(33)}"`]],
  direction: ['"debit"', [...TEXTS, '"credit"'.toUpperCase(), '"up"', '["debit"]']],
  pending: ['true', bad.SWITCHES],
  version: ['1', bad.VERSION_NUMBERS],
  fromAccountId: ['"{id}"', bad.ACCOUNT_REFERENCES],
  toAccountId: ['"{other}"', bad.ACCOUNT_REFERENCES],
  transfers: [
    `[${LEG}]`,
    [
      ...bad.NOT_TEXT.filter((text) => !text.startsWith('{')),
      LEG,
      `[${`${LEG},`.repeat(32)}${LEG}]`,
      ...BAD_LEGS.map((one) => `[${one}]`),
    ],
  ],
};

/** What is there, so that a request is bad in one way only; the accounts are in CZK. */
export interface Places {
  readonly id: string;
  readonly other: string;
  /** A transfer that is completed, and one that is pending. */
  readonly transferId: string;
  readonly pendingId: string;
  readonly transactionId: string;
}
/** What is known of that member or parameter; not to know it is a defect of the corpus. */
export const known = <T>(table: Readonly<Record<string, T>>, name: string): T => {
  const found = table[name];
  if (found === undefined) throw new Error(`no bad values are known for ${name}`);
  return found;
};

export const short = (text: string): string =>
  text.length > 40 ? `${text.slice(0, 40)}...` : text;
const shapeOf = (body: z.ZodType | undefined): [name: string, member: z.ZodType][] =>
  Object.entries((body as z.ZodObject<Record<string, z.ZodType>>).shape);
const textOf = (members: readonly (readonly [string, string])[]): string =>
  `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`;

const HOLD = '00000000-0000-8000-8000-000000000000';
/** The path with its parameters in it, in one pass: a value may look like a parameter. */
export const pathOf = ({ path }: Pick<Operation, 'path'>, id: string, other = HOLD): string =>
  path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => (name === 'id' ? id : other));

/** A right body: all members of the contract. */
export const rightBody = ({ body }: Operation): string =>
  textOf(shapeOf(body).map(([name]) => [name, known(MEMBERS, name)[0]]));

const isCommand = ({ method }: Operation): boolean => method !== 'get';

/** Bad requests of every command and transfer that the contract has. */
export const badCommands = (places: Places): BadRequest[] =>
  [...COMMAND_OPERATIONS, ...TRANSFER_OPERATIONS.filter(isCommand)].flatMap((operation) => [
    ...badMembers(operation, places),
    ...badShapes(operation, places),
    ...badPlaces(operation, places),
    ...badCommandHeaders(operation, places),
  ]);

const rightPath = (
  { path, id: name }: Operation,
  { id, transferId, pendingId, transactionId }: Places,
): string => {
  const transfer = name === 'reverseTransfer' ? transferId : pendingId;
  if (path.includes('{transactionId}')) return pathOf({ path }, id, transactionId);
  return pathOf({ path }, id, path.includes('{transferId}') ? transfer : HOLD);
};

const sender = (operation: Operation, places: Places) => {
  const path = rightPath(operation, places);
  const placed = (text: string): string =>
    text.replaceAll(/"\{(id|other)\}"/g, (_all, name: 'id' | 'other') => `"${places[name]}"`);
  return (what: string, body: string | undefined, more: Partial<BadRequest> = {}): BadRequest => ({
    name: `${operation.id}: ${what}`,
    method: operation.method.toUpperCase(),
    path,
    headers: JSON_TYPE,
    ...(body === undefined ? {} : { body: placed(body) }),
    ...more,
  });
};

/** Each bad value of each member of a command. */
export function badMembers(operation: Operation, places: Places): BadRequest[] {
  const send = sender(operation, places);
  const shape = shapeOf(operation.body);
  const mayBeZero = (name: string, value: string): boolean =>
    ZERO.test(value) && operation.id === 'setOverdraftLimit' && name === 'amount';
  return shape.flatMap(([name, schema]) => {
    const others = shape
      .filter(([other]) => other !== name)
      .map(([other]) => [other, known(MEMBERS, other)[0]] as const);
    const values = known(MEMBERS, name)[1].filter(
      (value) => !mayBeZero(name, value) && !mayBeNull(operation, name, value),
    );
    const isRequired = !schema.safeParse(undefined).success;
    return [
      ...values.map((value) =>
        send(`${name} ${short(value)}`, textOf([...others, [name, value]]), { at: `/${name}` }),
      ),
      ...(isRequired ? [send(`without ${name}`, textOf(others), { at: `/${name}` })] : []),
      send(`${name} twice`, textOf([...others, ...twice(name)])),
      send(
        `${name} in capitals`,
        textOf([...others, [name.toUpperCase(), known(MEMBERS, name)[0]]]),
        { at: isRequired ? `/${name}` : `/${name.toUpperCase()}` },
      ),
    ];
  });
}

/** A change of details removes what is null. */
const mayBeNull = ({ id }: Operation, name: string, value: string): boolean =>
  id === 'patchDetails' &&
  ((name === 'name' && value === 'null') || (name === 'metadata' && value === '{"a":null}'));

const twice = (name: string): (readonly [string, string])[] => {
  const [value] = known(MEMBERS, name);
  const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
  return [
    [name, value],
    [escaped, value],
  ];
};

const NO_OBJECTS = [' ', '[]', '[{}]', '"x"', '1', 'null', 'true', '{', '{}{}', '{"a"}', '{]'];
const STRANGERS = ['bonus', 'type', 'commandId', 'holdId', 'dryRun', 'at', 'toString', 'a/b~c', ''];

function badShapes(operation: Operation, places: Places): BadRequest[] {
  const send = sender(operation, places);
  const right = shapeOf(operation.body).map(([name]) => [name, known(MEMBERS, name)[0]] as const);
  const without = operation.method === 'post' ? 400 : 415;
  const nothing = [
    send('a body of nothing', ''),
    send('no body at all', undefined, { headers: {}, status: [without] }),
  ];
  return [
    ...NO_OBJECTS.map((body) => send(`a body ${body}`, body)),
    ...STRANGERS.map((name) => send(`a member "${name}"`, textOf([...right, [name, '"x"']]))),
    send('a member __proto__', textOf([...right, ['__proto__', '{}']])),
    send('65 kB', `${' '.repeat(66_000)}${textOf(right)}`, { status: [413] }),
    ...(mayBeEmpty(operation) ? [] : nothing),
    send('no type of content', textOf(right), { headers: {}, status: [415] }),
  ];
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** The front door passes queries on, some at the path of a command. */
const isServed = (at: string, by: string): boolean =>
  [...COMMAND_API_OPERATIONS, ...QUERY_API_OPERATIONS].some(
    ({ path, method }) => path === at && method.toUpperCase() === by,
  );
const NOBODY = '00000000-0000-4000-8000-000000000000';

function badPlaces(operation: Operation, places: Places): BadRequest[] {
  const send = sender(operation, places);
  const body = rightBody(operation);
  const { path } = operation;
  const at = (name: string, values: readonly string[]): BadRequest[] =>
    values.map((value) => {
      const to = name === 'id' ? pathOf(operation, value) : pathOf(operation, places.id, value);
      return send(`${name} ${short(value)}`, body, { path: to, status: [400, 404] });
    });
  return [
    ...(path.includes('{id}') ? at('id', [...bad.IDS, places.id.replaceAll('-', '')]) : []),
    ...(path.includes('{id}')
      ? [send('of nobody', body, { path: pathOf(operation, NOBODY), status: [404] })]
      : []),
    ...(path.includes('{holdId}') ? at('holdId', bad.HOLD_IDS) : []),
    ...(path.includes('{holdId}') ? [send('no such hold', '{}', { status: [404] })] : []),
    ...['transferId', 'transactionId'].flatMap((name) =>
      path.includes(`{${name}}`) ? at(name, [...bad.IDS, HOLD]) : [],
    ),
    ...bad.QUERIES.map((query) =>
      send(`?${query}`, body, { path: `${rightPath(operation, places)}?${query}` }),
    ),
    ...METHODS.filter((method) => !isServed(path, method)).map((method) =>
      send(method, undefined, { method, headers: {}, status: [405] }),
    ),
  ];
}

/** Text as the bytes of a header. */
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

function badCommandHeaders(operation: Operation, places: Places): BadRequest[] {
  const send = sender(operation, places);
  const body = rightBody(operation);
  const header = (name: string, value: string, more: Partial<BadRequest> = {}): BadRequest =>
    send(`${name} ${short(value)}`, body, { headers: { ...JSON_TYPE, [name]: value }, ...more });
  return [
    ...bad.KEYS.map((key) =>
      header('idempotency-key', utf8(key), { at: 'header/Idempotency-Key' }),
    ),
    ...bad.VERSIONS.map((version) => header('if-match', version, { at: 'header/If-Match' })),
    header('if-match', '"999999999999999"', {
      status: [operation.headers?.['If-Match'] === undefined ? 400 : 412],
    }),
    header('content-encoding', 'gzip', { status: [415] }),
    header('content-type', 'text/plain', { status: [415] }),
  ];
}
