export const BACK_OFF_FIRST_MS = 200;
export const BACK_OFF_MAX_MS = 5_000;
/** A program that ran this long had recovered: its next death starts from the first delay. */
export const HEALTHY_AFTER_MS = 30_000;

export interface BackOff {
  /** The delay before the next restart, given how long the program ran, in milliseconds. */
  readonly next: (ranForMs: number) => number;
}

/** Doubling delays between a first and a longest one, reset by a healthy run. */
export const createBackOff = (
  firstMs = BACK_OFF_FIRST_MS,
  maxMs = BACK_OFF_MAX_MS,
  healthyMs = HEALTHY_AFTER_MS,
): BackOff => {
  let delay = firstMs;
  return {
    next: (ranForMs) => {
      if (ranForMs >= healthyMs) delay = firstMs;
      const chosen = delay;
      delay = Math.min(delay * 2, maxMs);
      return chosen;
    },
  };
};
