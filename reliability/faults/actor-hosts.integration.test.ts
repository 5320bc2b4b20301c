import { setTimeout as sleep } from 'node:timers/promises';
import { executed } from './executed.ts';
import { bankUnderTest, runFault, violationsWithin } from './bank-under-test.ts';
import type { BankUnderTest, FaultRun } from './bank-under-test.ts';
import { seededRandom } from '../../platform/seeded-random.ts';
import { startTransfers } from './transfer-load.ts';
import { answersAgainstLog, askAgain, lookAt } from './transfer-verdict.ts';

const FROZEN_MS = 15_000;
/** So long after a fault ends there may be answers that nobody can tell the outcome. */
const FAILING_MS_MAX = 10_000;
const AFTER_MS = FAILING_MS_MAX + 5_000;
const BETWEEN_MS = 1_500;
const END_MS_MAX = 30_000;
const CLIENTS = 8;
const COMPLETED_MIN = 20;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const random = seededRandom(seed);
const FREEZABLE = ['postgres', 'bank-account-actor-daprd', 'bank-account-actor-2'];
/** Each takes a minute, so a push freezes one of them, and `FREEZE=all` every one. */
const FROZEN = process.env['FREEZE'] === 'all' ? FREEZABLE : [FREEZABLE[seed % FREEZABLE.length]!];

jest.setTimeout(240_000);

let house: BankUnderTest;
let ownerId: string;
beforeAll(async () => {
  house = await bankUnderTest({ actorHosts: 2 });
  const owner = { givenName: 'Frozen', familyName: 'Host' };
  ownerId = String((await executed(`${house.commandUrl}/v1/persons`, owner))['personId']);
});
afterAll(() => house.close());

const open = async (): Promise<string> => {
  const terms = { ownerId, currency: 'CZK', initialDeposit: '5000' };
  return String((await executed(`${house.commandUrl}/v1/accounts`, terms))['accountId']);
};

/** Transfers and single commands on accounts of both hosts, while the bank is hurt. */
async function runLoad(hurt: () => Promise<void>, afterMs: number): Promise<FaultRun> {
  const { commandUrl, queryUrl } = house;
  const accounts = await Promise.all(Array.from({ length: 8 }, open));
  const transfers = startTransfers({
    commandUrl,
    random,
    clients: CLIENTS,
    sources: accounts,
    targets: accounts,
  });
  let endedAt = 0;
  const fault = async (): Promise<void> => {
    await hurt();
    endedAt = performance.now();
  };
  let run: FaultRun;
  try {
    run = await runFault(house, random, fault, { clients: CLIENTS, afterMs });
  } finally {
    await transfers.stop();
  }
  const { all } = transfers;
  const late = all.filter(({ failedAt = 0 }) => failedAt > endedAt + FAILING_MS_MAX);
  expect(late.slice(0, 10)).toEqual([]);
  const torn = await violationsWithin(END_MS_MAX, () => lookAt(queryUrl, accounts, false));
  expect(torn.slice(0, 10)).toEqual([]);
  await askAgain(commandUrl, all);
  const told = await violationsWithin(END_MS_MAX, () => answersAgainstLog(queryUrl, accounts, all));
  expect(told.slice(0, 10)).toEqual([]);
  const over = await violationsWithin(END_MS_MAX, () => lookAt(queryUrl, accounts, true));
  expect(over.slice(0, 10)).toEqual([]);
  const completed = all.filter(({ state }) => state === 'completed').length;
  const failed = all.filter(({ failedAt }) => failedAt !== undefined);
  const lastFault = Math.max(0, ...failed.map(({ failedAt = 0 }) => failedAt - endedAt));
  process.stdout.write(
    `${all.length} transfers, ${completed} completed, ${failed.length} saw a 5xx, the last one ` +
      `${Math.round(lastFault)} ms after the fault; ${run.acknowledged} commands, ` +
      `${run.unknown} without an answer, sound after ${Math.round(run.healMs)} ms\n`,
  );
  expect(completed).toBeGreaterThan(COMPLETED_MIN);
  expect(run.violations.slice(0, 10)).toEqual([]);
  expect(run.acknowledged).toBeGreaterThan(COMPLETED_MIN);
  return run;
}

const kill = (program: string, signal: NodeJS.Signals): void => {
  if (!house.bank.kill(program, signal)) throw new Error(`${program} does not run`);
};

describe(`two actor hosts under transfers lose, make and double no money (SEED=${seed})`, () => {
  test.each([
    ['hosts and their sidecars', 'bank-account-actor', 'bank-account-actor-2-daprd'],
    ['the other way round', 'bank-account-actor-2', 'bank-account-actor-daprd'],
    ['what all of them need', 'postgres', 'placement'],
  ])('after kill -9 of %s', async (_name, ...programs) => {
    await runLoad(async () => {
      for (const program of programs) {
        kill(program, 'SIGKILL');
        await sleep(BETWEEN_MS);
      }
    }, BETWEEN_MS);
  });
  test('after a host was stopped in order, and has come back', async () => {
    await runLoad(async () => {
      await house.bank.stopActorHost(2);
      await sleep(BETWEEN_MS);
      await house.bank.addActorHost(2);
    }, BETWEEN_MS);
  });
  test.each(FROZEN)(`when %s is frozen for ${FROZEN_MS / 1_000} s`, async (program) => {
    await runLoad(async () => {
      kill(program, 'SIGSTOP');
      await sleep(FROZEN_MS);
      // Who watches it may have killed it meanwhile.
      house.bank.kill(program, 'SIGCONT');
    }, AFTER_MS);
  });
});
