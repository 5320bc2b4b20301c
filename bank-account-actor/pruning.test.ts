import {
  ACCOUNT,
  STREAM,
  deposit,
  open,
  said,
  testHost,
  testLog,
  withdraw,
} from './actor-fixtures.ts';
import { PRUNE_AGE_MS, TRUST_MS, type Stamp } from './activation.ts';
import type { Journal } from './journal.ts';
import { memoryJournal } from './memory-journal.ts';

const COMMITS = 120;

/** A house whose clock the test moves. */
function house(wrap: (journal: Journal) => Journal = (journal) => journal) {
  const journal = memoryJournal();
  const log = testLog();
  let at = 0;
  const stamp = (): Stamp => ({ steady: at, wall: at });
  const pass = (ms: number): void => void (at += ms);
  const mine = testHost(wrap(journal), log, { stamp });
  const rival = testHost(journal, log, { stamp });
  /** The rival commits so much, over so long a time, that early rows are pruned. */
  const rivalIsBusy = async (): Promise<void> => {
    for (let commit = 0; commit < COMMITS; commit += 1) {
      pass(PRUNE_AGE_MS / 20);
      await rival.execute(deposit(`r${commit}`, '1.00', { fresh: true }));
    }
  };
  return { journal, log, pass, mine, rival, rivalIsBusy };
}

test('given old commits that the log has, their rows are deleted, others stay', async () => {
  const { journal, rival, rivalIsBusy } = house();
  await rival.execute(open('o'));
  await rivalIsBusy();
  const { head, rows } = await journal.load(STREAM);
  expect(head.first).toBeGreaterThan(COMMITS / 2);
  expect(rows.at(-1)?.events.at(-1)?.version).toBe(COMMITS + 1);
  expect(head.from + rows.length - 1).toBe(COMMITS + 1);
});

test('given commits that the log has not confirmed, none of their rows is deleted', async () => {
  const journal = memoryJournal();
  let at = 0;
  const stamp = (): Stamp => ({ steady: at, wall: at });
  const { execute } = testHost(journal, testLog(), { confirms: false, stamp });
  await execute(open('o'));
  for (let commit = 0; commit < COMMITS; commit += 1) {
    at += PRUNE_AGE_MS / 20;
    await execute(deposit(`r${commit}`, '1.00', { fresh: true }));
  }
  const { head, rows } = await journal.load(STREAM);
  expect(head).toEqual({ first: 1, from: 1 });
  expect(rows).toHaveLength(COMMITS + 1);
});

test('given a host that idled while another committed, it looks before it decides', async () => {
  const { log, mine, rivalIsBusy, pass } = house();
  await mine.execute(open('o'));
  await rivalIsBusy();
  pass(TRUST_MS + 1);
  const [result] = await mine.execute(withdraw('w', '120.00'));
  expect(said(result)).toBe(String(COMMITS + 2));
  expect(log.forks).toEqual([]);
});

test('given a host that slept while a row of its rival was pruned, it tells no lie', async () => {
  let sleep: (() => Promise<void>) | undefined;
  const sleepy = (journal: Journal): Journal => ({
    ...journal,
    commit: async (commit) => {
      const nap = sleep;
      sleep = undefined;
      await nap?.();
      return journal.commit(commit);
    },
  });
  const { log, mine, rivalIsBusy } = house(sleepy);
  await mine.execute(open('o'));
  sleep = rivalIsBusy;
  const [result] = await mine.execute(deposit('mine'));
  expect(said(result)).toBe(String(COMMITS + 2));
  expect(log.eventsOf(ACCOUNT)).toHaveLength(COMMITS + 2);
  expect(log.forks).toEqual([]);
});
