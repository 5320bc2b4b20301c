import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Keeps turns at least `ms` apart, counted from the start of the last one. The first turn after
 * a rest starts at once; under load what gathers meanwhile makes larger and fewer batches.
 */
export function pace(ms: number): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    const waitMs = nextAt - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    nextAt = performance.now() + ms;
  };
}
