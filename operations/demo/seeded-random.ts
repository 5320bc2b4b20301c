/** Also for tests that may not look behind the bank's commands. */
export { seededRandom } from '../../platform/seeded-random.ts';
