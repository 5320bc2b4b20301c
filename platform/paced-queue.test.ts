import { setTimeout as sleep } from 'node:timers/promises';
import { QueueFull } from './batcher.ts';
import { pacedQueue } from './paced-queue.ts';

test('given work for two, it is done one after the other, with a rest between', async () => {
  const paced = pacedQueue({ waitingMax: 9, rest: 1 });
  const times: (readonly [began: number, ended: number])[] = [];
  const work = async (): Promise<void> => {
    const began = performance.now();
    await sleep(30);
    times.push([began, performance.now()]);
  };
  await Promise.all([paced(work), paced(work), paced(work)]);
  for (const [index, [began]] of times.entries()) {
    const before = times[index - 1];
    if (before === undefined) continue;
    const took = before[1] - before[0];
    expect(began - before[1]).toBeGreaterThanOrEqual(took * 0.9);
  }
  expect(times).toHaveLength(3);
});

test('given more than may wait, it is refused, and what fails keeps nothing back', async () => {
  const paced = pacedQueue({ waitingMax: 2, rest: 0 });
  const failed = paced(() => Promise.reject(new Error('no')));
  await expect(failed).rejects.toThrow('no');
  const all = Array.from({ length: 3 }, () => paced(() => sleep(5, 'done')));
  await expect(all[2]).rejects.toThrow(QueueFull);
  expect(await Promise.all(all.slice(0, 2))).toEqual(['done', 'done']);
});
