import { alarm } from './alarm.ts';

const LONG_MS = 60_000;

test('waking ends the pause under way and no later one; the end ends all', async () => {
  const bell = alarm();
  bell.wake();
  const began = performance.now();
  await bell.pause(30);
  expect(performance.now() - began).toBeGreaterThan(25);
  const paused = bell.pause(LONG_MS);
  bell.wake();
  await paused;
  const last = bell.pause(LONG_MS);
  bell.end();
  await last;
  await bell.pause(LONG_MS);
  expect(performance.now() - began).toBeLessThan(LONG_MS / 2);
});
