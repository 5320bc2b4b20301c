import type { Entry } from './process-table.ts';

/** NATS clients in sidecars try 60 times, 2 s apart, and then never again. */
const GIVEN_UP_AFTER_MS = 60_000;

/** Which programs give up on another one that stays away for long: name to names. */
export type GivesUpOn = ReadonlyMap<string, string>;

/**
 * Watches how long programs are away. After a long outage of one, those that gave up on it are
 * to be restarted: they would run on without it, and look healthy.
 */
export const watchOutages = (restart: (name: string, because: string) => void) => {
  const awaySince = new Map<string, number>();
  return (programs: readonly Entry[], givesUpOn: GivesUpOn, nowMs: number): void => {
    for (const { name, state } of programs) {
      const since = awaySince.get(name);
      if (state !== 'ready') awaySince.set(name, since ?? nowMs);
      else if (since !== undefined) {
        awaySince.delete(name);
        if (nowMs - since < GIVEN_UP_AFTER_MS) continue;
        for (const [dependent, on] of givesUpOn) if (on === name) restart(dependent, name);
      }
    }
  };
};
