import { setTimeout as sleep } from 'node:timers/promises';
import { idOf, randomOf } from '../accounts/accounts-for-tests.ts';
import { LiveEvents } from './event-streams.ts';
import { logForTests } from './log-for-tests.ts';
import { silentLogger as logger } from '../../platform/silent-logger-for-tests.ts';

const PACE = { everyMs: 1, awayMsMax: 4 };
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);

/** Takes versions after one until there are so many. */
async function take(live: LiveEvents, index: number, after: number, count: number) {
  const stop = new AbortController();
  const versions: number[] = [];
  for await (const { event } of live.after(idOf(index), after, stop.signal)) {
    versions.push(event.version);
    if (versions.length >= count) stop.abort();
  }
  return versions;
}
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('given events in the log, they come page after page, then the new ones', async () => {
  const { log, grow } = logForTests(new Map([[1, 120]]));
  const live = new LiveEvents(log, logger, PACE);
  const taken = take(live, 1, 0, 123);
  await sleep(20);
  grow(1, 3);
  expect(await taken).toEqual(range(1, 123));
});

test('given a version, it goes on after it', async () => {
  const { log } = logForTests(new Map([[1, 9]]));
  expect(await take(new LiveEvents(log, logger, PACE), 1, 7, 2)).toEqual([8, 9]);
});

test('a stream that is stopped while it waits ends, and then nothing is asked', async () => {
  const { log, state } = logForTests(new Map([[1, 1]]));
  const live = new LiveEvents(log, logger, PACE);
  const stop = new AbortController();
  const ended = (async () => {
    for await (const _ of live.after(idOf(1), 1, stop.signal)) throw new Error('no event is new');
  })();
  while (state.calls.latestVersions <= 2) await sleep(1);
  stop.abort();
  await ended;
  await sleep(10);
  const { latestVersions } = state.calls;
  await sleep(20);
  expect(state.calls.latestVersions).toBe(latestVersions);
});

test('a hundred streams of one account cost one look and one read at a time', async () => {
  const { log, state, grow } = logForTests(new Map([[1, 1]]));
  const live = new LiveEvents(log, logger, PACE);
  const all = Promise.all(Array.from({ length: 100 }, () => take(live, 1, 1, 10)));
  for (let version = 2; version <= 11; version += 1) {
    await sleep(5);
    grow(1);
  }
  for (const versions of await all) expect(versions).toEqual(range(2, 11));
  expect(state.calls.events).toBeLessThanOrEqual(40);
});

test('an event that does not follow is never passed on', async () => {
  const { log } = logForTests(new Map([[1, 5]]));
  const holed = {
    ...log,
    events: async (id: ReturnType<typeof idOf>, from: number, limit: number) => {
      const page = await log.events(id, from, limit);
      return { ...page, entries: page.entries.filter(({ event }) => event.version !== 3) };
    },
  };
  await expect(take(new LiveEvents(holed, logger, PACE), 1, 0, 5)).rejects.toThrow(
    'after version 2',
  );
});

test(`streams that break and go on see every version once (SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const { log, state, grow } = logForTests(new Map([1, 2, 3].map((index) => [index, 1])));
  const live = new LiveEvents(log, logger, PACE);
  const total = 300;
  const consumer = async (index: number): Promise<number[]> => {
    const seen: number[] = [];
    while (seen.length < total - 1) {
      const count = Math.min(1 + random(40), total - 1 - seen.length);
      seen.push(...(await take(live, index, seen.at(-1) ?? 1, count)));
    }
    return seen;
  };
  const consumers = Promise.all([1, 1, 2, 2, 3].map(consumer));
  const left = new Map([1, 2, 3].map((index) => [index, total - 1]));
  while (left.size > 0) {
    state.away = random(4) === 0;
    for (const [index, missing] of left) {
      const by = Math.min(missing, random(25));
      grow(index, by);
      if (by === missing) left.delete(index);
      else left.set(index, missing - by);
    }
    await sleep(random(4));
  }
  state.away = false;
  for (const seen of await consumers) expect(seen).toEqual(range(2, total));
});
