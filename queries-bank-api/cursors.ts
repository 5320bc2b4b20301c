import { createHash } from 'node:crypto';

/** The name of a list with filters: a cursor of it is valid with no others. */
export function filteredList(list: string, filters: readonly unknown[]): string {
  const text = JSON.stringify(filters.map((value) => value ?? null));
  return `${list}/${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** An opaque place in a list; it names the list, so that it fits no other one. */
export function writeCursor(list: string, place: number): string {
  return Buffer.from(`${list}/${place}`).toString('base64url');
}

/** The same for a list that is merged from two. */
export const writePlaces = (list: string, [one, other]: readonly [number, number]): string =>
  writeCursor(`${list}/${one}`, other);

/** The places that a cursor of this list names; undefined for anything else. */
export function readPlaces(list: string, cursor: string): readonly [number, number] | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const one = Number(text.slice(list.length + 1, text.lastIndexOf('/')));
  const other = Number.isSafeInteger(one) ? readCursor(`${list}/${one}`, cursor) : undefined;
  return other === undefined || one < 0 ? undefined : [one, other];
}

/** The place that a cursor of this list names; undefined for anything else. */
export function readCursor(list: string, cursor: string): number | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const place = Number(text.slice(list.length + 1));
  const isOurs = Number.isSafeInteger(place) && place >= 0 && writeCursor(list, place) === cursor;
  return isOurs ? place : undefined;
}
