const swc = (syntax) => ['@swc/jest', { jsc: { parser: { syntax }, target: 'es2023' } }];
/** Packages that are ES modules only, which jest does not take as they are. */
const ES_MODULES = '/node_modules/jose/';
const shared = {
  testEnvironment: 'node',
  transform: { '\\.ts$': swc('typescript'), [`${ES_MODULES}.*\\.js$`]: swc('ecmascript') },
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // In the temporary folder it would begin again with each test run, which has one of its own; and
  // how long each file took would be forgotten, so that the longest could not begin first.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
};
const IGNORED = ['/node_modules/', '/dist/'];
/** Pure ones that take longest: `npm test` runs them, `npm run check` has no time for them. */
const LONG = [
  'bank-account-actor/outbox/relay',
  'bank-account-actor/restore/{restoration,logged-streams}',
  'bank-account-actor/turn/{held-streams,row-costs,turns}',
  'projections/projections',
  'projections/balances/{balances,fenced-balances}',
  'reliability/bad-input/command-api',
  'reliability/simulation/{batches,transfers}',
  'reliability/write-path/planted-bugs',
].map((file) => `**/${file}.test.ts`);

/** Tests by what they need: `npx jest --selectProjects pure -t name` runs those of one kind. */
export default {
  testTimeout: 30_000,
  testSequencer: '<rootDir>/reliability/longest-first.mjs',
  // What the files of a worker leave behind makes each garbage collection of the next ones longer.
  workerIdleMemoryLimit: '768MB',
  projects: [
    {
      ...shared,
      displayName: 'pure',
      testMatch: ['**/*.test.ts', ...LONG.map((glob) => `!${glob}`)],
      testPathIgnorePatterns: [...IGNORED, String.raw`\.integration\.test\.ts$`],
    },
    { ...shared, displayName: 'long', testMatch: LONG, testPathIgnorePatterns: IGNORED },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['**/*.integration.test.ts'],
      testPathIgnorePatterns: [...IGNORED, '<rootDir>/reliability/'],
    },
    {
      ...shared,
      displayName: 'house',
      testMatch: ['<rootDir>/reliability/{live,restore}/*.integration.test.ts'],
      testPathIgnorePatterns: IGNORED,
    },
    {
      ...shared,
      displayName: 'faults',
      testMatch: ['<rootDir>/reliability/faults/*.integration.test.ts'],
      testPathIgnorePatterns: IGNORED,
    },
  ],
};
