import { recentIds } from './recent-ids.ts';

const ids = (idsMax = 10) => {
  let now = 0;
  const take = recentIds({ keptMs: 100, idsMax, steady: () => now });
  return { take, pass: (ms: number) => void (now += ms) };
};

test('given an id that came within the time, it is known', () => {
  const { take, pass } = ids();
  expect([take('a'), take('a')]).toEqual(['new', 'known']);
  pass(90);
  expect(take('b')).toBe('new');
  pass(20);
  // "a" is as old as may be, "b" is not.
  expect([take('c'), take('b'), take('a')]).toEqual(['new', 'known', 'known']);
});

test.each([101, 201, 1_000])('given an id that nobody names for %d ms twice, it is new', (ms) => {
  const { take, pass } = ids();
  take('a');
  pass(ms);
  take('b');
  pass(ms);
  expect(take('a')).toBe('new');
});

test('given as many as may be, the next one is not taken, and none is forgotten for it', () => {
  const { take, pass } = ids(2);
  expect(['a', 'b', 'c', 'a'].map(take)).toEqual(['new', 'new', 'full', 'known']);
  pass(101);
  expect(['c', 'a'].map(take)).toEqual(['new', 'known']);
});
