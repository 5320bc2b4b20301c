import Sequencer from '@jest/test-sequencer';

/**
 * Pure tests that take longest though `npm run check` has the time for its part of their runs; and
 * one that measures memory, for which its worker has to be a new one.
 */
const LONGEST = [
  'reliability/write-path/write-path',
  'bank-account-actor/restore/logged-streams',
  'domain/bank',
  'contracts/account/events',
  'reliability/simulation/add-a-command',
].map((file) => `/${file}.test.ts`);

/**
 * Jest puts the longest first once it knows how long each file took, and the largest file until
 * then: in a fresh clone one worker began with the longest when the other had nothing left to do.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const rank = ({ path, context }) => {
      const at = LONGEST.findIndex((file) => path.endsWith(file));
      if (at >= 0) return at;
      return context.config.displayName?.name === 'long' ? LONGEST.length : LONGEST.length + 1;
    };
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
