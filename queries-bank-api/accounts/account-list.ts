import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { ownerBound } from '../../contracts/access/principal.ts';
import { objectsIn } from '../../contracts/access/access-records.ts';
import {
  accountsQuery,
  FILTER_ACCOUNTS_MAX,
  metadataFilters,
  PAGE_ITEMS_DEFAULT,
  type AccountFilters,
} from '../../contracts/account/queries.ts';
import type { AccountModel } from '../../contracts/account/read-models.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { principalOf } from '../../platform/http/gate.ts';
import { invalid, queryOf } from '../../platform/http/requests.ts';
import { inParallel } from '../../platform/parallel.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import { placeIn, type AccountView } from './account-view.ts';

/** Accounts of one reading while filters are passed. */
const READ_AT_ONCE = 128;
/** Readings of metadata of one request at once: the others need the connections too. */
const METADATA_AT_ONCE = 4;
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

const isPassed = (filters: AccountFilters, { status, currency, name }: AccountModel): boolean =>
  (filters.status ?? status) === status &&
  (filters.currency ?? currency) === currency &&
  (filters.name ?? name) === name;

const isFiltered = ({ ownerId: _whose, ...filters }: AccountFilters): boolean =>
  Object.values(filters).some((value) => value !== undefined);

/** The name of a list: a cursor of it is valid for no other owner and no other filters. */
function nameOf(filters: AccountFilters): string {
  const { ownerId, status, currency, name, metadata = {} } = filters;
  const list = `accounts/${ownerId ?? ''}`;
  if (!isFiltered(filters)) return list;
  const wanted = Object.entries(metadata).sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([status ?? null, currency ?? null, name ?? null, wanted]);
  return `${list}/${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** The accounts of a page, and the cursor of the next one. */
export interface AccountPage {
  readonly found: readonly AccountModel[];
  readonly nextCursor: string | null;
}

/**
 * Finds accounts of one owner or of all, in the order of opening: it passes along the list, page by
 * page of the read model, until it has found `limit` or has looked at FILTER_ACCOUNTS_MAX.
 */
export function accountList(accounts: AccountView, record: RecordAccess) {
  const passes = async (filters: AccountFilters, account: AccountModel): Promise<boolean> => {
    if (!isPassed(filters, account)) return false;
    const wanted = Object.entries(filters.metadata ?? {});
    if (wanted.length === 0) return true;
    const metadata = await accounts.metadataOf(account);
    return wanted.every(([key, value]) => metadata?.[key] === value);
  };

  const find = async (filters: AccountFilters, from: number, limit: number) => {
    const { ownerId } = filters;
    const found: AccountModel[] = [];
    const chunk = isFiltered(filters) ? READ_AT_ONCE : limit + 1;
    for (let place = from; ; place += chunk) {
      if (place >= from + FILTER_ACCOUNTS_MAX) return { found, next: place };
      const read = await accounts.listed(ownerId, place, chunk);
      const passed = new Set<AccountModel>();
      await inParallel(read, METADATA_AT_ONCE, async (account) => {
        if (await passes(filters, account)) passed.add(account);
      });
      found.push(...read.filter((account) => passed.has(account)));
      if (found.length > limit) return { found, next: placeIn(ownerId, found[limit]!) };
      if (read.length < chunk) return { found, next: undefined };
    }
  };

  return async (request: Request): Promise<AccountPage> => {
    const asked = askedBy(request);
    const principal = principalOf(request);
    const bound = ownerBound(principal);
    const { ownerId = bound } = asked.filters;
    const filters = { ...asked.filters, ownerId };
    const list = nameOf(filters);
    const from = asked.cursor === undefined ? 0 : readCursor(list, asked.cursor);
    if (from === undefined) {
      throw invalid('query/cursor', 'must be a cursor that an answer with these filters gave');
    }
    // Somebody else has no accounts, as nobody has.
    if (bound !== undefined && bound !== ownerId) {
      const objects = objectsIn({ personId: ownerId });
      record({ outcome: 'not-found', operation: 'listAccounts', principal, objects });
      return { found: [], nextCursor: null };
    }
    const { found, next } = await find(filters, from, asked.limit);
    const nextCursor = next === undefined ? null : writeCursor(list, next);
    return { found: found.slice(0, asked.limit), nextCursor };
  };
}
