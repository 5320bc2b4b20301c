import { QUERY_API_OPERATIONS } from '../../contracts/catalogue.ts';
import * as bad from './bad-values.ts';
import { known, pathOf, short } from './contract-corpus.ts';
import type { BadRequest } from './corpus.ts';

const QUERY_VALUES: Readonly<Record<string, readonly string[]>> = {
  minVersion: bad.NUMBERS_IN_QUERIES,
  fromVersion: bad.NUMBERS_IN_QUERIES,
  limit: [...bad.NUMBERS_IN_QUERIES, '501'],
  cursor: bad.CURSORS,
  ownerId: bad.OWNERS_IN_QUERIES,
  status: ['', 'Open', 'opened', 'open,frozen', 'null', '%00', '$ne'],
  currency: ['', 'czk', 'CZ', 'CZKK', 'XXX', 'XAU', 'null', '%00', 'CZK,EUR', '__proto__'],
  name: ['', '%00', '%0a', '%E2%80%AE', '%20x', 'x%20', 'x'.repeat(101)],
  reference: ['', '%00', '%0a', '%E2%80%AE', '%20', 'x'.repeat(101)],
  kind: ['', 'Internal', 'bank', 'internal%00'],
  code: ['', '%00', '10%2021', '.1', '1'.repeat(33)],
  externalId: ['', '%00', '%0a', '%E2%80%AE', '%20', 'x'.repeat(101)],
  email: ['', 'x', 'x@', '@x', 'a%20b@c.cz', '%00', '%0a', `${'x'.repeat(300)}@x.cz`],
  idempotencyKey: ['', '%00', '%0a', '%C5%BE', 'x'.repeat(129)],
  valueDate: ['', '2026-02-30', '2026-1-1', '2026-11-30T00:00:00Z', '30.11.2026', 'null', '%00'],
  accountId: ['', 'x', '%00', '0'.repeat(36), '0'.repeat(20), 'null', '..', '$ne'],
  type: ['', 'x', 'Money-Deposited', 'money-deposited,', 'money-deposited;hold-placed', '%00'],
  direction: ['', 'up', 'CREDIT', 'credit,debit', 'null', '%00'],
  from: bad.TIMES_IN_QUERIES,
  to: bad.TIMES_IN_QUERIES,
  fromTx: bad.NUMBERS_IN_QUERIES,
  toTx: bad.NUMBERS_IN_QUERIES,
  at: bad.TIMES_IN_QUERIES,
  version: bad.NUMBERS_IN_QUERIES,
  position: bad.NUMBERS_IN_QUERIES,
  format: ['', 'PDF', 'xml', 'camt.052', 'camt.053.001.08', 'text/csv', 'json,csv', 'null', '%00'],
  subject: bad.SENDERS_IN_QUERIES,
  client: bad.SENDERS_IN_QUERIES,
  object: ['', 'x', '%00', '0'.repeat(36), '$ne', '..'],
  outcome: ['', 'Read', 'read,forbidden', 'null', '%00'],
  lastEventId: bad.NUMBERS_IN_QUERIES.filter((value) => value !== '0'),
};

/** Without these the query is bad anyway, so nothing else would be tried. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  readStatement: { from: '2020-01-01', to: '2020-01-31' },
  readOwnerBalances: { ownerId: 'jana' },
};

/** Bad requests of every query that the contract has, of an account that exists. */
export const badQueries = (accountId: string): BadRequest[] =>
  QUERY_API_OPERATIONS.flatMap((operation) => {
    const path = pathOf(operation, accountId);
    const names = Object.keys(operation.query ?? {});
    const needed = NEEDED[operation.id] ?? {};
    const isNeedy = Object.keys(needed).length > 0;
    const ask = (what: string, at: string, more: Partial<BadRequest> = {}): BadRequest => ({
      name: `${operation.id}: ${what}`,
      method: 'GET',
      path: at,
      ...more,
    });
    const queries = names.flatMap((name) => [
      ...known(QUERY_VALUES, name).map((value) => `${name}=${value}`),
      `${name}=1&${name}=1`,
      `${name}[]=1`,
      `${name}[x]=1`,
      `${name.toUpperCase()}=1`,
      name,
    ]);
    const unknown = ['x=1', '__proto__=1', 'constructor=1', 'dryRun=true', '%00=1', 'toString'];
    const inId = operation.path.includes('{id}')
      ? [...bad.IDS.filter((id) => id !== ''), accountId.replaceAll('-', '')]
      : [];
    const inPersonId = operation.path.includes('{personId}')
      ? bad.IDS.filter((id) => id !== '')
      : [];
    return [
      ...queries.map((query) => ask(`?${short(query)}`, `${path}?${complete(query, needed)}`)),
      ...unknown.map((query) => ask(`?${query}`, `${path}?${complete(query, needed)}`)),
      ...inPersonId.map((id) =>
        ask(`personId ${short(id)}`, pathOf(operation, '', id), { status: [400, 404] }),
      ),
      ...inId.map((id) => ask(`id ${short(id)}`, pathOf(operation, id), { status: [400, 404] })),
      ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) =>
        ask(method, path, { method, status: [405] }),
      ),
      ...(isNeedy ? [ask('nothing', path)] : []),
    ];
  });

/** Adds what the operation needs besides the parameter that is tried. */
const complete = (query: string, needed: Readonly<Record<string, string>>): string => {
  const rest = Object.entries(needed).filter(([name]) => !query.startsWith(name));
  return [...rest.map(([name, value]) => `${name}=${value}`), query].join('&');
};
