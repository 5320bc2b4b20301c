import type { Request } from 'express';
import { objectsIn } from '../../contracts/access/access-records.ts';
import { ownerBound } from '../../contracts/access/principal.ts';
import { defined } from '../../contracts/account/events.ts';
import { begunOfLine, LIST_PAGE_ENTRIES, listNames } from '../../contracts/account/lists.ts';
import { PAGE_ITEMS_DEFAULT } from '../../contracts/account/queries.ts';
import type { AccountModel, HistoryEntry } from '../../contracts/account/read-models.ts';
import {
  FILTER_TRANSFERS_MAX,
  transfersQuery,
  type ListedTransfer,
  type TransfersAnswer,
  type TransfersQuery,
} from '../../contracts/transfer/queries.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { principalOf } from '../../platform/http/gate.ts';
import { invalid, queryOf } from '../../platform/http/requests.ts';
import { inParallel } from '../../platform/parallel.ts';
import { filteredList, readCursor, readPlaces, writeCursor, writePlaces } from '../cursors.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { findLines, linesOf, type HistoryPorts } from '../history/history-answers.ts';
import type { FoundTransfer, ListView } from './list-view.ts';

const READS_AT_ONCE = 4;
/**
 * Streams reach the log each in its own order, so a list is not quite in the order of its times:
 * this much is looked at beyond a bound, in milliseconds.
 */
const OUT_OF_ORDER_MS = 600_000;

/** Of the lines of an account one for each of its transfers. */
const LINES = ['transfer-sent', 'transfer-reserved', 'transfer-received'];

type Filters = Omit<TransfersQuery, 'limit' | 'cursor'>;

/** What the list of transfers needs. */
export interface TransferListPorts extends HistoryPorts {
  readonly lists: ListView;
  readonly record: RecordAccess;
}

interface Page {
  readonly items: readonly ListedTransfer[];
  /** Where to go on, downwards; 0 when nothing older can pass. */
  readonly next: number;
}
/** The same of an account: by the versions of its history, and by the other list. */
interface MergedPage extends Pick<Page, 'items'> {
  readonly next: readonly [number, number];
}
/** Where a transfer stands in the log, and in one of the two lists. */
interface Place {
  readonly position: number;
  readonly version?: number;
  readonly number?: number;
  /** Undefined where it is on the other list. */
  readonly found: FoundTransfer | undefined;
}

function listedOf({ begun, ended }: FoundTransfer): ListedTransfer {
  const { isReserved, at, ...terms } = begun;
  return defined({
    ...terms,
    status: ended?.status ?? (isReserved ? ('pending' as const) : ('completed' as const)),
    captured: ended?.captured,
    at,
    endedAt: ended?.at,
  });
}

function isPassed({ status, reference, idempotencyKey, from, to }: Filters, one: ListedTransfer) {
  const at = Date.parse(one.at);
  return (
    (status ?? one.status) === one.status &&
    (reference ?? one.reference) === one.reference &&
    (idempotencyKey ?? one.idempotencyKey) === one.idempotencyKey &&
    (from === undefined || at >= from) &&
    (to === undefined || at < to)
  );
}

function nameOf({ accountId, status, reference, idempotencyKey, from, to }: Filters): string {
  const wanted = [status, reference, idempotencyKey, from, to];
  return filteredList(`transfers/${accountId ?? ''}`, wanted);
}

/** The list that has all transfers that pass, and as few others as can be. */
function listFor({ status, reference }: Filters): string {
  if (reference !== undefined) return listNames.transfersByReference(reference);
  const isOfReserved = status !== undefined && status !== 'completed';
  return isOfReserved ? listNames.reservedTransfers : listNames.transfers;
}

/** Lists transfers of one account, or of all, newest first. */
export function listTransfers(ports: TransferListPorts) {
  const { accounts, lists, record } = ports;

  /** How many of the list are to be looked at: those that begin before "to", and a few more. */
  const startOf = async (list: string, { to }: Filters): Promise<number> => {
    const count = await lists.count(list);
    if (to === undefined) return count;
    let [low, high] = [0, Math.ceil(count / LIST_PAGE_ENTRIES)];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [first] = await lists.entries(list, middle * LIST_PAGE_ENTRIES);
      const isLate = first && Date.parse(begunOfLine(first.line).at) >= to + OUT_OF_ORDER_MS;
      if (isLate === true) high = middle;
      else low = middle + 1;
    }
    return Math.min(count, low * LIST_PAGE_ENTRIES);
  };

  const ofAll = async (
    filters: Filters,
    from: number | undefined,
    limit: number,
  ): Promise<Page> => {
    const list = listFor(filters);
    const start = from ?? (await startOf(list, filters));
    const items: ListedTransfer[] = [];
    let looked = 0;
    for (let next = start; next > 0;) {
      const page = await lists.entries(list, next - 1);
      const entries = page.filter(({ number }) => number < next).reverse();
      if (entries.length === 0) throw new Unavailable('a list has a hole');
      for (const { number, line } of entries) {
        if (looked === FILTER_TRANSFERS_MAX) return { items, next };
        const begun = begunOfLine(line);
        if (filters.from !== undefined && isOver(begun.at, filters.from)) return { items, next: 0 };
        const one = listedOf(await lists.stands(begun));
        looked += 1;
        next = number;
        if (!isPassed(filters, one)) continue;
        items.push(one);
        if (items.length === limit) return { items, next };
      }
    }
    return { items, next: 0 };
  };

  const transferOf = async ({ transferId = '' }: HistoryEntry): Promise<FoundTransfer> => {
    const found = await lists.transfer(transferId);
    // It is written before the line that names it.
    if (found === undefined) throw new Unavailable(`transfer ${transferId} is not there`);
    return found;
  };
  /** What the account's own history tells, from a version down, and how far it was looked at. */
  const told = async (account: AccountModel, from: number, limit: number, filters: Filters) => {
    let floor = Infinity;
    const read = async (first: number, last: number) => {
      const lines = await linesOf(ports, account, first, last);
      floor = Math.min(floor, ...lines.map(({ position }) => position));
      return lines;
    };
    const wanted = { type: LINES, from: filters.from };
    const { items, next } = await findLines(read, from, limit, wanted);
    const places: Place[] = [];
    await inParallel(items, READS_AT_ONCE, async (line) => {
      const found = await transferOf(line);
      const { version, position } = line;
      // What was pending before it came is on the other list, where it stands as it began.
      const isOther = found.begun.isReserved && line.type === 'transfer-received';
      places.push({ position, version, found: isOther ? undefined : found });
    });
    return { places, next, floor: next === 0 ? 0 : floor };
  };
  /** Pending transfers for the account, below a number: it has no line of them before a capture. */
  const announced = async (id: AccountId, below: number, limit: number, filters: Filters) => {
    const list = listNames.reservedFor(id);
    const places: Place[] = [];
    for (let next = below; next > 0;) {
      const page = (await lists.entries(list, next - 1)).filter(({ number }) => number < next);
      if (page.length === 0) throw new Unavailable('a list has a hole');
      for (const { number, position, line } of page.reverse()) {
        const begun = begunOfLine(line);
        if (filters.from !== undefined && isOver(begun.at, filters.from)) {
          return { places, next: 0, floor: 0 };
        }
        places.push({ position, number, found: await lists.stands(begun) });
        next = number;
        if (places.length === limit) return { places, next, floor: next === 0 ? 0 : position };
      }
    }
    return { places, next: 0, floor: 0 };
  };

  const ofAccount = async (
    filters: Filters,
    account: AccountModel,
    from: readonly [number, number] | undefined,
    limit: number,
  ): Promise<MergedPage> => {
    const id = account.accountId as AccountId;
    const start = from ?? [account.version, await lists.count(listNames.reservedFor(id))];
    const [own, other] = await Promise.all([
      told(account, start[0], limit, filters),
      announced(id, start[1], limit, filters),
    ]);
    // Below a floor there may be more of that list.
    const floor = Math.max(own.floor, other.floor);
    const merged = [...own.places, ...other.places].sort((a, b) => b.position - a.position);
    const shown = merged.filter(({ position }) => position >= floor).slice(0, limit);
    const rest = merged.filter((place) => !shown.includes(place));
    const items = shown
      .flatMap(({ found }) => (found === undefined ? [] : [listedOf(found)]))
      .filter((one) => isPassed(filters, one));
    const version = rest.find((place) => place.version !== undefined)?.version;
    const number = rest.find((place) => place.number !== undefined)?.number;
    return { items, next: [version ?? own.next, number === undefined ? other.next : number + 1] };
  };

  return async (request: Request): Promise<TransfersAnswer> => {
    const { limit = PAGE_ITEMS_DEFAULT, cursor, ...filters } = queryOf(transfersQuery, request);
    const { accountId, from, to } = filters;
    if (from !== undefined && to !== undefined && from >= to) {
      throw invalid('query/to', 'must be after "from"');
    }
    const list = nameOf(filters);
    const principal = principalOf(request);
    const owner = ownerBound(principal);
    if (accountId === undefined) {
      if (owner !== undefined) throw invalid('query/accountId', 'must name one of your accounts');
      const place = cursor === undefined ? undefined : (readCursor(list, cursor) ?? foreign());
      const { items, next } = await ofAll(filters, place, limit);
      return { items: [...items], nextCursor: next > 0 ? writeCursor(list, next) : null };
    }
    const places = cursor === undefined ? undefined : (readPlaces(list, cursor) ?? foreign());
    const account = await accounts.account(accountId);
    // An account of somebody else has no transfers, as one that is not there has none.
    if (owner !== undefined && account?.ownerId !== owner) {
      const objects = objectsIn({ id: accountId });
      record({ outcome: 'not-found', operation: 'listTransfers', principal, objects });
      return { items: [], nextCursor: null };
    }
    if (account === undefined) return { items: [], nextCursor: null };
    const { items, next } = await ofAccount(filters, account, places, limit);
    const isOver = next[0] === 0 && next[1] === 0;
    return { items: [...items], nextCursor: isOver ? null : writePlaces(list, next) };
  };
}

function foreign(): never {
  throw invalid('query/cursor', 'must be a cursor that an answer with these filters gave');
}

const isOver = (at: string, from: number): boolean => Date.parse(at) < from - OUT_OF_ORDER_MS;
