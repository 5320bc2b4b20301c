import { ofHistoryDocument } from '../contracts/read-documents.ts';
import { changeBlock, CHANGES_KEPT_MS } from '../contracts/read-models.ts';
import type { PositionedEvent } from '../contracts/topics.ts';
import { AccountWriter } from './account-writer.ts';
import { balanceProjection } from './balance-projection.ts';
import { foldAccount } from './balances.ts';
import { logForTests, randomLog, randomOf, seedOfRun } from './events-for-tests.ts';
import { historyProjection } from './history-projection.ts';
import { historyLine } from './history.ts';
import { memoryReadStore } from './memory-read-store.ts';
import { LogFault } from './projection.ts';
import type { AccountStore, HistoryStore } from './read-store.ts';

class Crash extends Error {}

/** A store that breaks at some calls: before it wrote, or after. */
function breaking<Store extends object>(store: Store, random: (below: number) => number): Store {
  return new Proxy(store, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const fate = random(12);
        if (fate === 0) throw new Crash();
        const result = await call.apply(target, args);
        if (fate === 1) throw new Crash();
        return result;
      };
    },
  });
}

async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

test('events of persons move the checkpoints and nothing else', async () => {
  const person = {
    position: 2 ** 30,
    event: { stream: `person/${'0'.repeat(8)}`, id: 'person/x/1', type: 'person-registered' },
  } as unknown as PositionedEvent;
  const store = memoryReadStore();
  const lastEventId = 'person/x/1';
  for (const open of [
    async () => balanceProjection(await store.accounts(1)),
    async () => historyProjection(await store.history(1)),
  ]) {
    const projection = await open();
    await projection.restore();
    await projection.apply([person]);
    await projection.settle();
    const reached = { position: 2 ** 30, lastEventId, events: 1 };
    expect(await (await open()).restore()).toMatchObject(reached);
  }
  expect(store.accountsOf(1)).toEqual([]);
});

test('balances: with random failures and crashes, what is read equals the fold', async () => {
  const seed = seedOfRun();
  const random = randomOf(seed);
  const log = randomLog(random, 1_500, 120);
  const store = memoryReadStore();
  const accountsOf1: AccountStore = await store.accounts(1);
  const open = () => balanceProjection(breaking(accountsOf1, random));
  let projection = open();
  let { position } = await persist(() => projection.restore());
  while (position < log.entries.at(-1)!.position) {
    const batch = log.entries.filter((entry) => entry.position > position).slice(0, 1 + random(60));
    await persist(() => projection.apply(batch));
    position = batch.at(-1)!.position;
    if (random(3) === 0) await persist(() => projection.settle());
    if (random(5) > 0) continue;
    // A crash: nothing of the memory stays.
    projection = open();
    const checkpoint = await persist(() => projection.restore());
    expect({ seed, position: checkpoint.position }).toEqual({ seed, position });
    const done = log.entries.filter((entry) => entry.position <= position);
    expect(checkpoint.events).toBe(done.length);
  }
  await persist(() => projection.settle());
  const accounts = store.accountsOf(1);
  expect(accounts).toHaveLength(log.accounts.size);
  for (const account of accounts) {
    const own = log.entries.filter(({ event }) => event.stream === `acct/${account.accountId}`);
    const folded = own.reduce<typeof account | undefined>(
      (before, entry) => foldAccount(before, entry, account.ownerIndex),
      undefined,
    );
    expect({ seed, ...account }).toEqual({ seed, ...folded });
  }
  // An owner's places are 0, 1, 2 ... in the order in which the log opened the accounts.
  for (const owner of ['owner-0', 'owner-1', 'owner-2']) {
    const opened = log.entries.filter(
      ({ event }) => event.type === 'account-opened' && event.data.ownerId === owner,
    );
    const inOrder = accounts
      .filter((account) => account.ownerId === owner)
      .sort((a, b) => a.ownerIndex - b.ownerIndex);
    expect(inOrder.map((account) => account.ownerIndex)).toEqual(opened.map((_entry, at) => at));
    expect(inOrder.map((account) => `acct/${account.accountId}`)).toEqual(
      opened.map(({ event }) => event.stream),
    );
  }
});

test('history: with failing calls and crashes at random, it has every line once', async () => {
  const seed = seedOfRun();
  const random = randomOf(seed);
  const log = randomLog(random, 800, 20);
  const store = memoryReadStore();
  const historyOf1: HistoryStore = await store.history(1);
  const open = () => historyProjection(breaking(historyOf1, random));
  let projection = open();
  let { position } = await persist(() => projection.restore());
  while (position < log.entries.at(-1)!.position) {
    const batch = log.entries.filter((entry) => entry.position > position).slice(0, 1 + random(60));
    await persist(() => projection.apply(batch));
    position = batch.at(-1)!.position;
    if (random(3) === 0) await persist(() => projection.rest());
    if (random(5) > 0) continue;
    projection = open();
    position = (await persist(() => projection.restore())).position;
  }
  for (const { accountId, entry } of log.entries.map(historyLine)) {
    const page = store.linesOf(1, accountId, entry.version).map(ofHistoryDocument);
    const found = page.filter((line) => line.version === entry.version);
    expect({ seed, found }).toEqual({ seed, found: [entry] });
  }
});

test('given two projections that write the same accounts, the later one stops', async () => {
  const log = logForTests();
  log.open(log.id(1));
  log.deposit(log.id(1), 5n);
  const store = memoryReadStore();
  const [one, two] = [
    balanceProjection(await store.accounts(1)),
    balanceProjection(await store.accounts(1)),
  ];
  await one.restore();
  await two.restore();
  await one.apply(log.entries);
  await expect(two.apply(log.entries.slice(0, 1))).rejects.toThrow(LogFault);
});

test('history: a hole in the versions of an account stops it', async () => {
  const log = logForTests();
  log.open(log.id(1));
  for (let count = 0; count < 3; count += 1) log.deposit(log.id(1), 5n);
  const projection = historyProjection(await memoryReadStore().history(1));
  await projection.restore();
  await projection.apply(log.entries.slice(0, 2));
  await expect(projection.apply(log.entries.slice(3))).rejects.toThrow(LogFault);
});

test('changes are deleted once they are settled and old, never earlier', async () => {
  const store = await memoryReadStore().accounts(1);
  let time = 0;
  const writer = new AccountWriter(store, () => time);
  const log = logForTests();
  const [entry] = log.open(log.id(1));
  const account = foldAccount(undefined, entry!, 0);
  for (let seq = 1; seq <= 40; seq += 1) {
    const at = { seq, after: seq, position: seq + 1, lastEventId: 'x', events: seq };
    const change = { ...at, settled: 0, accounts: [account], opened: 0 };
    await store.appendChange(change);
    writer.accept(change);
    time += 100;
  }
  await writer.settle();
  expect(await store.change(1)).toBeDefined();
  time += CHANGES_KEPT_MS;
  await writer.settle();
  expect(await store.change(1)).toBeUndefined();
  expect(await store.change(31)).toBeUndefined();
  expect(changeBlock(32)).toBe(changeBlock(40));
  expect(await store.change(32)).toBeDefined();
});
