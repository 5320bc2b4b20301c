import { randomOf, seedOfRun } from './events-for-tests.ts';
import {
  differences,
  expected,
  lineDifferences,
  listDifferences,
  mixedLog,
  runCourse,
} from './late-writes-for-tests.ts';
import { memoryReadStore } from './read-store/memory-read-store.ts';

const TIMES = {
  pace: { spacingMs: 1, pollMs: 5, retryMs: 1, retryMsMax: 4 },
  lookMs: 5,
  followedMs: 20,
  keptMs: 40,
  // A thousand times as fast, so that changes are in the documents and deleted within a pause.
  now: () => performance.now() * 1_000,
};
const COURSES = 4;

test('balances: two at once, with pauses and late writes, are right in the end', async () => {
  const seed = seedOfRun();
  const total = { late: 0, pauses: 0, kills: 0, rebuilds: 0, setAside: 0 };
  for (let course = 0; course < COURSES; course += 1) {
    const random = randomOf(seed + course);
    const entries = mixedLog(random, 700, 40);
    const store = memoryReadStore();
    const { documents } = store;
    const end = await runCourse({
      name: 'balances',
      store,
      documents,
      random,
      entries,
      times: TIMES,
      delayMs: 40,
      steps: 40,
      stepMs: 20,
    });
    const wanted = expected(entries);
    const named = { seed, course };
    expect({ ...named, wrong: differences(end.shown, wanted) }).toEqual({ ...named, wrong: [] });
    expect(new Set([...end.generations, end.generation]).size).toBe(1);
    for (const [id, { setAside }] of [...wanted.accounts, ...wanted.persons]) {
      if (setAside === undefined) continue;
      total.setAside += 1;
      for (const streams of end.setAside) {
        expect({ ...named, streams: streams.some((stream) => stream.endsWith(id)) }).toEqual({
          ...named,
          streams: true,
        });
      }
    }
    for (const kind of ['late', 'pauses', 'kills', 'rebuilds'] as const) {
      total[kind] += end.counts[kind];
    }
  }
  process.stdout.write(`${JSON.stringify(total)}\n`);
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(0);
}, 60_000);

test('history: two at once, with pauses and late writes, have every line once', async () => {
  const seed = seedOfRun();
  for (let course = 0; course < COURSES; course += 1) {
    const random = randomOf(seed + course);
    const entries = mixedLog(random, 500, 20);
    const store = memoryReadStore();
    const { documents } = store;
    const { lines, lists } = await runCourse({
      name: 'history',
      store,
      documents,
      random,
      entries,
      times: TIMES,
      delayMs: 40,
      steps: 40,
      stepMs: 20,
    });
    const wrong = lineDifferences(lines, entries);
    expect({ seed, course, wrong }).toEqual({ seed, course, wrong: [] });
    expect(lists.length).toBeGreaterThan(0);
    expect({ seed, course, wrong: listDifferences(lists, entries) }).toEqual({
      seed,
      course,
      wrong: [],
    });
  }
}, 60_000);
