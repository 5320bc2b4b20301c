import { BATCH_COMMANDS_MAX } from '../../contracts/batch/batches.ts';
import { COMMAND_OPERATIONS } from '../../contracts/account/command-operations.ts';
import type { Operation } from '../../contracts/http/openapi.ts';
import { TRANSFER_OPERATIONS } from '../../contracts/transfer/operations.ts';
import * as bad from './bad-values.ts';
import { badMembers, pathOf, short, utf8, type Places } from './contract-corpus.ts';
import type { BadRequest } from './corpus.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const BATCHES = '/v1/batches';
const STATUS = '/v1/commands';
const HOLD = '00000000-0000-8000-8000-000000000000';

export interface BadItem {
  readonly name: string;
  /** JSON text */
  readonly item: string;
}

/** What spoils the whole document, and so every item of a batch. */
const isSpoilt = (text: string): boolean => /"x","a":|__proto__/.test(text);

const ITEMS: readonly { readonly type: string; readonly operation: Operation }[] = [
  ...COMMAND_OPERATIONS.map((operation) => ({ type: operation.command, operation })),
  ...TRANSFER_OPERATIONS.filter(({ path }) => path === '/v1/transfers').map((operation) => ({
    type: 'transfer',
    operation,
  })),
];

/** Each bad value of each member of each command, as an item of a batch. */
export const badItems = (places: Places): BadItem[] =>
  ITEMS.flatMap(({ type, operation }) => {
    const address = {
      type,
      ...(operation.path.includes('{id}') ? { accountId: places.id } : {}),
      ...(operation.path.includes('{holdId}') ? { holdId: HOLD } : {}),
    };
    return badMembers(operation, places)
      .filter(({ at, body }) => at !== undefined && !isSpoilt(String(body)))
      .map(({ name, body }) => {
        const [head, rest] = [JSON.stringify(address).slice(0, -1), String(body).slice(1)];
        return { name, item: rest === '}' ? `${head}}` : `${head},${rest}` };
      });
  });

/** Bad requests about many commands, or about a command that was sent before. */
export function badBatches(places: Places): BadRequest[] {
  const item = `{"type":"deposit","accountId":"${places.id}","amount":"1.00"}`;
  const post = (what: string, body: string, more: Partial<BadRequest> = {}): BadRequest => ({
    name: `executeBatch: ${short(what)}`,
    method: 'POST',
    path: BATCHES,
    headers: JSON_TYPE,
    body,
    ...more,
  });
  const frames = [
    '',
    '[]',
    '"x"',
    '1',
    'null',
    '{',
    '{}',
    `[${item}]`,
    item,
    '{"commands":{}}',
    '{"commands":[]}',
    '{"commands":"x"}',
    '{"commands":null}',
    '{"commands":1}',
    `{"commands":${item}}`,
    `{"Commands":[${item}]}`,
    `{"commands":[${item}],"more":1}`,
    `{"commands":[${item}],"commands":[${item}]}`,
    `{"commands":[{"type":"deposit","type":"deposit"}]}`,
    `{"commands":[${item},]}`,
  ];
  const tooMany = Array.from({ length: BATCH_COMMANDS_MAX + 1 }, () => '{}').join(',');
  const wrongFlags = ['1', '', 'TRUE', 'yes', 'true&atomic=true', 'true%00'];
  const header = (name: string, value: string, at: string): BadRequest =>
    post(`${name} ${value}`, `{"commands":[${item}]}`, {
      headers: { ...JSON_TYPE, [name]: value },
      at,
    });
  return [
    ...frames.map((body) => post(body, body)),
    ...bad.KEYS.map((key) => header('idempotency-key', utf8(key), 'header/Idempotency-Key')),
    ...[...bad.VERSIONS, '"2"'].map((text) => header('if-match', text, 'header/If-Match')),
    post('too many', `{"commands":[${tooMany}]}`),
    ...wrongFlags.map((value) =>
      post(`?atomic=${value}`, `{"commands":[${item}]}`, { path: `${BATCHES}?atomic=${value}` }),
    ),
    ...bad.QUERIES.map((query) =>
      post(`?${query}`, `{"commands":[${item}]}`, { path: `${BATCHES}?${query}` }),
    ),
    ...bad.CONTENT_TYPES.map((type) =>
      post(type, `{"commands":[${item}]}`, { headers: { 'content-type': type }, status: [415] }),
    ),
    ...['GET', 'PUT', 'PATCH', 'DELETE'].map((method) =>
      post(method, '', { method, headers: {}, status: [405] }),
    ),
    ...badStatuses(places),
  ];
}

function badStatuses({ id }: Places): BadRequest[] {
  const get = (path: string, more: Partial<BadRequest> = {}): BadRequest => ({
    name: `commandStatus: ${short(path)}`,
    method: 'GET',
    path: `${STATUS}/${path}`,
    ...more,
  });
  const keys = ['a%20b', '%C3%A4', '%00', 'x'.repeat(129), '%09', 'a%0Ab'];
  return [
    ...keys.map((key) => get(`${key}?accountId=${id}`)),
    ...bad.IDS.filter((text) => !/^[?#]/.test(text)).map((text) => get(`k?accountId=${text}`)),
    ...[
      'x=1',
      `accountId=${id}&accountId=${id}`,
      `accountId[]=${id}`,
      'dryRun=true',
      'source=',
      'source=a&source=b',
      'source[]=a',
    ].map((query) => get(`k?${query}`)),
    get(`never-sent?accountId=${id}`, { status: [404] }),
    get('never-sent', { status: [404] }),
    ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => get('k', { method, status: [405] })),
  ];
}

/** Bad requests for a transfer by its id, and what its members cannot be together. */
export function badTransfers({ id, other, transferId, pendingId }: Places): BadRequest[] {
  const get = (path: string, more: Partial<BadRequest> = {}): BadRequest => ({
    name: `getTransfer: ${short(path)}`,
    method: 'GET',
    path: `/v1/transfers/${path}`,
    ...more,
  });
  const post = (path: string, body: string, more: Partial<BadRequest> = {}): BadRequest => ({
    name: `POST ${path}: ${body}`,
    method: 'POST',
    path,
    headers: JSON_TYPE,
    body,
    ...more,
  });
  const legs = `"fromAccountId":"${id}","toAccountId":"${other}","amount":"1.00"`;
  const time = '"expiresAt":"2099-01-31T12:00:00Z"';
  const read = { path: '/v1/transfers/{transferId}' };
  return [
    ...bad.IDS.filter((id) => id !== '').map((id) =>
      get(pathOf(read, '', id).slice('/v1/transfers/'.length), { status: [400, 404] }),
    ),
    ...['x=1', 'dryRun=true', '__proto__=1', 'minVersion=1'].map((query) =>
      get(`${transferId}?${query}`),
    ),
    ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) =>
      get(transferId, { method, status: [405] }),
    ),
    post('/v1/transfers', `{${legs},${time}}`, { at: '/expiresAt' }),
    post('/v1/transfers', `{${legs},"pending":false,${time}}`, { at: '/expiresAt' }),
    post('/v1/transfers', `{${legs},"pending":true,"expiresAt":"2020-01-01T00:00:00Z"}`, {
      at: '/expiresAt',
    }),
    post(`/v1/transfers/${pendingId}/capture`, '{"amount":"1.01"}', { status: [422] }),
    ...['capture', 'void'].flatMap((end) => [
      post(`/v1/transfers/${id}/${end}`, '{}', { status: [404] }),
      post(`/v1/transfers/${transferId}/${end}`, '{}', { status: [404, 409] }),
      ...['GET', 'PUT', 'PATCH', 'DELETE'].map((method) =>
        get(`${pendingId}/${end}`, { method, status: [405] }),
      ),
    ]),
  ];
}
