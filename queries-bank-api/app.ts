import { setTimeout as sleep } from 'node:timers/promises';
import type { Express, RequestHandler, Request, Response } from 'express';
import * as queries from '../contracts/queries.ts';
import { openApi } from '../contracts/openapi.ts';
import { PERSON_QUERIES } from '../contracts/person-queries.ts';
import type { AccountAnswer } from '../contracts/outcomes.ts';
import type { AccountModel, HistoryEntry } from '../contracts/read-models.ts';
import type { AccountId } from '../domain/ids.ts';
import { docs } from '../platform/docs.ts';
import { health, type Check } from '../platform/health.ts';
import { createApp, Failure, finish, onlyMethods } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { AccountLog } from './account-log.ts';
import type { AccountView } from './account-view.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { HistoryView } from './history-view.ts';
import { personAnswers, type PersonPorts } from './person-answers.ts';
import { Unavailable } from './read-models.ts';
import { accountOf, invalid, queryOf } from './requests.ts';

const OPERATIONS = [...queries.QUERY_OPERATIONS, ...PERSON_QUERIES];
const LOOK_AGAIN_MS = 20;
/** Requests that may wait for a version at the same time; more are answered at once. */
const WAITING_MAX = 1_000;
const RETRY_AFTER = { 'Retry-After': '1' };

export interface QueryApiPorts {
  readonly accounts: AccountView;
  readonly history: HistoryView;
  readonly persons: PersonPorts;
  readonly log: AccountLog;
  readonly checks: Readonly<Record<string, Check>>;
  readonly logger: Logger;
  readonly waitMs?: number;
}

type Ask = (request: Request, response: Response) => Promise<unknown>;

/** The query API: answers from the read models and from the log. */
export function queryApi(ports: QueryApiPorts): Express {
  const app = createApp({ logger: ports.logger });
  app.get('/v1/accounts', answered(listAccounts(ports)));
  app.get('/v1/accounts/:id', answered(readAccount(ports, accountAnswerOf)));
  app.get('/v1/accounts/:id/balance', answered(readAccount(ports, balanceAnswerOf)));
  app.get('/v1/accounts/:id/history', answered(readHistory(ports)));
  app.get('/v1/accounts/:id/events', answered(readEvents(ports)));
  const persons = personAnswers(ports.persons);
  app.get('/v1/persons', answered(persons.list));
  app.get('/v1/persons/:personId', answered(persons.one));
  for (const { path } of OPERATIONS) {
    onlyMethods(app, path.replaceAll(/\{(\w+)\}/g, ':$1'), ['GET', 'HEAD']);
  }
  health(app, ports.checks);
  docs(app, openApi('Core Bank: queries', OPERATIONS));
  finish(app, ports.logger);
  return app;
}

const answered =
  (ask: Ask): RequestHandler =>
  async (request, response) => {
    try {
      response.json(await ask(request, response));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      throw new Failure('service-unavailable', { detail: 'Send the query again.' }, RETRY_AFTER);
    }
  };

const tag = (response: Response, version: number): void => {
  response.set('ETag', `"${version}"`);
};

let waiting = 0;

/** Looks until there is something, at most for the time that a query may wait. */
async function waited<T>(
  waitMs: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + waitMs;
  let found = await look();
  if (found !== undefined || waiting >= WAITING_MAX) return found;
  waiting += 1;
  try {
    while (found === undefined && performance.now() < deadline) {
      await sleep(LOOK_AGAIN_MS);
      found = await look();
    }
    return found;
  } finally {
    waiting -= 1;
  }
}

const notReached = (version: number): Failure =>
  new Failure(
    'version-not-reached',
    { detail: `Version ${version} is not there yet. Retry after Retry-After seconds.` },
    RETRY_AFTER,
  );

/** The account, at `minVersion` or later. */
async function accountAt(
  { accounts, log, waitMs = queries.VERSION_WAIT_MS }: QueryApiPorts,
  id: AccountId,
  minVersion = 0,
): Promise<AccountModel> {
  const known = await accounts.account(id);
  if (known !== undefined && known.version >= minVersion) return known;
  if (minVersion === 0) throw new Failure('account-not-found');
  const reached = await waited(waitMs, async () => {
    const account = await accounts.account(id);
    return account !== undefined && account.version >= minVersion ? account : undefined;
  });
  if (reached !== undefined) return reached;
  // Only the log can tell an account that is late from one that is not.
  const isThere = known !== undefined || (await log.events(id, 1, 1)).headVersion > 0;
  throw isThere ? notReached(minVersion) : new Failure('account-not-found');
}

function readAccount(ports: QueryApiPorts, answerOf: (account: AccountModel) => object): Ask {
  return async (request, response) => {
    const id = accountOf(request);
    const { minVersion } = queryOf(queries.accountQuery, request);
    const account = await accountAt(ports, id, minVersion);
    tag(response, account.version);
    return answerOf(account);
  };
}

function accountAnswerOf(account: AccountModel): AccountAnswer {
  const { position: _position, ownerIndex: _place, ...answer } = account;
  return answer;
}

function balanceAnswerOf(account: AccountModel): queries.BalanceAnswer {
  const { accountId, currency, version, at, balance } = account;
  return { accountId, currency, version, at, ...balance };
}

function readHistory(ports: QueryApiPorts): Ask {
  return async (request, response): Promise<queries.HistoryAnswer> => {
    const accountId = accountOf(request);
    const query = queryOf(queries.historyQuery, request);
    const { limit = queries.PAGE_ITEMS_DEFAULT } = query;
    const list = `history/${accountId}`;
    const place = query.cursor === undefined ? undefined : readCursor(list, query.cursor);
    const account = await accountAt(ports, accountId, query.minVersion);
    const { version } = account;
    const isForeign = query.cursor !== undefined && place === undefined;
    if (isForeign || place === 0 || (place ?? 0) > version) {
      throw invalid('query/cursor', 'must be a cursor that an answer gave');
    }
    const to = place ?? version;
    const from = Math.max(1, to - limit + 1);
    const { waitMs = queries.VERSION_WAIT_MS } = ports;
    const items = await waited<HistoryEntry[]>(waitMs, () =>
      ports.history.lines(accountId, from, to),
    );
    if (items === undefined) throw notReached(to);
    tag(response, version);
    return { accountId, version, items, nextCursor: from > 1 ? writeCursor(list, from - 1) : null };
  };
}

function listAccounts({ accounts }: QueryApiPorts): Ask {
  return async (request): Promise<queries.AccountsAnswer> => {
    const query = queryOf(queries.accountsQuery, request);
    const { ownerId, limit = queries.PAGE_ITEMS_DEFAULT, cursor } = query;
    const list = `accounts/${ownerId}`;
    const from = cursor === undefined ? 0 : readCursor(list, cursor);
    if (from === undefined) throw invalid('query/cursor', 'must be a cursor that an answer gave');
    const found = await accounts.ownedBy(ownerId, from, limit + 1);
    const next = found[limit];
    return {
      items: found.slice(0, limit).map(accountAnswerOf),
      nextCursor: next === undefined ? null : writeCursor(list, next.ownerIndex),
    };
  };
}

function readEvents({ log }: QueryApiPorts): Ask {
  return async (request, response): Promise<queries.EventsAnswer> => {
    const accountId = accountOf(request);
    const query = queryOf(queries.eventsQuery, request);
    const { fromVersion = 1, limit = queries.PAGE_ITEMS_DEFAULT } = query;
    const { entries, headVersion } = await log.events(accountId, fromVersion, limit);
    if (headVersion === 0) throw new Failure('account-not-found');
    tag(response, headVersion);
    const items = entries.map(({ position, event }) => ({ position, ...event }));
    const last = items.at(-1)?.version ?? headVersion;
    const nextFromVersion = last < headVersion ? last + 1 : null;
    return { accountId, version: headVersion, items, nextFromVersion };
  };
}
