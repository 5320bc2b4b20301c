import fc from 'fast-check';
import { dayAfter, dayIn, isTimeZone, startOfDay } from './calendar.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const HOUR_MS = 3_600_000;
const ms = (text: string): number => Date.parse(text);

test.each([
  ['UTC', '2026-11-21', '2026-11-21T00:00:00Z', 24],
  ['Europe/Prague', '2026-11-21', '2026-11-20T23:00:00Z', 24],
  ['Europe/Prague', '2026-03-29', '2026-03-28T23:00:00Z', 23],
  ['Europe/Prague', '2026-10-25', '2026-10-24T22:00:00Z', 25],
  ['Asia/Kathmandu', '2026-11-21', '2026-11-20T18:15:00Z', 24],
  ['Pacific/Kiritimati', '2026-11-21', '2026-11-20T10:00:00Z', 24],
  // Clocks were put on at midnight: the day began at one o'clock.
  ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z', 23],
  ['America/New_York', '2026-11-01', '2026-11-01T04:00:00Z', 25],
])('in %s %s begins at %s and has %i hours', (zone, day, start, hours) => {
  expect(new Date(startOfDay(zone, day)).toISOString()).toBe(new Date(start).toISOString());
  expect(startOfDay(zone, dayAfter(day)) - startOfDay(zone, day)).toBe(hours * HOUR_MS);
});

test('a day that a zone left out begins with the next one', () => {
  // Samoa went from 29 to 31 December 2011.
  expect(startOfDay('Pacific/Apia', '2011-12-30')).toBe(startOfDay('Pacific/Apia', '2011-12-31'));
  expect(dayIn('Pacific/Apia', ms('2011-12-30T09:59:59Z'))).toBe('2011-12-29');
  expect(dayIn('Pacific/Apia', ms('2011-12-30T10:00:00Z'))).toBe('2011-12-31');
});

test(`every moment lies between the start of its day and of the next, SEED=${seed}`, () => {
  const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC');
  const moment = fc.integer({ min: ms('1971-01-01T00:00:00Z'), max: ms('2037-12-31T00:00:00Z') });
  fc.assert(
    fc.property(zone, moment, (timeZone, at) => {
      const day = dayIn(timeZone, at);
      const [start, end] = [startOfDay(timeZone, day), startOfDay(timeZone, dayAfter(day))];
      expect(start <= at && at < end).toBe(true);
      expect(dayIn(timeZone, start)).toBe(day);
      expect(dayIn(timeZone, start - 1) < day).toBe(true);
    }),
    { seed, numRuns: 1_000 },
  );
});

test('a zone is known by its IANA name', () => {
  expect(isTimeZone('Europe/Prague')).toBe(true);
  expect(isTimeZone('UTC')).toBe(true);
  expect(isTimeZone('Europe/Atlantis')).toBe(false);
  expect(() => dayIn('Europe/Atlantis', 0)).toThrow(RangeError);
});
