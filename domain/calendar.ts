/**
 * Days of the calendar in a time zone. The rules of the zones are those of the runtime's own IANA
 * data (ECMA-402); nothing here knows when a summer begins.
 */

const DAY_MS = 86_400_000;
/** No zone is further from UTC than 14 hours; a day more, for the day before. */
const REACH_MS = 2 * DAY_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const made = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', { timeZone, ...parts });
  formats.set(timeZone, made);
  return made;
}

/** Whether the runtime knows the zone by this IANA name. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The day (YYYY-MM-DD) on which a moment falls.
 * @param ms milliseconds of UTC since 1970.
 * @throws RangeError for a zone that the runtime does not know.
 * @example
 * dayIn('Europe/Prague', Date.parse('2026-11-30T23:30:00Z')); // '2026-12-01'
 */
export function dayIn(timeZone: string, ms: number): string {
  if (timeZone === 'UTC') return new Date(ms).toISOString().slice(0, 10);
  const parts = formatOf(timeZone).formatToParts(ms);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}`;
}

/**
 * The first moment of a day, in milliseconds of UTC; of a day that the zone left out, the first one
 * after it. Found by halving, so it is right wherever clocks are put on or back, also at midnight.
 */
export function startOfDay(timeZone: string, day: string): number {
  const noon = Date.parse(`${day}T12:00:00Z`);
  let [before, there] = [noon - REACH_MS, noon + REACH_MS];
  while (there - before > 1) {
    const middle = Math.floor((before + there) / 2);
    if (dayIn(timeZone, middle) < day) before = middle;
    else there = middle;
  }
  return there;
}

/** The time of day (HH:MM:SS) at a moment. */
export function timeIn(timeZone: string, ms: number): string {
  if (timeZone === 'UTC') return new Date(ms).toISOString().slice(11, 19);
  const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return new Date(ms).toLocaleTimeString('en-GB', { timeZone, ...parts });
}

/** The day after a day. */
export const dayAfter = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
