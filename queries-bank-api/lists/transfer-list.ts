import type { Request } from 'express';
import { objectsIn } from '../../contracts/access/access-records.ts';
import { ownerBound } from '../../contracts/access/principal.ts';
import { defined } from '../../contracts/account/events.ts';
import { begunOfLine, listNames } from '../../contracts/account/lists.ts';
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
import { foreignCursor, isOver, passesCommon, walkList, type WalkedPage } from './list-walk.ts';

const READS_AT_ONCE = 4;
/** Of the lines of an account one for each of its transfers. */
const LINES = ['transfer-sent', 'transfer-reserved', 'transfer-received'];

type Filters = Omit<TransfersQuery, 'limit' | 'cursor'>;

/** What the list of transfers needs. */
export interface TransferListPorts extends HistoryPorts {
  readonly lists: ListView;
  readonly record: RecordAccess;
}

/** A page of an account: where to go on by the versions of its history, and by the other list. */
interface MergedPage extends Pick<WalkedPage<ListedTransfer>, 'items'> {
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

const isPassed = (filters: Filters, one: ListedTransfer): boolean =>
  (filters.status ?? one.status) === one.status && passesCommon(filters, one);

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

  const ofAll = async (
    filters: Filters,
    from: number | undefined,
    limit: number,
  ): Promise<WalkedPage<ListedTransfer>> => {
    const { from: since, to } = filters;
    const take = async (line: string): Promise<ListedTransfer | undefined> => {
      const one = listedOf(await lists.stands(begunOfLine(line)));
      return isPassed(filters, one) ? one : undefined;
    };
    const atOf = (line: string): string => begunOfLine(line).at;
    const bounds = { from: since, to, limit, most: FILTER_TRANSFERS_MAX };
    return walkList(lists, { list: listFor(filters), ...bounds, atOf, take }, from);
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
      const place =
        cursor === undefined ? undefined : (readCursor(list, cursor) ?? foreignCursor());
      const { items, next } = await ofAll(filters, place, limit);
      return { items: [...items], nextCursor: next > 0 ? writeCursor(list, next) : null };
    }
    const places = cursor === undefined ? undefined : (readPlaces(list, cursor) ?? foreignCursor());
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
