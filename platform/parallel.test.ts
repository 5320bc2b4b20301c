import { inParallel } from './parallel.ts';

test('given more items than may run at once, all are done, each once, in order', async () => {
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
  });
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test('given work that fails, nothing of it is under way when the failure is reported', async () => {
  let done = 0;
  const work = async (item: number): Promise<void> => {
    if (item === 1) throw new Error('no');
    await new Promise((resolve) => setTimeout(resolve, 5));
    done += 1;
  };
  await expect(inParallel([1, 2, 3], 2, work)).rejects.toThrow('no');
  expect(done).toBe(2);
});

test('given work that fails, the failure is reported', async () => {
  const work = (item: number) => (item === 2 ? Promise.reject(new Error('no')) : Promise.resolve());
  await expect(inParallel([1, 2, 3], 2, work)).rejects.toThrow('no');
});
