import { Router, type Express, type RequestHandler, type Request, type Response } from 'express';
import { balanceQuery, type BalanceAnswer } from '../contracts/account/queries.ts';
import * as queries from '../contracts/account/queries.ts';
import { apiDocument, QUERY_API_OPERATIONS } from '../contracts/catalogue.ts';
import type { AccountAnswer } from '../contracts/account/outcomes.ts';
import { READ_SIDE_ACCOUNT } from '../contracts/log/audit.ts';
import type { AccountModel } from '../contracts/account/read-models.ts';
import type { LogProofs } from '../contracts/log/log-proofs.ts';
import { accountList } from './accounts/account-list.ts';
import { ownerBalances } from './accounts/owner-balances.ts';
import { problemPages } from '../platform/http/problem-pages.ts';
import { docs, type DocsMode } from '../platform/http/docs.ts';
import { auditorMayKnow, health, operatorMayKnow, type Check } from '../platform/http/health.ts';
import { createApp, Failure, finish, sameToken } from '../platform/http/http.ts';
import { createMetrics, measureRequests, serveMetrics } from '../platform/http/metrics.ts';
import { recordRefusals } from '../platform/http/recorded-refusals.ts';
import type { Logger } from '../platform/logger.ts';
import type { RecordAccess } from '../platform/access-reports.ts';
import { listAccess, type FindAccess } from './log/access-answers.ts';
import { auditAnswers, type Audit } from './log/audit-answers.ts';
import { idParams } from '../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../platform/http/requests.ts';
import type { Gate } from '../platform/http/gate.ts';
import { serve, type Handlers } from '../platform/http/serve.ts';
import type { EventStreams } from './log/event-streams.ts';
import { readHistory, type HistoryPorts } from './history/history-answers.ts';
import { listHolds } from './history/hold-answers.ts';
import type { ListView } from './lists/list-view.ts';
import { readBankStatus, type BankStatusPorts } from './log/bank-status.ts';
import { listTransactions } from './lists/transaction-list.ts';
import { listTransfers } from './lists/transfer-list.ts';
import { queryLimits, type QueryApiLimits } from './limits.ts';
import { LatestVersions } from './log/account-log.ts';
import { balanceAtTime, balanceOfVersion } from './accounts/past-balance.ts';
import { ownObjects, shownTo } from './own-objects.ts';
import { personAnswers, type PersonPorts } from './persons/person-answers.ts';
import { proofAnswers } from './log/proof-answers.ts';
import { Unavailable } from './read-models/read-models.ts';
import { readRefusals } from './history/refusal-answers.ts';
import { statementAnswers } from './statements/statement-answers.ts';
import { accountAt, RETRY_AFTER, tag } from './read-your-writes.ts';

/** What the query API needs. */
export interface QueryApiPorts extends HistoryPorts, Pick<BankStatusPorts, 'backlog' | 'version'> {
  readonly streams: EventStreams;
  readonly lists: ListView;
  readonly persons: Omit<PersonPorts, 'record'>;
  /** Hears what is refused for want of a right, and whose personal data is shown. */
  readonly record: RecordAccess;
  readonly access: FindAccess;
  readonly audit: Audit;
  readonly proofs: LogProofs;
  readonly gate: Gate;
  readonly docs?: DocsMode;
  /** Of web pages that may call it. */
  readonly origins?: readonly string[];
  /** The defaults when missing. */
  readonly limits?: QueryApiLimits;
  /** Whose access tokens the gate takes, for the documentation. */
  readonly issuer?: string;
  /** What the sidecar shows; without it no other service is served. */
  readonly appToken?: string;
  readonly checks: Readonly<Record<string, Check>>;
  readonly logger: Logger;
}

/** Gives the answer, which is sent as JSON. */
type Ask = (request: Request, response: Response) => Promise<unknown>;
/** Sends the answer itself. */
type Handle = (request: Request, response: Response) => Promise<void>;

/** The query API: answers from the read models and from the log. */
export function queryApi(ports: QueryApiPorts): Express {
  const app = createApp({ logger: ports.logger, clients: { origins: ports.origins ?? [] } });
  const personPorts = { ...ports.persons, record: ports.record };
  const persons = personAnswers(personPorts);
  const { json, lines } = proofAnswers(ports.proofs);
  const asks: Readonly<Record<string, Ask>> = {
    listAccounts: listAccounts(ports),
    readOwnerBalances: ownerBalances(ports),
    readAccount: readAccount(ports),
    readBalance: readBalance(ports),
    readHistory: readHistory(ports),
    listHolds: listHolds(ports),
    listTransfers: listTransfers(ports),
    listTransactions: listTransactions(ports),
    readEvents: readEvents(ports),
    readRefusals: readRefusals(ports.log),
    listPersons: persons.list,
    readPerson: persons.one,
    readStatus: readBankStatus(ports),
    ...auditAnswers(ports.audit),
    listAccess: listAccess(ports.access),
    ...json,
  };
  const writes: Readonly<Record<string, Handle>> = {
    streamEvents: ports.streams.handle,
    readStatement: statementAnswers({ ...ports, persons: personPorts }),
    ...lines,
  };
  const own = ownObjects(ports);
  const metrics = createMetrics();
  const handlers = { ...each(asks, answered), ...each(writes, reached) };
  serve(app, QUERY_API_OPERATIONS, handlers, {
    gate: ports.gate,
    measure: measureRequests(metrics),
    admit: queryLimits(ports.limits),
    guard: ({ access }) => reached(own(access.object)),
    onRefusal: recordRefusals(ports.record),
  });
  if (ports.appToken !== undefined) sidecarRoutes(app, ports.appToken, asks['readAccount']!);
  const mayKnow = auditorMayKnow(ports.gate, operatorMayKnow(ports.appToken));
  health(app, ports.checks, mayKnow);
  serveMetrics(app, metrics, mayKnow);
  const title = 'Core Bank: queries';
  const document = () => apiDocument(title, QUERY_API_OPERATIONS, ports.issuer);
  problemPages(app);
  docs(app, title, document, ports.docs ?? 'off');
  finish(app, ports.logger);
  return app;
}

/** What other services ask, through the sidecar, which shows the app's token. */
function sidecarRoutes(app: Express, appToken: string, readAccount: Ask): void {
  const routes = Router();
  const path = READ_SIDE_ACCOUNT.path.replace('{accountId}', ':id');
  routes.get(path, (request, response, next) => {
    const isKnown = sameToken(appToken, request.headers['dapr-api-token']);
    if (!isKnown) return next(new Failure('route-not-found'));
    return answered(readAccount)(request, response, next);
  });
  app.use(routes);
}

/** Handlers of many operations, each made the same way. */
export const each = <Answer>(
  answers: Readonly<Record<string, Answer>>,
  served: (answer: Answer) => RequestHandler,
): Handlers =>
  Object.fromEntries(Object.entries(answers).map(([id, answer]) => [id, served(answer)]));

/** Answers the result of the question as JSON, or 503 while it cannot be answered. */
export const answered = (ask: Ask): RequestHandler =>
  reached(async (request, response) => void response.json(await ask(request, response)));

/** Answers 503 with Retry-After for what is temporarily not available. */
export const reached =
  (handle: RequestHandler): RequestHandler =>
  async (request, response, next) => {
    try {
      await handle(request, response, next);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const parts = { detail: 'Send the query again.' };
      throw new Failure('service-unavailable', parts, RETRY_AFTER, { cause: error });
    }
  };

function readAccount(ports: QueryApiPorts): Ask {
  return async (request, response) => {
    const id = paramOf(request, idParams, 'id');
    const { minVersion } = queryOf(queries.accountQuery, request);
    const account = await accountAt(ports, id, minVersion);
    tag(response, account.version);
    return accountAnswerOf(ports, account);
  };
}

function readBalance(ports: QueryApiPorts): Ask {
  const { log, logger } = ports;
  const past = { ...ports, latestVersions: new LatestVersions(log, logger) };
  return async (request, response): Promise<BalanceAnswer> => {
    const id = paramOf(request, idParams, 'id');
    const { minVersion, at, version } = queryOf(balanceQuery, request);
    if (at !== undefined && version !== undefined) {
      throw invalid('query/version', 'must not be given together with "at"');
    }
    if (minVersion !== undefined && (at ?? version) !== undefined) {
      throw invalid('query/minVersion', 'is about the newest balance, not about a past one');
    }
    if (version !== undefined) return balanceOfVersion(past, id, version);
    if (at !== undefined) return balanceAtTime(past, id, at);
    const account = await accountAt(ports, id, minVersion);
    tag(response, account.version);
    return balanceAnswerOf(account);
  };
}

/** The account without what the read side keeps for itself. */
async function accountAnswerOf(
  { accounts }: QueryApiPorts,
  account: AccountModel,
): Promise<AccountAnswer> {
  const { position: _position, ownerIndex: _place, index: _among, ...shown } = account;
  const { metadataVersion: _said, setAside: _fault, reversals: _count, ...more } = shown;
  const { detailsVersion: _details, statusVersion: _status, openHolds: _holds, ...answer } = more;
  const metadata = await accounts.metadataOf(account);
  return metadata === undefined ? answer : { ...answer, metadata };
}

function balanceAnswerOf(account: AccountModel): BalanceAnswer {
  const { accountId, currency, version, at, balance } = account;
  return { accountId, currency, version, at, ...balance };
}

function listAccounts(ports: QueryApiPorts): Ask {
  const list = accountList(ports);
  return async (request): Promise<queries.AccountsAnswer> => {
    const { found, nextCursor } = await list(request);
    const items = await Promise.all(
      found.map(async (account): Promise<queries.ListedAccount> => {
        const item = await accountAnswerOf(ports, account);
        return account.setAside === undefined ? item : { ...item, setAside: true };
      }),
    );
    return { items, nextCursor };
  };
}

function readEvents({ log }: QueryApiPorts): Ask {
  return async (request, response): Promise<queries.EventsAnswer> => {
    const accountId = paramOf(request, idParams, 'id');
    const query = queryOf(queries.eventsQuery, request);
    const { fromVersion = 1, limit = queries.PAGE_ITEMS_DEFAULT } = query;
    const { entries, headVersion } = await log.events(accountId, fromVersion, limit);
    if (headVersion === 0) throw new Failure('account-not-found');
    tag(response, headVersion);
    const items = shownTo(
      request,
      entries.map(({ position, event }) => ({ position, ...event })),
    );
    const last = items.at(-1)?.version ?? headVersion;
    const nextFromVersion = last < headVersion ? last + 1 : null;
    return { accountId, version: headVersion, items, nextFromVersion };
  };
}
