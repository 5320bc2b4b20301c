import { z } from 'zod';
import { loggedEventSchema } from './events.ts';
import { FILTER_LINES_MAX, historyFilters } from './history-filters.ts';
import { LIVE_EVENTS_OPERATION } from './live-events.ts';
import type { Operation } from './openapi.ts';
import { accountAnswer } from './outcomes.ts';
import { balanceAnswer, balanceQuery, PAST_BALANCE } from './past-balance.ts';
import { idParams } from './path-params.ts';
import { limitText, minVersion, versionText } from './query-params.ts';
import { historyEntry } from './read-models.ts';
import { STATEMENT_OPERATION } from './statements.ts';
import { clientOwnerText } from './texts.ts';
import { positionNumber } from './topics.ts';

export const PAGE_ITEMS_MAX = 100;
export const PAGE_ITEMS_DEFAULT = 20;
export const EVENTS_ITEMS_MAX = 500;
/** How long a query waits for the version that it asks for. */
export const VERSION_WAIT_MS = 2_000;
const CURSOR_CHARACTERS_MAX = 200;

const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, 'must be a cursor that an answer gave')
  .max(CURSOR_CHARACTERS_MAX)
  .optional()
  .meta({ description: 'nextCursor of the page before' });
const limit = limitText(PAGE_ITEMS_MAX);
export const pageQuery = { limit, cursor };

export const accountQuery = z.strictObject({ minVersion });
export const historyQuery = z.strictObject({ limit, cursor, minVersion, ...historyFilters });
export const accountsQuery = z.strictObject({ ownerId: clientOwnerText, limit, cursor });
export const eventsQuery = z.strictObject({
  fromVersion: versionText('the first version wanted, 1 when missing'),
  limit: limitText(EVENTS_ITEMS_MAX),
});

export const nextCursor = z.string().nullable();

export const historyAnswer = z.strictObject({
  accountId: z.string(),
  /** The account's version: a first page begins with it. */
  version: z.int().min(1),
  items: z.array(historyEntry),
  nextCursor,
});
export type HistoryAnswer = z.infer<typeof historyAnswer>;

/** An account that is set aside is listed as it was last known to be right, not as it is now. */
const listedAccount = accountAnswer.extend({ setAside: z.literal(true).optional() });
export type ListedAccount = z.infer<typeof listedAccount>;
export const accountsAnswer = z.strictObject({ items: z.array(listedAccount), nextCursor });
export type AccountsAnswer = z.infer<typeof accountsAnswer>;

const placed = { position: positionNumber };
const [first, ...others] = loggedEventSchema.options;
/** An event as the log has it, with its place in the log. */
export const accountEvent = z.discriminatedUnion('type', [
  first.extend(placed),
  ...others.map((option) => option.extend(placed)),
]);

export const eventsAnswer = z.strictObject({
  accountId: z.string(),
  /** The last version of the account in the log. */
  version: z.int().min(1),
  items: z.array(accountEvent),
  nextFromVersion: z.int().min(2).nullable(),
});
export type EventsAnswer = z.infer<typeof eventsAnswer>;

const ETAG = { ETag: 'the version of the account, in double quotes' };
const common = { method: 'get', params: idParams, status: 200 } as const;

/** What queries-bank-api serves. */
export const QUERY_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    path: '/v1/accounts/{id}',
    id: 'readAccount',
    summary: 'An account with its balance',
    query: accountQuery.shape,
    answer: accountAnswer,
    answerHeaders: ETAG,
    problems: ['account-not-found', 'account-set-aside', 'version-not-reached'],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/balance',
    id: 'readBalance',
    summary: 'The balance of an account, now or at any point of its past',
    description: PAST_BALANCE,
    query: balanceQuery.shape,
    answer: balanceAnswer,
    answerHeaders: { ETag: `${ETAG.ETag}; not of a past balance` },
    problems: [
      'account-not-found',
      'account-not-opened-yet',
      'account-set-aside',
      'event-not-found',
      'version-not-reached',
    ],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/history',
    id: 'readHistory',
    summary: 'What happened to an account, newest first',
    description:
      `Filters work on pages: an answer looks at ${FILTER_LINES_MAX} lines at most, so it may ` +
      'have fewer items than limit, even none, and a nextCursor: go on until that is null. ' +
      '"from" ends the search early; where "to" begins is found in the log. A cursor keeps its ' +
      'filters: with others it is refused.',
    query: historyQuery.shape,
    answer: historyAnswer,
    answerHeaders: ETAG,
    problems: ['account-not-found', 'account-set-aside', 'version-not-reached'],
  },
  {
    method: 'get',
    path: '/v1/accounts',
    id: 'listAccounts',
    summary: 'The accounts of an owner, in the order in which they were opened',
    query: accountsQuery.shape,
    status: 200,
    answer: accountsAnswer,
    problems: [],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/events',
    id: 'readEvents',
    summary: 'The events of an account from the immutable log, oldest first',
    query: eventsQuery.shape,
    answer: eventsAnswer,
    answerHeaders: ETAG,
    problems: ['account-not-found'],
  },
  { ...LIVE_EVENTS_OPERATION, params: idParams },
  STATEMENT_OPERATION,
];
