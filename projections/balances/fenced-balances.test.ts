import { setTimeout as sleep } from 'node:timers/promises';
import { commandBody } from '../../contracts/account/commands.ts';
import {
  changeBytesOf,
  toChangeDocument,
  CHANGE_BYTES_MAX,
  changeBlock,
  type AccountChange,
} from '../../contracts/account/read-models.ts';
import type { Currency } from '../../domain/currency.ts';
import { ownerId } from '../../domain/ids.ts';
import { ZERO } from '../../domain/money.ts';
import { balancesOf, logForTests, QUIET, sourceOf } from '../events-for-tests.ts';
import { Follower } from '../follower/follower.ts';
import { memoryReadStore } from '../read-store/memory-read-store.ts';
import { documentBytes } from '../read-store/mongo-read-store.ts';
import type { AccountStore } from '../read-store/read-store.ts';

const PACE = { spacingMs: 1, pollMs: 5, retryMs: 5, retryMsMax: 20 };

/** A store of which one call stands still until it is let go; then its process is gone. */
function standing<Name extends keyof AccountStore>(store: AccountStore, name: Name) {
  let letGo: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const call = store[name] as (...args: unknown[]) => Promise<unknown>;
  const paused = {
    ...store,
    [name]: async (...args: unknown[]) => {
      await gate;
      await call(...args);
      return new Promise<never>(() => undefined);
    },
  };
  return { paused, letGo: () => letGo() };
}

/** A first process stands in a call of its flushing; a second one took over. */
async function overtaken(name: 'replaceAccount' | 'saveCheckpoint') {
  const log = logForTests();
  const [a, b] = [log.id(1), log.id(2)];
  for (const id of [a, b]) log.open(id);
  log.deposit(a, 100n);
  const stores = memoryReadStore();
  const accounts = await stores.accounts('1');
  const { paused, letGo } = standing(accounts, name);
  const old = await balancesOf({ ...stores, accounts: async () => paused });
  await old.restore();
  await old.apply(log.entries.slice(0, 2));
  await old.apply(log.entries.slice(2));
  void old.flush();
  await sleep(5);
  log.deposit(a, 900n);
  const young = await balancesOf(stores);
  await young.restore();
  await young.apply(log.entries.slice(3));
  await young.flush();
  const then = { account: await accounts.account(a), checkpoint: await accounts.checkpoint() };
  letGo();
  await sleep(5);
  const now = { account: await accounts.account(a), checkpoint: await accounts.checkpoint() };
  log.deposit(a, 1n);
  const next = new Follower(await balancesOf(stores), sourceOf(log), QUIET, PACE);
  for (let looks = 0; looks < 100 && !next.caughtUp(); looks += 1) await sleep(5);
  const status = next.status();
  await next.end();
  return { before: then, now, status };
}

test.each(['replaceAccount', 'saveCheckpoint'] as const)(
  'given a %s on its way while another projection goes on, it changes nothing',
  async (name) => {
    const { before, now, status } = await overtaken(name);
    expect(before.account).toMatchObject({ version: 3, balance: { ledger: '10.00' } });
    expect(now).toEqual(before);
    expect(status).toMatchObject({ state: 'following', eventsApplied: 5 });
  },
);

test('a number that is free since its change was deleted is not taken after a pause', async () => {
  const log = logForTests();
  log.open(log.id(1));
  const stores = memoryReadStore();
  const accounts = await stores.accounts('1');
  const old = await balancesOf(stores);
  await old.restore();
  await old.apply(log.entries);
  const clock = jest.spyOn(performance, 'now');
  const began = performance.now();
  const young = await balancesOf(stores);
  await young.restore();
  for (let count = 0; count < 40; count += 1) {
    log.deposit(log.id(1), 1n);
    await young.apply(log.entries.slice(-1));
  }
  clock.mockImplementation(() => began + 120_000);
  await young.flush();
  clock.mockImplementation(() => began + 240_000);
  await young.flush();
  expect(await accounts.change(2)).toBeUndefined();
  await expect(old.apply(log.entries.slice(1, 2))).rejects.toThrow(/is in the documents already/);
  clock.mockRestore();
  expect(await accounts.change(2)).toBeUndefined();
  expect(changeBlock(2)).toBe(0);
  expect(await old.restore()).toMatchObject({ events: 41 });
});

test('metadata of any size is written once, and no change is too large', async () => {
  const log = logForTests();
  const metadata = Object.fromEntries(
    Array.from({ length: 20 }, (_unused, at) => [`key${at}`, '字'.repeat(400)]),
  );
  const name = '字'.repeat(100);
  const opening = { type: 'open-account', currency: 'CZK', name, metadata, ownerId: 'jana' };
  expect(commandBody.safeParse(opening).success).toBe(true);
  const terms = { overdraftLimit: ZERO, initialDeposit: ZERO, currency: 'CZK' as Currency };
  for (let at = 0; at < 2_500; at += 1) {
    const owner = ownerId(`o${at}`);
    log.run(log.id(at), { type: 'open-account', ownerId: owner, name, metadata, ...terms });
  }
  for (let at = 0; at < 2_500; at += 1) log.deposit(log.id(at), 100n);
  const stores = memoryReadStore();
  const accounts = await stores.accounts('1');
  const changes: AccountChange[] = [];
  const appendChange: AccountStore['appendChange'] = (change) => {
    changes.push(change);
    return accounts.appendChange(change);
  };
  const projection = await balancesOf({
    ...stores,
    accounts: async () => ({ ...accounts, appendChange }),
  });
  await projection.restore();
  // As many as one batch never has.
  await projection.apply(log.entries.slice(0, 2_500));
  await projection.apply(log.entries.slice(2_500));
  await projection.flush();
  const sizes = changes.map((change) => documentBytes(toChangeDocument(change)));
  expect(Math.max(...sizes)).toBeLessThan(CHANGE_BYTES_MAX + 65_536);
  expect(changes.length).toBeGreaterThan(2);
  for (const { accounts: changed } of changes) {
    for (const account of changed) {
      expect(Buffer.byteLength(JSON.stringify(account))).toBeLessThan(changeBytesOf(account));
    }
  }
  const shown = stores.accountsOf('1');
  expect(shown).toHaveLength(2_500);
  for (const { accountId, version, metadataVersion } of shown) {
    expect([version, metadataVersion]).toEqual([2, 1]);
    expect(stores.metadataOf('1', accountId, 1)).toEqual(metadata);
  }
  expect(JSON.stringify(shown)).not.toContain('key1');
}, 30_000);
