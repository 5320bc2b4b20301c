import { PLANTED_BUGS } from './planted-bugs.ts';
import { simulate } from './simulation.ts';
import { runsOf } from '../../domain/runs-for-tests.ts';

const SEEDS_MAX = 2_000;
const PATIENCE_MS = 3_600_000;

// In a file of their own, so that a second processor runs them alongside the seeds without a bug.
test.each(PLANTED_BUGS.slice(0, runsOf(PLANTED_BUGS.length)))(
  `finds within ${SEEDS_MAX} seeds: %s`,
  async (bug) => {
    for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
      if ((await simulate(seed, { bug })).violations.length > 0) return;
    }
    throw new Error('it was not found');
  },
  PATIENCE_MS,
);
