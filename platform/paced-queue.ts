import { setTimeout as sleep } from 'node:timers/promises';
import { QueueFull } from './batcher.ts';
import { serial } from './serial.ts';

/** How a paced queue works. */
export interface Pace {
  /** More pieces of work that wait are refused. */
  readonly waitingMax: number;
  /** The pause after a piece of work, as a multiple of the time that it took. */
  readonly rest: number;
}

/**
 * Runs work that nobody is in a hurry for, one piece after the other, and rests after each, so that
 * it takes no more than a part of the process's time: with a rest of 1 at most half.
 * @returns a function that rejects with QueueFull when too many wait already.
 */
export function pacedQueue({ waitingMax, rest }: Pace): <T>(work: () => Promise<T>) => Promise<T> {
  const next = serial();
  let waiting = 0;
  return (work) => {
    if (waiting >= waitingMax) return Promise.reject(new QueueFull(`${waiting} wait already`));
    waiting += 1;
    return new Promise((resolve, reject) => {
      void next(async () => {
        waiting -= 1;
        const began = performance.now();
        await work().then(resolve, reject);
        await sleep((performance.now() - began) * rest);
      });
    });
  };
}
