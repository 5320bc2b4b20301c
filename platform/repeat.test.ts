import { setTimeout as sleep } from 'node:timers/promises';
import { repeat } from './repeat.ts';

test('work goes on after a failure, until it is stopped, also while it is under way', async () => {
  const failures: unknown[] = [];
  let turns = 0;
  const loop = repeat(
    async () => {
      turns += 1;
      if (turns === 2) throw new Error('once');
      if (turns === 4) loop.stop();
      await sleep(1);
    },
    1,
    (error) => failures.push(String(error)),
  );
  loop.start();
  while (turns < 4) await sleep(1);
  await sleep(20);
  expect([turns, failures]).toEqual([4, ['Error: once']]);
});
