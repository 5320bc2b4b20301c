import type { Operation } from '../http/openapi.ts';
import { idParams, minVersion, versionText, limitText } from '../http/parameters.ts';
import {
  clientOwnerText,
  clientTexts,
  codeText,
  currencyText,
  writtenId,
  writtenTime,
} from '../http/scalars.ts';
import { LIVE_EVENTS_OPERATION } from '../log/live-events.ts';
import { positionNumber } from '../log/topics.ts';
import { loggedEventSchema } from './events.ts';
import { timeText, FILTER_LINES_MAX, historyFilters } from './history-filters.ts';
import { balanceSchema } from './money.ts';
import { accountAnswer } from './outcomes.ts';
import { historyEntry, type Metadata } from './read-models.ts';
import { refusalEventSchema } from './refusal-events.ts';
import { STATEMENT_OPERATION } from './statements.ts';
import { z } from 'zod';

/** Query of GET /v1/accounts/{id}/balance. */
export const balanceQuery = z.strictObject({
  minVersion,
  // Events have whole milliseconds, so what of the time is finer changes nothing.
  at: timeText(
    'the balance at this time, from the log (RFC 3339; "+" in a query is written %2B)',
    Date.parse,
  ),
  version: versionText('the balance that this version of the account left, from the log'),
});

/** Most accounts of an owner whose balances one answer adds up. */
export const OWNER_BALANCES_ACCOUNTS_MAX = 500;
/** Query of GET /v1/balances. */
export const ownerBalancesQuery = z.strictObject({
  ownerId: clientOwnerText.optional().meta({
    description: 'whose accounts; a customer is shown own ones when it is missing',
  }),
  at: timeText(
    'the balances at this time, from the log (RFC 3339; "+" in a query is written %2B)',
    Date.parse,
  ),
});
const amounts = { ledger: z.string(), held: z.string(), available: z.string() };
/** What all accounts of an owner have together, by currency in the order of their codes. */
export const ownerBalancesAnswer = z.strictObject({
  ownerId: z.string(),
  /** The time that was asked for; missing when the newest balances are added up. */
  at: writtenTime.optional(),
  items: z.array(
    z.strictObject({
      currency: z.string(),
      /** How many accounts, closed ones too. */
      accounts: z.int().min(1),
      ...amounts,
    }),
  ),
});
export type OwnerBalancesAnswer = z.infer<typeof ownerBalancesAnswer>;

/** A balance, now or at a point in the past. */
export const balanceAnswer = z.strictObject({
  accountId: writtenId,
  currency: z.string(),
  version: z.int().min(1),
  /** Time of the event that made this version. */
  at: writtenTime,
  ...balanceSchema.shape,
  /** Of a past balance: where that event stands in the log. */
  position: positionNumber.optional(),
  /** Of a past balance: whether nothing can be added any more before the time asked for. */
  final: z.boolean().optional(),
});
export type BalanceAnswer = z.infer<typeof balanceAnswer>;

/** What the API document says about balances of the past. */
const PAST_BALANCE = [
  'Without "at" and "version": the newest balance that the read side has. With one of them: the',
  'balance at that point, read from the immutable log. "at" is the clock of the account (the "at"',
  'of its events, which never goes back); an event of exactly that time counts. "final" says that',
  'the log holds a later event, so this answer is the same for ever; when it is false, something',
  'that was decided by that time may still be on its way to the log. A version that the log does',
  'not have yet is waited for, up to 2 s.',
].join(' ');

/** Most items of one page. */
const PAGE_ITEMS_MAX = 100;
/** Items of one page when the query has no limit. */
export const PAGE_ITEMS_DEFAULT = 20;
/** Most events of one page. */
const EVENTS_ITEMS_MAX = 500;
/** How long a query waits for the version that it asks for, in milliseconds. */
export const VERSION_WAIT_MS = 2_000;
const CURSOR_CHARACTERS_MAX = 200;

const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, 'must be a cursor that an answer gave')
  .max(CURSOR_CHARACTERS_MAX)
  .optional()
  .meta({ description: 'nextCursor of the page before' });
const limit = limitText(PAGE_ITEMS_MAX);
/** Query members of a paged answer. */
export const pageQuery = { limit, cursor };

/** Query of GET /v1/accounts/{id}. */
export const accountQuery = z.strictObject({ minVersion });
/** Query of GET /v1/accounts/{id}/history. */
export const historyQuery = z.strictObject({ limit, cursor, minVersion, ...historyFilters });
/** Most accounts that one answer with filters looks at. */
export const FILTER_ACCOUNTS_MAX = 512;
/** Query of GET /v1/accounts, besides its members metadata.KEY. */
export const accountsQuery = z.strictObject({
  ownerId: clientOwnerText.optional().meta({ description: 'only accounts of this owner' }),
  status: accountAnswer.shape.status
    .optional()
    .meta({ description: 'only accounts that are open, frozen or closed now' }),
  currency: currencyText.optional().meta({ description: 'only accounts in this currency' }),
  externalId: clientTexts.externalId
    .optional()
    .meta({ description: 'only accounts that another system calls so' }),
  name: clientTexts.name.optional().meta({ description: 'only accounts with exactly this name' }),
  kind: z
    .enum(['customer', 'internal'])
    .optional()
    .meta({ description: 'only accounts of customers, or of the bank itself' }),
  code: codeText
    .optional()
    .meta({ description: 'only accounts with this code of the chart of accounts' }),
  limit,
  cursor,
});
/** The members metadata.KEY of the same query: each names a key and the value it must have. */
export const metadataFilters = clientTexts.metadata;
/** What an account must have to be listed. */
export type AccountFilters = Readonly<
  Pick<
    z.infer<typeof accountsQuery>,
    'status' | 'currency' | 'name' | 'externalId' | 'kind' | 'code'
  >
> & { readonly ownerId?: string | undefined; readonly metadata?: Metadata | undefined };
/** Query of GET /v1/accounts/{id}/events. */
export const eventsQuery = z.strictObject({
  fromVersion: versionText('the first version wanted, 1 when missing'),
  limit: limitText(EVENTS_ITEMS_MAX),
});

/** Cursor of the next page; null on the last one. */
export const nextCursor = z.string().nullable();

/** A page of an account's history, newest first. */
export const historyAnswer = z.strictObject({
  accountId: writtenId,
  /** The account's version: a first page begins with it. */
  version: z.int().min(1),
  items: z.array(historyEntry),
  nextCursor,
});
export type HistoryAnswer = z.infer<typeof historyAnswer>;

/** An account that is set aside is listed as it was last known to be right, not as it is now. */
export const listedAccount = accountAnswer.extend({ setAside: z.literal(true).optional() });
export type ListedAccount = z.infer<typeof listedAccount>;
/** A page of accounts, in the order in which they were opened. */
const accountsAnswer = z.strictObject({ items: z.array(listedAccount), nextCursor });
export type AccountsAnswer = z.infer<typeof accountsAnswer>;

const placed = { position: positionNumber };
const [first, ...others] = loggedEventSchema.options;
/** An event as the log has it, with its position in the log. */
export const accountEvent = z.discriminatedUnion('type', [
  first.extend(placed),
  ...others.map((option) => option.extend(placed)),
]);

/** A page of an account's events, oldest first. */
export const eventsAnswer = z.strictObject({
  accountId: writtenId,
  /** The last version of the account in the log. */
  version: z.int().min(1),
  items: z.array(accountEvent),
  nextFromVersion: z.int().min(2).nullable(),
});
export type EventsAnswer = z.infer<typeof eventsAnswer>;

const ETAG = { ETag: 'the version of the account, in double quotes' };
const common = { method: 'get', params: idParams, status: 200 } as const;

/** What became of a hold. */
const HOLD_STATUSES = ['open', 'captured', 'voided', 'expired'] as const;
export type HoldStatus = (typeof HOLD_STATUSES)[number];

/** Query of GET /v1/accounts/{id}/holds. */
export const holdsQuery = z.strictObject({
  status: z
    .enum(HOLD_STATUSES)
    .optional()
    .meta({ description: 'open when missing; the others are listed by their ends' }),
  ...pageQuery,
  minVersion,
});
/** A hold: as it was placed when it is open, as it ended otherwise. */
const listedHold = historyEntry
  .pick({
    version: true,
    amount: true,
    currency: true,
    description: true,
    reference: true,
    metadata: true,
    valueDate: true,
    at: true,
  })
  .extend({
    holdId: writtenId,
    status: z.enum(HOLD_STATUSES),
    expiresAt: writtenTime.optional(),
  });
export type ListedHold = z.infer<typeof listedHold>;
/** A page of an account's holds, newest first. */
const holdsAnswer = z.strictObject({
  accountId: writtenId,
  version: z.int().min(1),
  items: z.array(listedHold),
  nextCursor,
});
export type HoldsAnswer = z.infer<typeof holdsAnswer>;

/** The operations of queries-bank-api on accounts. */
export const QUERY_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    path: '/v1/accounts/{id}',
    id: 'readAccount',
    access: { scope: 'accounts:read', object: 'account' },
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
    access: { scope: 'accounts:read', object: 'account' },
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
    access: { scope: 'accounts:read', object: 'account' },
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
    ...common,
    path: '/v1/accounts/{id}/holds',
    id: 'listHolds',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'The holds of an account that are open, or that ended in one way, newest first',
    description:
      'Open holds are found at once. Ended ones are found in the history, of which an answer ' +
      `looks at ${FILTER_LINES_MAX} lines at most, so it may have fewer items than limit, even ` +
      'none, and a nextCursor: go on until that is null.',
    query: holdsQuery.shape,
    answer: holdsAnswer,
    answerHeaders: ETAG,
    problems: ['account-not-found', 'account-set-aside', 'version-not-reached'],
  },
  {
    method: 'get',
    path: '/v1/accounts',
    id: 'listAccounts',
    access: { scope: 'accounts:read', object: 'accounts' },
    summary: 'Accounts, of one owner or of all, in the order in which they were opened',
    description:
      'An account is listed when it passes every filter; metadata.KEY=value is one for each key, ' +
      'for example metadata.branch=Brno. There is an index of currency, externalId, name, ' +
      'metadata and of the status frozen or closed. An answer looks at ' +
      `${FILTER_ACCOUNTS_MAX} accounts at most, so it may have fewer items than limit, even ` +
      'none, and a nextCursor: go on until that is null. A cursor keeps its filters: with ' +
      'others it is refused. A customer is shown own accounts.',
    query: accountsQuery.shape,
    status: 200,
    answer: accountsAnswer,
    problems: [],
  },
  {
    method: 'get',
    path: '/v1/balances',
    id: 'readOwnerBalances',
    access: { scope: 'accounts:read', object: 'accounts' },
    summary: 'What the accounts of an owner have together, by currency',
    description:
      'Without "at" the newest balances of the read side are added up, of which each is right at ' +
      'a moment of its own; with it all are as the log has them at that time. An owner may have ' +
      `up to ${OWNER_BALANCES_ACCOUNTS_MAX} accounts.`,
    query: ownerBalancesQuery.shape,
    status: 200,
    answer: ownerBalancesAnswer,
    problems: ['account-set-aside', 'too-many-accounts'],
  },
  {
    ...common,
    path: '/v1/accounts/{id}/events',
    id: 'readEvents',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'The events of an account from the immutable log, oldest first',
    query: eventsQuery.shape,
    answer: eventsAnswer,
    answerHeaders: ETAG,
    problems: ['account-not-found'],
  },
  { ...LIVE_EVENTS_OPERATION, params: idParams },
  STATEMENT_OPERATION,
];

/** Query of GET /v1/accounts/{id}/refusals. */
export const refusalsQuery = z.strictObject(pageQuery);

const [refused] = refusalEventSchema.options;
/** The record of a refusal as the log has it, with its position in the log. */
const refusalRecord = refused.extend({ position: positionNumber });

/** A page of an account's recorded refusals, newest first. */
export const refusalsAnswer = z.strictObject({
  accountId: writtenId,
  /** How many records the account has in the log: their versions are 1 to this. */
  recorded: z.int().min(0),
  items: z.array(refusalRecord),
  nextCursor,
});
export type RefusalsAnswer = z.infer<typeof refusalsAnswer>;

/** The operations of queries-bank-api on recorded refusals. */
export const REFUSAL_QUERIES: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/accounts/{id}/refusals',
    id: 'readRefusals',
    access: { scope: 'accounts:read', object: 'account' },
    summary: 'The refused commands of an account that were recorded, newest first',
    description:
      'From the immutable log, where they are a stream of their own, refusal/{accountId}. Only ' +
      'accounts with recordRefusals have them. What was answered just now may come a moment later.',
    params: idParams,
    query: refusalsQuery.shape,
    status: 200,
    answer: refusalsAnswer,
    problems: ['account-not-found'],
  },
];
