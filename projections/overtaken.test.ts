import { setTimeout as sleep } from 'node:timers/promises';
import { balancesOf, logForTests, QUIET, sourceOf } from './events-for-tests.ts';
import { Follower } from './follower/follower.ts';
import { memoryReadStore } from './read-store/memory-read-store.ts';
import type { AccountStore } from './read-store/read-store.ts';

const PACE = { spacingMs: 1, pollMs: 5, retryMs: 5, retryMsMax: 20 };

/** Writes the first change, loses the answer, and lets the log grow before it is tried again. */
function losesFirstAnswer(store: AccountStore, meanwhile: () => void): AccountStore {
  let isFirst = true;
  const appendChange: AccountStore['appendChange'] = async (change) => {
    const outcome = await store.appendChange(change);
    if (!isFirst) return outcome;
    isFirst = false;
    meanwhile();
    throw new Error('the answer was lost');
  };
  return new Proxy(store, {
    get: (target, name) => (name === 'appendChange' ? appendChange : Reflect.get(target, name)),
  });
}

test('given a change whose answer was lost, a larger batch continues from it', async () => {
  const log = logForTests();
  const id = log.id(1);
  log.open(id);
  log.deposit(id, 100n);
  const stores = memoryReadStore();
  const store = losesFirstAnswer(await stores.accounts('1'), () => {
    log.deposit(id, 20n);
    log.deposit(id, 3n);
  });
  const balances = await balancesOf({ ...stores, accounts: async () => store });
  const follower = new Follower(balances, sourceOf(log), QUIET, PACE);
  for (let looks = 0; looks < 200 && !follower.caughtUp(); looks += 1) await sleep(5);
  expect(follower.status()).toMatchObject({ state: 'following', eventsApplied: 4 });
  await follower.end();
  expect(await store.account(id)).toMatchObject({ version: 4, balance: { ledger: '1.23' } });
});

test('given that it was overtaken, it writes no account any more', async () => {
  const log = logForTests();
  const serials = [1, 2, 3, 4, 5, 6];
  for (const serial of serials) log.open(log.id(serial));
  for (const serial of serials) log.deposit(log.id(serial), 100n);
  const stores = memoryReadStore();
  const first = await stores.accounts('1');
  const writing: (() => void)[] = [];
  const written: string[] = [];
  const store: AccountStore = {
    ...first,
    appendChange: async (change) => (change.seq < 3 ? first.appendChange(change) : 'taken'),
    async replaceAccount(account) {
      await new Promise<void>((resolve) => writing.push(resolve));
      written.push(account.accountId);
    },
  };
  const projection = await balancesOf({ ...stores, accounts: async () => store });
  await projection.restore();
  await projection.apply(log.entries.slice(0, 6));
  await projection.apply(log.entries.slice(6));
  const flushing = projection.flush();
  log.deposit(log.id(1), 1n);
  const told = projection.apply(log.entries.slice(-1)).then(
    () => [],
    () => [...written],
  );
  await sleep(20);
  for (const go of writing) go();
  const then = await told;
  expect(then).toHaveLength(4);
  await flushing;
  expect(written).toEqual(then);
  expect(await first.checkpoint()).toMatchObject({ settled: 0 });
});
