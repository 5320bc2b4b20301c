const PART = Number(process.env['CORE_BANK_RUNS'] ?? 1);
if (!(PART > 0)) throw new Error('CORE_BANK_RUNS is a part of all runs, for example 0.05.');

/** False in `npm run check`, where a rare case may stay unseen. */
export const isEveryRun = PART >= 1;

/** More than so many of a rare case are seen in all runs; a part of them may see none. */
export const rareOf = (all: number): number => (isEveryRun ? runsOf(all) : -1);

/** How often a random test runs: so often in `npm test`, a part of it in `npm run check`. */
export const runsOf = (all: number): number => Math.ceil(all * PART);
