/** An opaque place in a list; it names the list, so that it fits no other one. */
export function writeCursor(list: string, place: number): string {
  return Buffer.from(`${list}/${place}`).toString('base64url');
}

/** The place that a cursor of this list names; undefined for anything else. */
export function readCursor(list: string, cursor: string): number | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const place = Number(text.slice(list.length + 1));
  const isOurs = Number.isSafeInteger(place) && place >= 0 && writeCursor(list, place) === cursor;
  return isOurs ? place : undefined;
}
