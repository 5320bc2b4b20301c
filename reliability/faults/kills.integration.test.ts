import { bankUnderTest, runFault, type BankUnderTest } from './bank-under-test.ts';
import { seededRandom } from '../../platform/seeded-random.ts';

const ACKNOWLEDGED_MIN = 10;
const PROGRAMS = [
  'bank-account-actor',
  'event-source',
  'projection-balances',
  'projection-history',
  'core-bank-api',
  'queries-bank-api',
  'bank-account-actor-daprd',
  'event-source-daprd',
  'projection-balances-daprd',
  'projection-history-daprd',
  'core-bank-api-daprd',
  'queries-bank-api-daprd',
  'nats',
  'immudb',
  'postgres',
  'ferretdb',
  'placement',
];
const CRASH_POINTS = [
  'actor:before-commit money-deposited',
  'actor:after-commit',
  'actor:after-commit money-withdrawn',
  'actor:before-publish',
  'event-source:before-append',
  'event-source:after-append',
  'event-source:after-ack',
  'projection:before-checkpoint',
];
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const random = seededRandom(seed);

jest.setTimeout(90_000);

let house: BankUnderTest;
beforeAll(async () => {
  house = await bankUnderTest();
});
afterAll(() => house.close());

const expectSound = (run: Awaited<ReturnType<typeof runFault>>): void => {
  expect(run.violations.slice(0, 10)).toEqual([]);
  expect(run.acknowledged).toBeGreaterThan(ACKNOWLEDGED_MIN);
  expect(run.events).toBeGreaterThanOrEqual(run.acknowledged / 2);
};

describe(`kill -9 under load loses nothing and doubles nothing (SEED=${seed})`, () => {
  test.each(PROGRAMS)('of %s', async (program) => {
    const restarts = house.bank.restartCount(program);
    const run = await runFault(house, random, () => {
      if (!house.bank.kill(program, 'SIGKILL')) throw new Error(`${program} does not run`);
    });
    expectSound(run);
    expect(house.bank.restartCount(program)).toBeGreaterThan(restarts);
  });

  test.each(CRASH_POINTS)('at the point %s', async (point) => {
    const restarts = house.bank.restartCount();
    const run = await runFault(house, random, () => house.planCrash(point));
    expectSound(run);
    expect(house.bank.restartCount()).toBeGreaterThan(restarts);
  });

  test('of the actor host, event-source and immudb at once', async () => {
    const run = await runFault(house, random, () => {
      for (const program of ['bank-account-actor', 'event-source', 'immudb']) {
        house.bank.kill(program, 'SIGKILL');
      }
    });
    expectSound(run);
  });
});
