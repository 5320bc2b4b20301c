import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorize } from './bank-fetch.ts';
import { executed } from './executed.ts';
import { startBank, type BankOptions } from '../../runtime/supervisor/bank.ts';
import { freeInstance } from '../../runtime/supervisor/free-instance.ts';
import { askUntil, attempt, startLoad, type Attempt } from './load.ts';
import { bankViolations, clientViolations, orderViolations, viewOf } from './verdict.ts';

/** How soon after a fault every acknowledged command must be in the log and on the read side. */
export const HEAL_MS_MAX = 10_000;
/** How long a load goes on after the fault until enough of it was acknowledged. */
const LOAD_MS_MAX = 20_000;
const POLL_MS = 100;

/** Tests hurt the same program again and again and would wait for it longer each time. */
const SOON = { backOffMsMax: 1_000 };

/** A whole bank with its own ports and data, and the means to hurt it. */
export async function bankUnderTest(options: Pick<BankOptions, 'actorHosts'> = {}) {
  const instance = await freeInstance();
  const dataDir = mkdtempSync(path.join(tmpdir(), `core-bank-${instance}-`));
  const crashes = path.join(dataDir, 'crashes');
  mkdirSync(crashes);
  // Who crashes removes the file, and may be another user.
  chmodSync(crashes, 0o777);
  const crashFile = path.join(crashes, 'next');
  process.env['CORE_BANK_CRASH_FILE'] = crashFile;
  const notes: string[] = [];
  const onNote = (sentence: string): void => void notes.push(sentence);
  const place = { instance, dataDir, quiet: true, onNote };
  const bank = await startBank({ ...place, ...SOON, ...options });
  authorize(bank);
  const commandUrl = bank.urls['core-bank-api'] as string;
  const queryUrl = bank.urls['queries-bank-api'] as string;
  return {
    bank,
    notes,
    commandUrl,
    queryUrl,
    /** The next process that comes to this point dies there, once. */
    planCrash: (point: string): void => writeFileSync(crashFile, point),
    isCrashPlanned: (): boolean => existsSync(crashFile),
    openAccounts: (count: number) => openAccounts(commandUrl, count),
    async close(): Promise<void> {
      delete process.env['CORE_BANK_CRASH_FILE'];
      await bank.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
export type BankUnderTest = Awaited<ReturnType<typeof bankUnderTest>>;

async function openAccounts(commandUrl: string, count: number): Promise<string[]> {
  const owner = { givenName: 'Faulty', familyName: 'Test' };
  const { personId: ownerId } = await executed(`${commandUrl}/v1/persons`, owner);
  const terms = { ownerId, currency: 'CZK', initialDeposit: '500.00' };
  const open = async () =>
    String((await executed(`${commandUrl}/v1/accounts`, terms))['accountId']);
  return Promise.all(Array.from({ length: count }, open));
}

/** Polls until nothing is wrong or the time is over; answers what is wrong then. */
export async function violationsWithin(
  limitMs: number,
  look: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    let found: readonly string[];
    try {
      found = await look();
    } catch (error) {
      found = [String(error)];
    }
    if (found.length === 0 || performance.now() > deadline) return found;
    await sleep(250);
  }
}

export interface FaultRun {
  readonly acknowledged: number;
  readonly unknown: number;
  readonly violations: readonly string[];
  readonly healMs: number;
  readonly events: number;
}

/**
 * Loads fresh accounts, hurts the bank in the middle, and judges: first only by looking (no
 * client touches the accounts), then after every unknown command was sent again.
 */
export async function runFault(
  house: BankUnderTest,
  random: () => number,
  hurt: () => Promise<void> | void,
  {
    clients = 12,
    accounts = 12,
    beforeMs = 500,
    afterMs = 1_000,
    acknowledgedMin = 20,
    healMsMax = HEAL_MS_MAX,
  } = {},
): Promise<FaultRun> {
  const { commandUrl, queryUrl } = house;
  const accountIds = await house.openAccounts(accounts);
  const load = startLoad({ commandUrl, accountIds, clients, random });
  await sleep(beforeMs);
  await hurt();
  await sleep(afterMs);
  // A slow machine gets the time to show as much as a test has to see.
  const deadline = performance.now() + LOAD_MS_MAX;
  const acknowledged = (): number =>
    load.attempts.filter(({ state }) => state === 'acknowledged').length;
  while (acknowledged() <= acknowledgedMin && performance.now() < deadline) await sleep(POLL_MS);
  const attempts = [...(await load.stop())];
  const healing = performance.now();
  const looked = await violationsWithin(healMsMax, () => judge(queryUrl, accountIds, attempts));
  const healMs = performance.now() - healing;
  const unknown = attempts.filter(({ state }) => state === 'unknown');
  const retried = await retry(commandUrl, unknown);
  const all = [...attempts, ...retried];
  const finally_ = await violationsWithin(healMsMax, () => judge(queryUrl, accountIds, all));
  const still = retried.filter(({ state }) => state === 'unknown');
  const views = await Promise.all(accountIds.map((id) => viewOf(queryUrl, id)));
  return {
    acknowledged: attempts.filter(({ state }) => state === 'acknowledged').length,
    unknown: unknown.length,
    violations: [...looked, ...finally_, ...still.map(({ key }) => `${key} still has no answer`)],
    healMs,
    events: views.reduce((sum, { events }) => sum + events.length, 0),
  };
}

async function judge(
  queryUrl: string,
  accountIds: readonly string[],
  attempts: readonly Attempt[],
): Promise<string[]> {
  const views = await Promise.all(accountIds.map((id) => viewOf(queryUrl, id)));
  const { steps, found } = bankViolations(views);
  const few = steps < accountIds.length ? [`only ${steps} events were looked at`] : [];
  return [...few, ...found, ...clientViolations(attempts, views), ...orderViolations(attempts)];
}

/** Sends what has no answer again with the same keys, until the bank tells. */
async function retry(commandUrl: string, unknown: readonly Attempt[]): Promise<Attempt[]> {
  const retried = unknown.map((entry): Attempt => ({
    ...entry,
    sentMs: Infinity,
    state: 'unknown',
  }));
  const isOpen = ({ state }: Attempt): boolean => state === 'unknown';
  await askUntil(retried, isOpen, (again) => attempt(commandUrl, again, 0), HEAL_MS_MAX);
  return retried;
}
