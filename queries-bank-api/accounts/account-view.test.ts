import { setTimeout as sleep } from 'node:timers/promises';
import { CHANGES_KEPT_MS, type AccountModel } from '../../contracts/account/read-models.ts';
import { AccountView, FRESH_MS } from './account-view.ts';
import { accountOf, changeOf, idOf, randomOf } from './accounts-for-tests.ts';
import { memoryReadModels } from '../read-models/memory-read-models.ts';
import { Unavailable } from '../read-models/read-models.ts';

function viewed() {
  const models = memoryReadModels();
  models.use.balances = '1';
  const clock = { time: 0 };
  /** What happens while the view waits. */
  const pauses: (() => void)[] = [];
  const pause = async (ms: number) => {
    clock.time += ms;
    pauses.shift()?.();
  };
  const view = new AccountView(models, () => clock.time, pause);
  return { models, clock, pauses, view };
}

test('an account is found in its document, then in the changes after it', async () => {
  const { models, clock, view } = viewed();
  models.of('1').accounts.set(idOf(1), accountOf(1, 1));
  expect(await view.account(idOf(1))).toEqual(accountOf(1, 1));
  models.of('1').changes.set(1, changeOf(1, 0, [accountOf(1, 2)]));
  clock.time += FRESH_MS + 1;
  expect(await view.account(idOf(1))).toEqual(accountOf(1, 2));
  expect(await view.account(idOf(2))).toBeUndefined();
});

test('within a moment the read models are not asked again', async () => {
  const { models, view } = viewed();
  models.of('1').accounts.set(idOf(1), accountOf(1, 1));
  await view.account(idOf(1));
  const { calls } = models.state;
  await Promise.all(Array.from({ length: 100 }, () => view.account(idOf(1))));
  expect(models.state.calls).toBe(calls);
});

test('while the read models are away nothing is answered from memory', async () => {
  const { models, clock, view } = viewed();
  models.of('1').accounts.set(idOf(1), accountOf(1, 1));
  await view.account(idOf(1));
  models.state.away = true;
  clock.time += FRESH_MS + 1;
  await expect(view.account(idOf(1))).rejects.toThrow(Unavailable);
  models.state.away = false;
  expect((await view.account(idOf(1)))?.version).toBe(1);
});

test('after a pause in which changes were deleted, it begins again', async () => {
  const { models, clock, view } = viewed();
  models.of('1').changes.set(1, changeOf(1, 0, [accountOf(1, 1)]));
  expect((await view.account(idOf(1)))?.version).toBe(1);
  models.of('1').changes.clear();
  models.of('1').accounts.set(idOf(1), accountOf(1, 9));
  models.of('1').settled = 50;
  clock.time += CHANGES_KEPT_MS;
  expect((await view.account(idOf(1)))?.version).toBe(9);
});

test('before the first start of the projection it is unavailable, not empty', async () => {
  const { models, view } = viewed();
  models.use.balances = undefined;
  await expect(view.account(idOf(1))).rejects.toThrow(Unavailable);
});

test('a new generation is noticed within a second', async () => {
  const { models, clock, view } = viewed();
  models.of('1').accounts.set(idOf(1), accountOf(1, 5));
  expect((await view.account(idOf(1)))?.version).toBe(5);
  models.of('2').accounts.set(idOf(1), accountOf(1, 6));
  models.use.balances = '2';
  clock.time += 1_001;
  expect((await view.account(idOf(1)))?.version).toBe(6);
});

test('an owner has the accounts in order, page by page, as new as their changes', async () => {
  const { models, view } = viewed();
  for (let place = 0; place < 70; place += 1) {
    models.of('1').accounts.set(idOf(place), accountOf(place, 1));
  }
  models.of('1').changes.set(1, changeOf(1, 0, [accountOf(40, 3)]));
  const places = (found: AccountModel[]) => found.map((account) => account.ownerIndex);
  expect(places(await view.listed('jana-novakova', 0, 70))).toEqual([...Array(70).keys()]);
  const some = await view.listed('jana-novakova', 30, 20);
  expect(places(some)).toEqual(Array.from({ length: 20 }, (_, at) => 30 + at));
  expect(some[10]?.version).toBe(3);
  expect(await view.listed('jana-novakova', 70, 10)).toEqual([]);
  expect(await view.listed('nobody', 0, 10)).toEqual([]);
});

test('an account that was seen is listed for its owner, before its document is there', async () => {
  const { models, clock, view } = viewed();
  const { accounts, changes } = models.of('1');
  const places = async (from = 0, limit = 9) =>
    (await view.listed('jana-novakova', from, limit)).map((account) => account.ownerIndex);
  accounts.set(idOf(0), accountOf(0));
  const opened = [accountOf(1), accountOf(2), accountOf(3, 1, 'karel-dvorak')];
  changes.set(1, { ...changeOf(1, 0, [...opened, accountOf(0, 2)]), opened: opened.length });
  expect((await view.account(idOf(1)))?.version).toBe(1);
  expect(await places()).toEqual([0, 1, 2]);
  expect(await places(1, 1)).toEqual([1]);
  for (const account of opened) accounts.set(account.accountId, account);
  changes.set(2, changeOf(2, 0, [accountOf(1, 2)]));
  clock.time += FRESH_MS + 1;
  expect(await places()).toEqual([0, 1, 2]);
  expect((await view.listed('jana-novakova', 1, 1))[0]?.version).toBe(2);
});

test('an account is listed after the one before it, so no page leaves one out', async () => {
  const { models, view } = viewed();
  for (const place of [0, 1, 3]) models.of('1').accounts.set(idOf(place), accountOf(place));
  expect(await view.listed('jana-novakova', 0, 9)).toHaveLength(2);
  models.of('1').accounts.set(idOf(2), accountOf(2));
  expect(await view.listed('jana-novakova', 0, 9)).toHaveLength(4);
});

test('what a list showed from a document is not taken back by older changes', async () => {
  const { models, view } = viewed();
  const { accounts, changes } = models.of('1');
  accounts.set(idOf(0), accountOf(0, 1));
  changes.set(1, changeOf(1, 0, [accountOf(0, 2)]));
  expect((await view.account(idOf(0)))?.version).toBe(2);
  changes.set(2, changeOf(2, 0, [accountOf(0, 3)]));
  accounts.set(idOf(0), accountOf(0, 3));
  const [listed] = await view.listed('jana-novakova', 0, 9);
  expect((await view.account(idOf(0)))?.version).toBe(listed?.version);
});

test('given a list while a new generation is begun, it is as new as before', async () => {
  const { models, clock, view } = viewed();
  for (const generation of ['1', '2']) {
    models.of(generation).accounts.set(idOf(0), accountOf(0, 1));
    models.of(generation).changes.set(1, changeOf(1, 0, [accountOf(0, 2)]));
  }
  expect((await view.account(idOf(0)))?.version).toBe(2);
  const { accounts, change } = models;
  models.change = async (generation, seq) => {
    if (generation === '2') await sleep(20);
    return change(generation, seq);
  };
  models.accounts = async (generation, page) => {
    const found = await accounts(generation, page);
    if (generation === '2') return found;
    models.use.balances = '2';
    clock.time += 1_001;
    void view.fresh();
    await sleep(5);
    return found;
  };
  const [listed] = await view.listed('jana-novakova', 0, 9);
  expect(listed?.version).toBe(2);
});

/** Generation 1 shows version 5; its successor has come to version 4 when it is published. */
async function switched() {
  const bank = viewed();
  const { models, clock, view } = bank;
  models.of('1').changes.set(1, { ...changeOf(1, 0, [accountOf(1, 5)]), position: 500 });
  expect((await view.account(idOf(1)))?.version).toBe(5);
  models.of('2').changes.set(1, { ...changeOf(1, 0, [accountOf(1, 4)]), position: 400 });
  models.use.balances = '2';
  clock.time += 1_001;
  return bank;
}

test('a new generation that is a little behind takes back nothing that was seen', async () => {
  const { models, pauses, view } = await switched();
  pauses.push(
    () => undefined,
    () => {
      models.of('2').changes.set(2, { ...changeOf(2, 0, [accountOf(1, 5)]), position: 500 });
    },
  );
  expect((await view.account(idOf(1)))?.version).toBe(5);
  expect(pauses).toEqual([]);
});

test('a new generation that never comes so far is taken after a while', async () => {
  const { clock, view } = await switched();
  const began = clock.time;
  expect((await view.account(idOf(1)))?.version).toBe(4);
  expect(clock.time - began).toBeGreaterThan(1_000);
  clock.time = began + CHANGES_KEPT_MS / 4;
  expect((await view.account(idOf(1)))?.version).toBe(4);
  expect(clock.time).toBe(began + CHANGES_KEPT_MS / 4);
});

test('given a new generation of which only a part was read, it begins again', async () => {
  const { models, clock, view } = viewed();
  models.of('1').accounts.set(idOf(1), accountOf(1, 1));
  await view.account(idOf(1));
  models.use.balances = '2';
  models.of('2').accounts.set(idOf(1), accountOf(1, 1));
  clock.time += 1_001;
  const { change } = models;
  models.change = () => Promise.reject(new Unavailable('away for a moment'));
  await expect(view.account(idOf(1))).rejects.toThrow(Unavailable);
  // What was not read by then is in the documents, and too old to be kept.
  models.change = change;
  models.of('2').accounts.set(idOf(1), accountOf(1, 3));
  models.of('2').settled = 40;
  models.of('2').changes.set(40, changeOf(40, 39, [accountOf(2, 1)]));
  models.of('2').changes.set(41, changeOf(41, 40, [accountOf(2, 2)]));
  expect((await view.account(idOf(1)))?.version).toBe(3);
  expect((await view.account(idOf(2)))?.version).toBe(2);
});

test('random writers and readers: no version is lost, none goes back', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
  process.stdout.write(`SEED=${seed}\n`);
  const random = randomOf(seed);
  const { models, clock, view } = viewed();
  const truth = new Map<number, number>();
  const seen = new Map<number, number>();
  let seq = 0;
  for (let step = 0; step < 3_000; step += 1) {
    clock.time += random(FRESH_MS);
    const index = random(30);
    const fate = random(10);
    if (fate < 5) {
      const moved = [...new Set([index, random(30)])];
      for (const one of moved) truth.set(one, (truth.get(one) ?? 0) + 1);
      const accounts = moved.map((one) => accountOf(one, truth.get(one)));
      // An account that is opened gets its document at once, the others later.
      for (const account of accounts) {
        if (account.version === 1) models.of('1').accounts.set(account.accountId, account);
      }
      seq += 1;
      models.of('1').changes.set(seq, changeOf(seq, models.of('1').settled, accounts));
    } else if (fate === 5) {
      for (const [one, version] of truth) {
        models.of('1').accounts.set(idOf(one), accountOf(one, version));
      }
      models.of('1').settled = seq;
    } else if (truth.has(index)) {
      clock.time += random(2) * (FRESH_MS + 1);
      const version = (await view.account(idOf(index)))?.version ?? 0;
      expect({ seed, back: version < (seen.get(index) ?? 0) }).toEqual({ seed, back: false });
      seen.set(index, version);
    }
  }
  clock.time += FRESH_MS + 1;
  for (const [one, version] of truth) {
    const found = (await view.account(idOf(one)))?.version;
    expect({ seed, found }).toEqual({ seed, found: version });
  }
});
