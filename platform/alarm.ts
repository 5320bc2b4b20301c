import { setTimeout as sleep } from 'node:timers/promises';

/** Waits so many milliseconds, or until the signal is aborted; it resolves either way. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** Pauses of one loop that others may end: the one under way, or all from now on. */
export function alarm() {
  let ringing = new AbortController();
  let isOver = false;
  return {
    /** Resolves after so many milliseconds, when woken, or at once after the end. */
    async pause(ms: number): Promise<void> {
      if (isOver) return;
      ringing = new AbortController();
      await pause(ms, ringing.signal);
    },
    /** Ends the pause under way. */
    wake: (): void => ringing.abort(),
    /** Ends the pause under way and all later ones. */
    end(): void {
      isOver = true;
      ringing.abort();
    },
  };
}
