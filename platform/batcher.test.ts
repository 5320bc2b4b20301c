import { batcher, QueueFull } from './batcher.ts';

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('given nothing under way, an item runs at once and alone', async () => {
  const sizes: number[] = [];
  const call = batcher<number, number>({ itemsMax: 10, inFlightMax: 1 }, async (items) => {
    sizes.push(items.length);
    return items;
  });
  expect(await call(7)).toBe(7);
  expect(sizes).toEqual([1]);
});

test('given a run under way, what arrives meanwhile forms the next batches, in order', async () => {
  const batches: number[][] = [];
  const call = batcher<number, number>({ itemsMax: 3, inFlightMax: 1 }, async (items) => {
    batches.push(items);
    await soon(5);
    return items.map((item) => item * 2);
  });
  expect(await Promise.all([1, 2, 3, 4, 5].map(call))).toEqual([2, 4, 6, 8, 10]);
  expect(batches).toEqual([[1], [2, 3, 4], [5]]);
});

test('given a run that fails, its items fail and the next batch runs', async () => {
  let runs = 0;
  const call = batcher<number, number>({ itemsMax: 1, inFlightMax: 1 }, async (items) => {
    runs += 1;
    if (runs === 1) throw new Error('broken');
    return items;
  });
  const [first, second] = await Promise.allSettled([call(1), call(2)]);
  expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
});

test('given a run that loses a result, nobody gets the result of another', async () => {
  const call = batcher<number, number>({ itemsMax: 5, inFlightMax: 1 }, async () => []);
  await expect(call(1)).rejects.toThrow('lost or made results');
});

test('given a full queue, further items are refused at once', async () => {
  const limits = { itemsMax: 1, inFlightMax: 1, waitingMax: 2 };
  const call = batcher<number, number>(limits, async (items) => {
    await soon(5);
    return items;
  });
  const calls = [1, 2, 3, 4].map(call);
  await expect(calls[3]).rejects.toThrow(QueueFull);
  expect(await Promise.all(calls.slice(0, 3))).toEqual([1, 2, 3]);
});

test('given items of several sizes, no batch is too large and no item is split', async () => {
  const batches: number[][] = [];
  const limits = { itemsMax: 10, inFlightMax: 1, waitingMax: 40, sizeOf: (size: number) => size };
  const call = batcher<number, number>(limits, async (sizes) => {
    batches.push(sizes);
    await soon(1);
    return sizes;
  });
  await Promise.all([1, 4, 6, 1, 10, 9, 2].map(call));
  expect(batches).toEqual([[1], [4, 6], [1], [10], [9], [2]]);
});

test('given sizes beyond what may wait, the item is refused and takes no place', async () => {
  const limits = { itemsMax: 10, inFlightMax: 1, waitingMax: 10, sizeOf: (size: number) => size };
  const call = batcher<number, number>(limits, async (sizes) => {
    await soon(1);
    return sizes;
  });
  const settled = await Promise.allSettled([1, 6, 5, 4].map(call));
  const status = settled.map((one) => one.status);
  expect(status).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
});
