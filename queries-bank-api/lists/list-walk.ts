import { LIST_PAGE_ENTRIES } from '../../contracts/account/lists.ts';
import { invalid } from '../../platform/http/requests.ts';
import { Unavailable } from '../read-models/read-models.ts';
import type { ListView } from './list-view.ts';

/**
 * Streams reach the log each in its own order, so a list is not quite in the order of its times:
 * this much is looked at beyond a bound, in milliseconds.
 */
const OUT_OF_ORDER_MS = 600_000;

/** What transfers and transactions are both found by; times in epoch milliseconds. */
export interface CommonFilters {
  readonly reference?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Whether it passes these filters: at or after `from`, and before `to`. */
export function passesCommon(
  { reference, idempotencyKey, from, to }: CommonFilters,
  one: { readonly reference?: string | undefined; idempotencyKey: string; at: string },
): boolean {
  const at = Date.parse(one.at);
  return (
    (reference ?? one.reference) === one.reference &&
    (idempotencyKey ?? one.idempotencyKey) === one.idempotencyKey &&
    (from === undefined || at >= from) &&
    (to === undefined || at < to)
  );
}

/** @throws Failure (invalid-request) for a cursor of another list, or of other filters. */
export function foreignCursor(): never {
  throw invalid('query/cursor', 'must be a cursor that an answer with these filters gave');
}

/** Which entries of a list are looked at, from its end down. */
export interface Walk<Item> {
  readonly list: string;
  /** Bounds of their times, in epoch milliseconds: at or after, and before. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly limit: number;
  /** How many are looked at in one answer, at most. */
  readonly most: number;
  /** When what a line tells of began (RFC 3339). */
  readonly atOf: (line: string) => string;
  /** What a line is in the answer; undefined where a filter leaves it out. */
  readonly take: (line: string) => Promise<Item | undefined>;
}

export interface WalkedPage<Item> {
  readonly items: readonly Item[];
  /** Where to go on, downwards; 0 when nothing older can pass. */
  readonly next: number;
}

/** Whether nothing that is older than this can have begun at or after the bound. */
export const isOver = (at: string, from: number): boolean =>
  Date.parse(at) < from - OUT_OF_ORDER_MS;

/**
 * Walks a list down.
 * @param from below which number; from the end, or what may have begun before `to`, when undefined.
 */
export async function walkList<Item>(
  lists: ListView,
  walk: Walk<Item>,
  from: number | undefined,
): Promise<WalkedPage<Item>> {
  const { list, limit, most, atOf, take } = walk;
  const items: Item[] = [];
  let looked = 0;
  for (let next = from ?? (await startOf(lists, walk)); next > 0;) {
    const page = await lists.entries(list, next - 1);
    const entries = page.filter(({ number }) => number < next).reverse();
    if (entries.length === 0) throw new Unavailable('a list has a hole');
    for (const { number, line } of entries) {
      if (looked === most) return { items, next };
      if (walk.from !== undefined && isOver(atOf(line), walk.from)) return { items, next: 0 };
      const item = await take(line);
      looked += 1;
      next = number;
      if (item === undefined) continue;
      items.push(item);
      if (items.length === limit) return { items, next };
    }
  }
  return { items, next: 0 };
}

/** How many of the list are to be looked at: those that begin before "to", and a few more. */
async function startOf(
  lists: ListView,
  { list, to, atOf }: Pick<Walk<unknown>, 'list' | 'to' | 'atOf'>,
): Promise<number> {
  const count = await lists.count(list);
  if (to === undefined) return count;
  let [low, high] = [0, Math.ceil(count / LIST_PAGE_ENTRIES)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [first] = await lists.entries(list, middle * LIST_PAGE_ENTRIES);
    const isLate = first && Date.parse(atOf(first.line)) >= to + OUT_OF_ORDER_MS;
    if (isLate === true) high = middle;
    else low = middle + 1;
  }
  return Math.min(count, low * LIST_PAGE_ENTRIES);
}
