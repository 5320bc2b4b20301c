import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Served } from '../platform/http/serve.ts';
import { admission } from '../platform/limits/admission.ts';
import { queryApiConfig, type QueryApiConfig } from './config.ts';

const DEFAULTS = z
  .object(queryApiConfig)
  .pick({
    REQUESTS_MAX: true,
    REQUESTS_PER_CLIENT_MAX: true,
    STREAMS_MAX: true,
    STREAMS_PER_CLIENT_MAX: true,
    STREAMS_PER_ACCOUNT_MAX: true,
    STATEMENTS_MAX: true,
    STATEMENTS_PER_CLIENT_MAX: true,
    SEARCHES_MAX: true,
    SEARCHES_PER_CLIENT_MAX: true,
    EXPORTS_MAX: true,
    EXPORTS_PER_CLIENT_MAX: true,
  })
  .parse({});

/** How much may be under way. */
export type QueryApiLimits = Pick<QueryApiConfig, keyof typeof DEFAULTS>;

/**
 * What lets queries in. A stream costs a socket as long as it is open, a statement holds up to ten
 * thousand events in memory, and exports and walks keep event-source busy, so each has bounds. A
 * search has the actor host open hundreds of persons, or asks the log about hundreds of accounts.
 */
export function queryLimits(
  limits: QueryApiLimits = DEFAULTS,
): (operation: Pick<Served, 'id'>) => RequestHandler {
  const requests = admission({
    what: 'requests',
    total: limits.REQUESTS_MAX,
    perClient: limits.REQUESTS_PER_CLIENT_MAX,
    retryAfterSeconds: 1,
  });
  const exports = admission({
    what: 'exports',
    total: limits.EXPORTS_MAX,
    perClient: limits.EXPORTS_PER_CLIENT_MAX,
    retryAfterSeconds: 5,
  });
  const searches = admission({
    what: 'searches',
    total: limits.SEARCHES_MAX,
    perClient: limits.SEARCHES_PER_CLIENT_MAX,
    retryAfterSeconds: 1,
  });
  const searchesWith =
    (...names: readonly string[]): RequestHandler =>
    (request, response, next) => {
      const isSearch = names.some((name) => request.query[name] !== undefined);
      return (isSearch ? searches : requests)(request, response, next);
    };
  const ofTheirOwn: Readonly<Record<string, RequestHandler>> = {
    streamEvents: admission({
      what: 'streams',
      total: limits.STREAMS_MAX,
      perClient: limits.STREAMS_PER_CLIENT_MAX,
      perObject: limits.STREAMS_PER_ACCOUNT_MAX,
      retryAfterSeconds: 5,
    }),
    readStatement: admission({
      what: 'statements',
      total: limits.STATEMENTS_MAX,
      perClient: limits.STATEMENTS_PER_CLIENT_MAX,
      retryAfterSeconds: 1,
    }),
    listPersons: searchesWith('name', 'email', 'externalId'),
    readOwnerBalances: searchesWith('at'),
    exportAccount: exports,
    exportRefusals: exports,
    walkLog: exports,
  };
  return ({ id }) => ofTheirOwn[id] ?? requests;
}
