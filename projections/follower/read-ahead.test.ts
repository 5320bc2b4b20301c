import { LOG_PAGE_EVENTS_MAX } from '../../contracts/log/entries.ts';
import { logForTests } from '../events-for-tests.ts';
import type { LogSource } from './projection.ts';
import { readAhead } from './follower.ts';

/** A log of so many events, and what was asked of it; while it is away it only has a beginning. */
function asked(events: number) {
  const log = logForTests();
  log.open(log.id(1));
  for (let count = 1; count < events; count += 1) log.deposit(log.id(1), 5n);
  const calls: number[] = [];
  let away = false;
  const source: LogSource = {
    async readAfter(position, limit) {
      calls.push(position);
      if (away && position > 0) throw new Error('the log is away');
      const entries = log.entries.filter((entry) => entry.position > position).slice(0, limit);
      return { entries, head: log.entries.at(-1)!.position };
    },
  };
  const leave = (is: boolean): void => void (away = is);
  return { source: readAhead(source), calls, leave, entries: log.entries };
}
const positionAt = (entries: readonly { position: number }[], index: number): number =>
  entries[index]!.position;

test('while a full page is worked on, the next one is read, and no page twice', async () => {
  const { source, calls, entries } = asked(2 * LOG_PAGE_EVENTS_MAX + 1);
  const first = await source.readAfter(0, LOG_PAGE_EVENTS_MAX);
  const end = positionAt(entries, LOG_PAGE_EVENTS_MAX - 1);
  expect([first.entries.length, calls]).toEqual([LOG_PAGE_EVENTS_MAX, [0, end]]);
  const second = await source.readAfter(end, LOG_PAGE_EVENTS_MAX);
  expect(second.entries[0]).toEqual(entries[LOG_PAGE_EVENTS_MAX]);
  const last = await source.readAfter(second.entries.at(-1)!.position, LOG_PAGE_EVENTS_MAX);
  // What was read ahead of the end is read again: the log may have grown.
  expect([last.entries.length, calls.length]).toEqual([1, 4]);
  expect((await source.readAfter(last.head, LOG_PAGE_EVENTS_MAX)).entries).toEqual([]);
});

test('a page that was read ahead is not taken for another, nor its error kept', async () => {
  const { source, leave, entries } = asked(LOG_PAGE_EVENTS_MAX + 9);
  leave(true);
  const { position } = (await source.readAfter(0, LOG_PAGE_EVENTS_MAX)).entries.at(-1)!;
  await expect(source.readAfter(position, LOG_PAGE_EVENTS_MAX)).rejects.toThrow(/away/);
  leave(false);
  const [next] = (await source.readAfter(position, LOG_PAGE_EVENTS_MAX)).entries;
  expect(next).toEqual(entries[LOG_PAGE_EVENTS_MAX]);
  await source.readAfter(0, LOG_PAGE_EVENTS_MAX);
  const [other] = (await source.readAfter(positionAt(entries, 4), LOG_PAGE_EVENTS_MAX)).entries;
  expect(other).toEqual(entries[5]);
});
