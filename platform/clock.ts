import { setTimeout as sleep } from 'node:timers/promises';

/** Time as the write path sees it. A simulation brings its own, in which nothing really waits. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch; it may jump. */
  readonly wall: () => number;
  /** Milliseconds from an arbitrary start that never decrease: for ages and time-outs. */
  readonly steady: () => number;
  /** Resolves after so many milliseconds; it keeps no process alive. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Does the work in the next round of the event loop. */
  readonly soon: (work: () => void) => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  steady: () => performance.now(),
  sleep: (ms) => sleep(ms, undefined, { ref: false }),
  soon: (work) => void setImmediate(work),
};
