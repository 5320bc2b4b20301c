import { tagOf, type Operation } from './openapi.ts';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
const BASE_URL = 'http://127.0.0.1:3000';
/** By the name of a parameter in a path: the variable of the collection that fills it in. */
const VARIABLES: Readonly<Record<string, string>> = {
  id: 'accountId',
  holdId: 'holdId',
  transferId: 'transferId',
  transactionId: 'transactionId',
  personId: 'personId',
  approvalId: 'approvalId',
  idempotencyKey: 'idempotencyKey',
  version: 'version',
};

/** What a collection is made of. */
export interface CollectionParts {
  readonly title: string;
  readonly operations: readonly Operation[];
  /** A body for each operation that takes one, by its id. */
  readonly examples: Readonly<Record<string, object>>;
}

const PARAMETER = /^\{(\w+)\}$/;

function variableOf(name: string): string {
  const variable = VARIABLES[name];
  if (variable === undefined) throw new Error(`no variable of the collection fills in ${name}`);
  return variable;
}

function requestOf(operation: Operation, example: object | undefined): object {
  const { method, path, id, summary, description, query = {} } = operation;
  const parts = path.slice(1).split('/');
  const named = parts.flatMap((part) => PARAMETER.exec(part)?.[1] ?? []);
  const headers = Object.keys(operation.headers ?? {});
  return {
    name: summary,
    request: {
      method: method.toUpperCase(),
      description: [id, description].filter((text) => text !== undefined).join('\n\n'),
      // A key of its own for each request, and the others where somebody wants them.
      header: headers.map((key) => ({
        key,
        value: key === 'Idempotency-Key' ? '{{$guid}}' : '',
        disabled: key !== 'Idempotency-Key',
      })),
      url: {
        raw: `{{baseUrl}}/${parts.map((part) => part.replace(PARAMETER, ':$1')).join('/')}`,
        host: ['{{baseUrl}}'],
        path: parts.map((part) => part.replace(PARAMETER, ':$1')),
        query: Object.keys(query).map((key) => ({ key, value: '', disabled: true })),
        variable: named.map((key) => ({ key, value: `{{${variableOf(key)}}}` })),
      },
      ...(example === undefined
        ? {}
        : {
            body: {
              mode: 'raw',
              raw: JSON.stringify(example, null, 2),
              options: { raw: { language: 'json' } },
            },
          }),
    },
  };
}

/**
 * The operations as a collection (format 2.1) that Postman, Bruno and Insomnia import: grouped as
 * in the API document, with the same examples, a key for each command, and variables for the
 * address, the token and the ids.
 */
export function collection({ title, operations, examples }: CollectionParts): object {
  const groups = [...new Set(operations.map(({ path }) => tagOf(path)))];
  const variables = [...new Set(Object.values(VARIABLES))];
  return {
    info: { name: title, schema: SCHEMA },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
    variable: [
      { key: 'baseUrl', value: BASE_URL },
      ...['token', ...variables].map((key) => ({ key, value: '' })),
    ],
    item: groups.map((name) => ({
      name,
      item: operations
        .filter(({ path }) => tagOf(path) === name)
        .map((operation) => requestOf(operation, examples[operation.id])),
    })),
  };
}
