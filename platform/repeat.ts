import { systemClock, type Clock } from './clock.ts';

/**
 * Repeats the work, each time `everyMs` milliseconds after it ended, from `start` to `stop`. A
 * failure is reported and ends nothing. Work under way at `stop` is not awaited.
 */
export function repeat(
  work: () => Promise<void>,
  everyMs: number,
  onFailure: (error: unknown) => void,
  clock: Pick<Clock, 'sleep'> = systemClock,
) {
  let isStopped = false;
  const run = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(everyMs);
      if (isStopped) return;
      await work().catch(onFailure);
    }
  };
  return {
    /** Starts the repetition. */
    start: (): void => void run(),
    /** The work is not started again. */
    stop: (): void => void (isStopped = true),
  };
}
