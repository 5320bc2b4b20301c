import type { Request } from 'express';
import { ownerBound } from '../../contracts/access/principal.ts';
import {
  accountsQuery,
  FILTER_ACCOUNTS_MAX,
  metadataFilters,
  PAGE_ITEMS_DEFAULT,
  type AccountFilters,
} from '../../contracts/account/queries.ts';
import {
  LIST_PAGE_ENTRIES,
  listNames,
  placeOfLine,
  type ListEntry,
} from '../../contracts/account/lists.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { principalOf } from '../../platform/http/gate.ts';
import { invalid, queryOf } from '../../platform/http/requests.ts';
import { inParallel } from '../../platform/parallel.ts';
import { isForeignOwner } from '../own-objects.ts';
import { filteredList, readCursor, writeCursor } from '../cursors.ts';
import type { ListView } from '../lists/list-view.ts';
import { placeIn, type AccountView } from './account-view.ts';

/** Accounts of one reading while filters are passed. */
const READ_AT_ONCE = 128;
/** Readings of metadata of one request at once: the others need the connections too. */
const METADATA_AT_ONCE = 4;
const ACCOUNTS_AT_ONCE = 8;
const METADATA = 'metadata.';

/** What a request for a list asks for. */
interface Asked {
  readonly filters: AccountFilters;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Throws the problem that names what of the query is wrong. */
function askedBy(request: Request): Asked {
  const entries = Object.entries(request.query);
  const isMetadata = ([name]: readonly [string, unknown]): boolean => name.startsWith(METADATA);
  const known = Object.fromEntries(entries.filter((entry) => !isMetadata(entry)));
  const {
    limit = PAGE_ITEMS_DEFAULT,
    cursor,
    ...filters
  } = queryOf(accountsQuery, { query: known });
  const metadata = Object.fromEntries(
    entries.filter(isMetadata).map(([name, value]) => [name.slice(METADATA.length), value]),
  );
  if (Object.keys(metadata).length === 0) return { filters, limit, cursor };
  return { filters: { ...filters, metadata: metadataOf(metadata) }, limit, cursor };
}

function metadataOf(given: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const parsed = metadataFilters.safeParse(given);
  // A record drops __proto__ without a word: a filter that got lost would let everything pass.
  const isWhole = Object.keys(parsed.data ?? {}).length === Object.keys(given).length;
  if (parsed.success && isWhole) return parsed.data;
  const wrong = parsed.error?.issues[0]?.path[0] ?? '__proto__';
  const key = String(wrong);
  const message = Array.isArray(given[key])
    ? 'must be given once'
    : 'must be a key and a value of metadata';
  throw invalid(`query/${METADATA}${key}`, message);
}

const isPassed = (filters: AccountFilters, account: AccountModel): boolean => {
  const { status, currency, name, externalId, code } = account;
  const kind = account.kind ?? 'customer';
  return (
    (filters.status ?? status) === status &&
    (filters.currency ?? currency) === currency &&
    (filters.externalId ?? externalId) === externalId &&
    (filters.name ?? name) === name &&
    (filters.kind ?? kind) === kind &&
    (filters.code ?? code) === code
  );
};

const isFiltered = ({ ownerId: _whose, ...filters }: AccountFilters): boolean =>
  Object.values(filters).some((value) => value !== undefined);

/** The name of a list: a cursor of it is valid for no other owner and no other filters. */
function nameOf(filters: AccountFilters): string {
  const { ownerId, status, currency, name, externalId, kind, code, metadata = {} } = filters;
  const list = `accounts/${ownerId ?? ''}`;
  if (!isFiltered(filters)) return list;
  const wanted = Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1));
  return filteredList(list, [status, currency, name, externalId, kind, code, wanted]);
}

/** The accounts of a page, and the cursor of the next one. */
export interface AccountPage {
  readonly found: readonly AccountModel[];
  readonly nextCursor: string | null;
}

/** A list that has every account that passes a filter, and which of its entries are valid. */
interface Index {
  readonly list: string;
  isValid(account: AccountModel, version: number): boolean;
}

/** The lists of these filters. Of an owner there is a list of its own, in the order of opening. */
function indexesOf({ ownerId, currency, status, ...filters }: AccountFilters): Index[] {
  if (ownerId !== undefined) return [];
  const { externalId, name, kind, code, metadata = {} } = filters;
  const isFirst = (): boolean => true;
  const isOfDetails = ({ detailsVersion = 1 }: AccountModel, at: number) => at === detailsVersion;
  const isOfStatus = ({ statusVersion }: AccountModel, at: number) => at === statusVersion;
  const index = (list: string | undefined, isValid: Index['isValid']): Index[] =>
    list === undefined ? [] : [{ list, isValid }];
  const of = <Value>(value: Value | undefined, name: (value: Value) => string) =>
    value === undefined ? undefined : name(value);
  return [
    ...index(of(externalId, listNames.accountsByExternalId), isFirst),
    ...index(of(code, listNames.accountsByCode), isFirst),
    ...index(kind === 'internal' ? listNames.internalAccounts : undefined, isFirst),
    ...Object.entries(metadata).flatMap(([key, value]) =>
      index(listNames.accountsByMetadata(key, value), isOfDetails),
    ),
    ...index(of(name, listNames.accountsByName), isOfDetails),
    ...index(of(status === 'open' ? undefined : status, listNames.accountsByStatus), isOfStatus),
    ...index(of(currency, listNames.accountsByCurrency), isFirst),
  ];
}

/** What the list of accounts needs. */
export interface AccountListPorts {
  readonly accounts: AccountView;
  readonly lists: ListView;
  readonly record: RecordAccess;
}

interface Stretch {
  readonly found: readonly AccountModel[];
  /** Where to go on; undefined at the end. */
  readonly next: number | undefined;
}

/**
 * Finds accounts of one owner or of all: along the shortest list that a filter has, else in the
 * order of opening. It passes along page by page until it has found `limit` or has looked at
 * FILTER_ACCOUNTS_MAX.
 */
export function accountList({ accounts, lists, record }: AccountListPorts) {
  const passes = async (filters: AccountFilters, account: AccountModel): Promise<boolean> => {
    if (!isPassed(filters, account)) return false;
    const wanted = Object.entries(filters.metadata ?? {});
    if (wanted.length === 0) return true;
    const metadata = await accounts.metadataOf(account);
    return wanted.every(([key, value]) => metadata?.[key] === value);
  };

  const find = async (filters: AccountFilters, from: number, limit: number): Promise<Stretch> => {
    const { ownerId } = filters;
    const found: AccountModel[] = [];
    // What nearly all accounts have is found among the first; then many are read at once.
    let chunk = limit + 1;
    const end = from + FILTER_ACCOUNTS_MAX;
    for (let place = from; ; chunk = Math.min(READ_AT_ONCE, end - place)) {
      if (place >= end) return { found, next: place };
      const read = await accounts.listed(ownerId, place, chunk);
      const passed = new Set<AccountModel>();
      await inParallel(read, METADATA_AT_ONCE, async (account) => {
        if (await passes(filters, account)) passed.add(account);
      });
      found.push(...read.filter((account) => passed.has(account)));
      if (found.length > limit) return { found, next: placeIn(ownerId, found[limit]!) };
      if (read.length < chunk) return { found, next: undefined };
      place += chunk;
    }
  };

  /** The accounts of some entries: null where one does not pass, nothing where it is not there. */
  const readEntries = async (
    entries: readonly ListEntry[],
    { isValid }: Index,
    filters: AccountFilters,
  ) => {
    const read = new Map<number, AccountModel | null>();
    await inParallel(entries, ACCOUNTS_AT_ONCE, async ({ number, line }) => {
      const { accountId, version } = placeOfLine(line);
      const account = await accounts.account(accountId);
      if (account === undefined) return;
      const isIt = isValid(account, version) && (await passes(filters, account));
      read.set(number, isIt ? account : null);
    });
    return read;
  };
  const findBy = async (
    index: Index,
    filters: AccountFilters,
    from: number,
    limit: number,
  ): Promise<Stretch> => {
    const found: AccountModel[] = [];
    const end = from + FILTER_ACCOUNTS_MAX;
    let page: readonly ListEntry[] = [];
    for (let place = from; ;) {
      if (place === end) return { found, next: place };
      if (place === from || place % LIST_PAGE_ENTRIES === 0) {
        page = await lists.entries(index.list, place);
      }
      // No more than it takes, when all of them pass.
      const enough = Math.max(ACCOUNTS_AT_ONCE, limit + 1 - found.length);
      const wanted = Math.min(enough, end - place);
      const entries = page.filter(({ number }) => number >= place).slice(0, wanted);
      if (entries.length === 0) return { found, next: undefined };
      const read = await readEntries(entries, index, filters);
      for (const { number } of entries) {
        const account = read.get(number);
        // Not opened yet where accounts are read: what comes after it waits for it.
        if (account === undefined) return { found, next: undefined };
        if (account === null) continue;
        if (found.length === limit) return { found, next: number };
        found.push(account);
      }
      place += entries.length;
    }
  };

  const shortest = async (indexes: readonly Index[]): Promise<Index | undefined> => {
    if (indexes.length < 2) return indexes[0];
    const counts = await Promise.all(indexes.map(({ list }) => lists.count(list)));
    return indexes[counts.indexOf(Math.min(...counts))];
  };

  return async (request: Request): Promise<AccountPage> => {
    const asked = askedBy(request);
    const { ownerId = ownerBound(principalOf(request)) } = asked.filters;
    const filters = { ...asked.filters, ownerId };
    const indexes = indexesOf(filters);
    const name = nameOf(filters);
    // A cursor keeps the list that was the shortest when the first page was asked for.
    const ways = [undefined, ...indexes].map((index) => ({
      index,
      list: index === undefined ? name : `${name}/${index.list}`,
    }));
    const started = async () => {
      const index = await shortest(indexes);
      return { ...ways.find((way) => way.index === index)!, from: 0 };
    };
    const resumed = (cursor: string) =>
      ways
        .map((way) => ({ ...way, from: readCursor(way.list, cursor) }))
        .find(({ from }) => from !== undefined);
    const way = asked.cursor === undefined ? await started() : resumed(asked.cursor);
    if (way?.from === undefined) {
      throw invalid('query/cursor', 'must be a cursor that an answer with these filters gave');
    }
    if (isForeignOwner(record, 'listAccounts', request, ownerId)) {
      return { found: [], nextCursor: null };
    }
    const { index, list, from } = way;
    const { found, next } =
      index === undefined
        ? await find(filters, from, asked.limit)
        : await findBy(index, filters, from, asked.limit);
    const nextCursor = next === undefined ? null : writeCursor(list, next);
    return { found: found.slice(0, asked.limit), nextCursor };
  };
}
