import { streamOfPerson } from '../contracts/log/bank-events.ts';
import { personId } from '../domain/ids.ts';
import {
  ofHistoryDocuments,
  changeBlock,
  CHANGES_KEPT_MS,
} from '../contracts/account/read-models.ts';
import type { PositionedEvent } from '../contracts/log/topics.ts';
import { AccountWriter } from './balances/account-writer.ts';
import { accountAfter, type AccountPlace } from './balances/balances.ts';
import { balancesOf, historyOf, linesOf, logForTests, randomLog } from './events-for-tests.ts';
import { randomOf, seedOfRun } from './events-for-tests.ts';
import { memoryReadStore } from './read-store/memory-read-store.ts';
import { personWriter } from './balances/person-writer.ts';
import { Overtaken } from './follower/projection.ts';
import type { AccountStore, HistoryStore } from './read-store/read-store.ts';

class Crash extends Error {}

/** A store that breaks at some calls: before it wrote, or after. */
function breaking<Store extends object>(store: Store, random: (below: number) => number): Store {
  return new Proxy(store, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      // A promise of a store looks for "then".
      if (call === undefined) return undefined;
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

const FIRST: AccountPlace = { ownerIndex: 0, index: 0 };
const placeOf = ({ ownerIndex, index }: AccountPlace): AccountPlace => ({ ownerIndex, index });

const PERSON = personId('00000000-0000-8000-8000-00000000000a');
const personEvent = (version: number, type: string, data: object): PositionedEvent => {
  const stream = streamOfPerson(PERSON);
  const event = { stream, id: `${stream}/${version}`, version, type, data, at: `${version}` };
  return { position: 2 ** 30 + version, event } as unknown as PositionedEvent;
};

test('persons: the list has them sealed and forgets what is erased', async () => {
  const store = memoryReadStore();
  const log = logForTests();
  log.open(log.id(1));
  const entries = [
    log.entries[0]!,
    personEvent(1, 'person-registered', { sealed: 'first' }),
    personEvent(2, 'person-address-changed', { sealed: 'second' }),
  ];
  const open = () => balancesOf(store);
  const balances = await open();
  await balances.restore();
  await balances.apply(entries);
  expect(store.personsOf('1')).toMatchObject([
    { status: 'registered', version: 2, index: 0, profile: { version: 1, sealed: 'first' } },
  ]);
  // Again, as after a crash before the checkpoint: nothing is counted twice.
  await personWriter(await store.persons('1')).write(entries);
  await balances.apply([personEvent(3, 'person-erased', {})]);
  await balances.flush();
  const [erased] = store.personsOf('1');
  expect(erased).toMatchObject({ personId: PERSON, status: 'erased', version: 3, index: 0 });
  expect(JSON.stringify(erased)).not.toMatch(/first|second|sealed/);
  expect(await (await open()).restore()).toMatchObject({ position: 2 ** 30 + 3, events: 4 });
  expect(store.accountsOf('1')).toHaveLength(1);

  const history = await historyOf(store);
  await history.apply(entries);
  await history.flush();
  const again = await historyOf(store);
  expect(await again.restore()).toMatchObject({ position: 2 ** 30 + 2, events: 3 });
});

test('a batch of refusals alone moves both projections on and changes no account', async () => {
  const store = memoryReadStore();
  const log = logForTests();
  log.open(log.id(1));
  const stream = `refusal/${log.id(1)}`;
  const refusals = [1, 2].map((version) => {
    const event = { stream, id: `${stream}/${version}`, version, type: 'command-refused', at: '1' };
    return { position: 2 ** 30 + version, event: { ...event, data: {} } };
  }) as unknown as PositionedEvent[];
  const balances = await balancesOf(store);
  const history = await historyOf(store);
  for (const projection of [balances, history]) {
    await projection.restore();
    await projection.apply(log.entries);
    await projection.apply(refusals);
    await projection.flush();
    expect(await projection.restore()).toMatchObject({
      position: 2 ** 30 + 2,
      lastEventId: `${stream}/2`,
      events: log.entries.length + 2,
    });
  }
  expect(store.accountsOf('1')).toHaveLength(1);
  expect(store.accountsOf('1')[0]).toMatchObject({ version: log.entries.length });
});

test('persons: 70 of them, with crashes, make one list without a hole', async () => {
  const seed = seedOfRun();
  const random = randomOf(seed);
  const store = memoryReadStore();
  const persons = await store.persons('1');
  const ids = Array.from({ length: 70 }, (_unused, at) => at.toString(16).padStart(12, '0'));
  const registered = ids.map((id, at): PositionedEvent => {
    const stream = `person/00000000-0000-8000-8000-${id}`;
    const event = { stream, version: 1, type: 'person-registered', data: { sealed: 's' }, at: '1' };
    return { position: at + 1, event } as unknown as PositionedEvent;
  });
  let { write } = personWriter(breaking(persons, random));
  for (let from = 0; from < registered.length; from += 9) {
    await persist(() => write(registered.slice(from, from + 9)));
    if (random(3) === 0) ({ write } = personWriter(breaking(persons, random)));
  }
  const listed = store.personsOf('1').sort((left, right) => left.index - right.index);
  expect({ seed, ids: listed.map(({ personId: id }) => id.slice(-12)) }).toEqual({ seed, ids });
  expect(listed.map(({ index }) => index)).toEqual(ids.map((_id, at) => at));
});

test('balances: with random failures and crashes, what is read equals the replay', async () => {
  const seed = seedOfRun();
  const random = randomOf(seed);
  const log = randomLog(random, 1_500, 120);
  const store = memoryReadStore();
  const accountsOf1: AccountStore = await store.accounts('1');
  const open = () => balancesOf({ ...store, accounts: async () => breaking(accountsOf1, random) });
  let projection = await open();
  let { position } = await persist(() => projection.restore());
  while (position < log.entries.at(-1)!.position) {
    const batch = log.entries.filter((entry) => entry.position > position).slice(0, 1 + random(60));
    await persist(() => projection.apply(batch));
    position = batch.at(-1)!.position;
    if (random(3) === 0) await persist(() => projection.flush());
    if (random(5) > 0) continue;
    // A crash: nothing of the memory stays.
    projection = await open();
    const checkpoint = await persist(() => projection.restore());
    expect({ seed, position: checkpoint.position }).toEqual({ seed, position });
    const done = log.entries.filter((entry) => entry.position <= position);
    expect(checkpoint.events).toBe(done.length);
  }
  await persist(() => projection.flush());
  const accounts = store.accountsOf('1');
  expect(accounts).toHaveLength(log.accounts.size);
  for (const account of accounts) {
    const own = log.entries.filter(({ event }) => event.stream === `acct/${account.accountId}`);
    const replayed = own.reduce<typeof account | undefined>(
      (before, entry) => accountAfter(before, entry, placeOf(account)),
      undefined,
    );
    expect({ seed, ...account }).toEqual({ seed, ...replayed });
  }
  const all = log.entries.filter(({ event }) => event.type === 'account-opened');
  const inAll = accounts.toSorted((a, b) => a.index - b.index);
  expect(inAll.map(({ index }) => index)).toEqual(all.map((_entry, at) => at));
  expect(inAll.map(({ accountId }) => `acct/${accountId}`)).toEqual(
    all.map(({ event }) => event.stream),
  );
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
  const historyOf1: HistoryStore = await store.history('1');
  const open = () => historyOf({ ...store, history: async () => breaking(historyOf1, random) });
  let projection = await open();
  let { position } = await persist(() => projection.restore());
  while (position < log.entries.at(-1)!.position) {
    const batch = log.entries.filter((entry) => entry.position > position).slice(0, 1 + random(60));
    await persist(() => projection.apply(batch));
    position = batch.at(-1)!.position;
    if (random(3) === 0) await persist(() => projection.rest());
    if (random(5) > 0) continue;
    projection = await open();
    position = (await persist(() => projection.restore())).position;
  }
  const lines = linesOf(log.entries);
  for (const line of lines) {
    const accountId = line.eventId.split('/')[1]!;
    const page = ofHistoryDocuments(store.linesOf('1', accountId, line.version));
    const found = page.filter(({ version }) => version === line.version);
    expect({ seed, found }).toEqual({ seed, found: [line] });
  }
  expect(lines.filter(({ reversedBy }) => reversedBy !== undefined).length).toBeGreaterThan(0);
});

test('given two projections that write the same accounts, the later one goes on', async () => {
  const log = logForTests();
  log.open(log.id(1));
  log.deposit(log.id(1), 5n);
  const store = memoryReadStore();
  const [one, two] = [await balancesOf(store), await balancesOf(store)];
  await one.restore();
  await two.restore();
  await one.apply(log.entries);
  await expect(two.apply(log.entries.slice(0, 1))).rejects.toThrow(Overtaken);
  expect(await two.restore()).toMatchObject({ position: log.entries.at(-1)?.position, events: 2 });
});

test('history: an event that does not follow is reported; all lines are written', async () => {
  const log = logForTests();
  log.open(log.id(1));
  for (let count = 0; count < 3; count += 1) log.deposit(log.id(1), 5n);
  const store = memoryReadStore();
  const projection = await historyOf(store);
  await projection.restore();
  await projection.apply(log.entries.slice(0, 2));
  await projection.apply(log.entries.slice(3));
  const { stream } = log.entries[3]!.event;
  expect(projection.setAside()).toMatchObject([{ stream, version: 4 }]);
  expect(store.linesOf('1', log.id(1), 1)).toHaveLength(3);
});

test('a document is written when its account is opened, and again when it moved', async () => {
  const stores = memoryReadStore();
  const store = await stores.accounts('1');
  const written: string[] = [];
  const counting: typeof store = {
    ...store,
    async insertAccounts(added) {
      written.push(...added.map(({ accountId, version }) => `${accountId}/${version}`));
      await store.insertAccounts(added);
    },
    async replaceAccount(account) {
      written.push(`${account.accountId}/${account.version}`);
      await store.replaceAccount(account);
    },
  };
  const log = logForTests();
  const [one, other] = [log.id(1), log.id(2)];
  for (const id of [one, other]) log.open(id);
  log.deposit(one, 5n);
  const projection = await balancesOf({ ...stores, accounts: async () => counting });
  await projection.restore();
  await projection.apply(log.entries);
  await projection.flush();
  expect(written).toEqual([`${one}/2`, `${other}/1`]);
  log.deposit(other, 7n);
  await projection.apply(log.entries.slice(3));
  await projection.flush();
  expect(written.slice(2)).toEqual([`${other}/2`]);
});

test('changes are deleted once they are in the documents and old, never earlier', async () => {
  const store = await memoryReadStore().accounts('1');
  let time = 0;
  const writer = new AccountWriter(store, () => time);
  const log = logForTests();
  const [entry] = log.open(log.id(1));
  const account = accountAfter(undefined, entry!, FIRST);
  for (let seq = 1; seq <= 40; seq += 1) {
    const at = { seq, after: seq, position: seq + 1, lastEventId: 'x', events: seq };
    const change = { ...at, settled: 0, accounts: [account], opened: 0 };
    await store.appendChange(change);
    writer.accept(change);
    time += 100;
  }
  await writer.flush();
  expect(await store.change(1)).toBeDefined();
  time += CHANGES_KEPT_MS;
  await writer.flush();
  expect(await store.change(1)).toBeUndefined();
  expect(await store.change(31)).toBeUndefined();
  expect(changeBlock(32)).toBe(changeBlock(40));
  expect(await store.change(32)).toBeDefined();
});

test('given a document that cannot be written, no other is written late over a newer', async () => {
  const store = await memoryReadStore().accounts('1');
  const log = logForTests();
  const models = [1, 2].map((serial) =>
    accountAfter(undefined, log.open(log.id(serial))[0]!, FIRST),
  );
  const [broken, slow] = [models[0]!, models[1]!];
  const newer = { ...slow, version: slow.version + 1, position: slow.position + 1 };
  await store.insertAccounts(models);
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  let isBroken = true;
  const replaceAccount: AccountStore['replaceAccount'] = async (account) => {
    if (account === broken && isBroken) throw new Crash();
    if (account === slow) await gate;
    await store.replaceAccount(account);
  };
  const writer = new AccountWriter({ ...store, replaceAccount });
  const changeOf = (seq: number, accounts: (typeof slow)[]) => {
    const at = { seq, after: seq, position: seq + 1, lastEventId: 'x', events: seq };
    return { ...at, settled: 0, accounts, opened: 0 };
  };
  writer.accept(changeOf(1, [broken, slow]));
  const first = writer.flush().catch((error: unknown) => error);
  await new Promise(setImmediate);
  writer.accept(changeOf(2, [newer]));
  isBroken = false;
  const second = writer.flush().catch((error: unknown) => error);
  setTimeout(() => open(), 20);
  expect([await first, await second]).toContainEqual(expect.any(Crash));
  await gate;
  await writer.flush();
  expect(await store.account(slow.accountId)).toEqual(newer);
});
