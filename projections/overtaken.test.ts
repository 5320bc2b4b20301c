import { setTimeout as sleep } from 'node:timers/promises';
import { balanceProjection } from './balance-projection.ts';
import { logForTests, sourceOf } from './events-for-tests.ts';
import { Follower } from './follower.ts';
import { memoryReadStore } from './memory-read-store.ts';
import type { AccountStore } from './read-store.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
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

test('given a change whose answer was lost, a larger batch goes on from it', async () => {
  const log = logForTests();
  const id = log.id(1);
  log.open(id);
  log.deposit(id, 100n);
  const stores = memoryReadStore();
  const persons = await stores.persons(1);
  const store = losesFirstAnswer(await stores.accounts(1), () => {
    log.deposit(id, 20n);
    log.deposit(id, 3n);
  });
  const follower = new Follower(balanceProjection(store, persons), sourceOf(log), quiet, PACE);
  for (let looks = 0; looks < 200 && !follower.caughtUp(); looks += 1) await sleep(5);
  expect(follower.status()).toMatchObject({ state: 'following', eventsApplied: 4 });
  await follower.end();
  expect(await store.account(id)).toMatchObject({ version: 4, balance: { ledger: '1.23' } });
});
