import { setTimeout } from 'node:timers/promises';

/** How often and how long to retry; times are milliseconds. */
export interface RetryTerms {
  /** Milliseconds before each further try; when they are used up, the last error is thrown. */
  readonly pausesMs: Iterable<number>;
  /** Whether another try may help; other errors are thrown at once. */
  readonly mayRetry?: (error: unknown) => boolean;
  /** For tests: waits so many milliseconds. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** Calls until it succeeds, with a pause after each failure. */
export async function retry<T>(
  call: () => Promise<T>,
  { pausesMs, mayRetry = () => true, sleep = setTimeout }: RetryTerms,
): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await call();
    } catch (error) {
      if (!mayRetry(error)) throw error;
      await sleep(pauseMs);
    }
  }
  return call();
}

/** Twice as long each time, up to the longest, without end. */
export function* doubling(firstMs: number, longestMs: number): Generator<number, never, undefined> {
  for (let ms = firstMs; ; ms = Math.min(2 * ms, longestMs)) yield ms;
}
