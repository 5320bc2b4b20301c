import { forEach, pacer } from './driver.ts';

test('every item is worked on once, at most so many at the same time', async () => {
  const done: number[] = [];
  let busy = 0;
  let busiest = 0;
  await forEach([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    busy += 1;
    busiest = Math.max(busiest, busy);
    await new Promise((resolve) => setTimeout(resolve, 2));
    busy -= 1;
    done.push(item);
  });
  expect(done.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(busiest).toBe(3);
});

test('a failure of one item fails the whole', async () => {
  const fail = forEach([1, 2], 2, async (item) => {
    if (item === 2) throw new Error('the second');
  });
  await expect(fail).rejects.toThrow('the second');
});

test('given a speed, commands pass no faster', async () => {
  const pace = pacer(200);
  const started = performance.now();
  await Promise.all(Array.from({ length: 11 }, () => pace()));
  expect(performance.now() - started).toBeGreaterThan(45);
});
