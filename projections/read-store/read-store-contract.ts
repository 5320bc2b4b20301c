import { randomOf, seedOfRun, logForTests } from '../events-for-tests.ts';
import type { RegistryRevision } from '../../contracts/generations.ts';
import {
  type AccountChange,
  type AccountModel,
  type Checkpoint,
  changeBlock,
  DOCUMENT_BYTES_MAX,
  ownerListOf,
  ownerPage,
} from '../../contracts/account/read-models.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { personId, type PersonId } from '../../domain/ids.ts';
import { accountAfter } from '../balances/balances.ts';
import { historyLine } from '../history/history-projection.ts';
import { ACCOUNTS_BEGINNING, BEGINNING, type ReadStore } from './read-store.ts';

const CHECKPOINT: Checkpoint = { position: 2 ** 40, lastEventId: 'acct/x/1', events: 7 };

/** What any read store must do; run on the one in memory and on the real one. */
export function readStoreContract(open: () => ReadStore): void {
  registryContract(open);
  changesContract(open);
  documentsContract(open);
  lateWritesContract(open);
  droppedContract(open);
}

/** Each test has a generation of its own. */
let named = 0;
const fresh = (): string => `${(named += 1)}-${Date.now().toString(36).slice(-8).padStart(8, '0')}`;

const log = logForTests({ firstSerial: 77_000 });
const [opened] = log.open(log.id(1));
const account: AccountModel = accountAfter(undefined, opened!, { ownerIndex: 0, index: 0 });
const change = (seq: number): AccountChange => ({
  seq,
  ...CHECKPOINT,
  after: 5,
  settled: 0,
  accounts: [account],
  opened: 1,
});

const personAt = (id: PersonId, index: number): PersonModel => ({
  personId: id,
  status: 'registered',
  version: 1,
  position: 10,
  index,
  registeredAt: 'then',
  at: 'now',
  profile: { version: 1, sealed: 'c2VhbGVk' },
});

function registryContract(open: () => ReadStore): void {
  test('a revision is inserted once; the second of its number is refused', async () => {
    const store = open();
    const first: RegistryRevision = {
      revision: 1,
      inUse: '1-aaaaaaaa',
      building: [{ generation: '2-bbbbbbbb', since: 2 ** 41 }],
      retired: [],
      dropped: ['0-cccccccc'],
    };
    expect(await store.revision('history', 1)).toBeUndefined();
    expect(await store.insertRevision('history', first)).toBe('inserted');
    const other = { ...first, inUse: '1-dddddddd' };
    expect(await store.insertRevision('history', other)).toBe('taken');
    expect(await store.insertRevision('history', { ...other, revision: 2 })).toBe('inserted');
    expect(await store.revision('history', 1)).toEqual(first);
    expect(await store.revision('history', 3)).toBeUndefined();
    expect(await store.revision('balances', 1)).toBeUndefined();
  });

  test('a checkpoint is at the beginning, then as it was saved', async () => {
    const generation = fresh();
    const history = await open().history(generation);
    expect(await history.checkpoint()).toEqual(BEGINNING);
    await history.saveCheckpoint(CHECKPOINT);
    expect(await history.checkpoint()).toEqual(CHECKPOINT);
    expect(await (await open().history(generation)).checkpoint()).toEqual(CHECKPOINT);
    const accounts = await open().accounts(generation);
    expect(await accounts.checkpoint()).toEqual(ACCOUNTS_BEGINNING);
    await accounts.saveCheckpoint({ ...CHECKPOINT, settled: 4, firstBlock: 1 });
    expect(await accounts.checkpoint()).toEqual({ ...CHECKPOINT, settled: 4, firstBlock: 1 });
  });
}

function changesContract(open: () => ReadStore): void {
  test('a change is written once; the second of its number is refused', async () => {
    const accounts = await open().accounts(fresh());
    expect(await accounts.appendChange(change(1))).toBe('appended');
    expect(await accounts.appendChange({ ...change(1), after: 6 })).toBe('taken');
    expect(await accounts.change(1)).toEqual(change(1));
    expect(await accounts.change(2)).toBeUndefined();
  });

  test('changes are deleted by the block, others stay', async () => {
    const accounts = await open().accounts(fresh());
    for (const seq of [1, 15, 16, 17]) await accounts.appendChange(change(seq));
    for (const _again of [1, 2]) await accounts.deleteChanges(changeBlock(1));
    const there = await Promise.all([1, 15, 16, 17].map((seq) => accounts.change(seq)));
    expect(there.map((found) => found !== undefined)).toEqual([false, false, true, true]);
  });

  test('what no database takes as one document is refused', async () => {
    const accounts = await open().accounts(fresh());
    const name = 'x'.repeat(DOCUMENT_BYTES_MAX);
    const tooLarge = { ...change(1), accounts: [{ ...account, name }] };
    await expect(accounts.appendChange(tooLarge)).rejects.toThrow();
    expect(await accounts.change(1)).toBeUndefined();
  });
}

function documentsContract(open: () => ReadStore): void {
  test('accounts are found by id and counted on the page of their place', async () => {
    const accounts = await open().accounts(fresh());
    const named = { ...account, name: 'ž€😀"\\' };
    const second = { ...account, accountId: log.id(2), ownerIndex: 1, index: 32 };
    await accounts.insertAccounts([named, second]);
    expect(await accounts.account(account.accountId)).toEqual(named);
    expect(await accounts.account(log.id(2))).toEqual(second);
    expect(await accounts.account(log.id(3))).toBeUndefined();
    const owned = (place: number) =>
      accounts.pageSize({ ownerPage: ownerPage(ownerListOf(account), place) });
    expect([await owned(0), await owned(32)]).toEqual([2, 0]);
    const sizes = await Promise.all([0, 1, 2].map((page) => accounts.pageSize({ page })));
    expect(sizes).toEqual([1, 1, 0]);
    await accounts.insertMetadata([]);
  });

  test('persons are found by id and counted on the page of their place', async () => {
    const persons = await open().persons(fresh());
    const ids = ['a', 'b', 'c'].map((digit) =>
      personId(`00000000-0000-8000-8000-00000000000${digit}`),
    );
    const people = ids.map((id, at) => personAt(id, [0, 31, 32][at]!));
    for (const person of people) expect(await persons.insertPerson(person)).toBe('inserted');
    const [first] = people;
    expect(await persons.person(first!.personId)).toEqual(first);
    const { profile: _profile, ...left } = first!;
    const erased = { ...left, status: 'erased' as const, version: 2, position: 11 };
    await persons.replacePerson(erased);
    expect(await persons.person(first!.personId)).toEqual(erased);
    expect(await persons.person(personId('00000000-0000-8000-8000-00000000000f'))).toBeUndefined();
    expect(await persons.personPageSize(0)).toBe(2);
    expect(await persons.personPageSize(1)).toBe(1);
    expect(await persons.personPageSize(2)).toBe(0);
  });

  test('lines are added whole, however often they come', async () => {
    const history = await open().history(fresh());
    log.deposit(log.id(1), 12_550n);
    const lines = log.entries.map(historyLine);
    await history.insertLines(lines.slice(0, 1));
    await history.insertLines(lines);
    await history.insertLines(lines);
    await history.insertLines([]);
  });

  test('entries of lists stay as they were written, and are counted by page', async () => {
    const history = await open().history(fresh());
    const entry = (number: number, position: number, text: string) => ({
      _id: `names/${number}`,
      page: 'names/0',
      number,
      position: 2 ** 40 + position,
      line: JSON.stringify({ text }),
    });
    expect(await history.insertListed([])).toEqual([]);
    expect(await history.insertListed([entry(1, 5, 'first')])).toEqual([]);
    const more = [entry(0, 3, 'before'), entry(1, 9, 'second'), entry(2, 9, 'new')];
    expect(await history.insertListed(more)).toEqual(['names/1']);
    expect((await history.insertListed(more)).sort()).toEqual(['names/0', 'names/1', 'names/2']);
    await history.insertListed([{ _id: 'end', position: 2 ** 40, line: '{}' }]);
    const size = (before: number) => history.listPageSize('names/0', 2 ** 40 + before);
    expect(await Promise.all([3, 4, 6, 9, 10].map(size))).toEqual([0, 1, 2, 2, 3]);
    expect(await history.listPageSize('names/1', 2 ** 41)).toBe(0);
  });

  test('of a stream that is set aside the first fault stays', async () => {
    const setAside = await open().setAside('balances', fresh());
    expect(await setAside.list()).toEqual([]);
    const fault = { stream: 'acct/a', version: 3, position: 2 ** 40, fault: 'first' };
    await setAside.insert([fault]);
    await setAside.insert([
      { ...fault, fault: 'second' },
      { ...fault, stream: 'acct/b' },
    ]);
    const listed = (await setAside.list()).sort((one, two) => (one.stream < two.stream ? -1 : 1));
    expect(listed).toEqual([fault, { ...fault, stream: 'acct/b' }]);
  });
}

/** Each write that replaces, as a life of five states of one document, and what is there then. */
async function replacements(store: ReadStore) {
  const generation = fresh();
  const accounts = await store.accounts(generation);
  const persons = await store.persons(generation);
  const history = await store.history(generation);
  const person = personAt(personId(account.accountId), 0);
  await accounts.insertAccounts([account]);
  await persons.insertPerson(person);
  const lives = [1, 2, 3, 4, 5].map((life) => 2 ** 31 + life);
  const checkpoints = lives.map((position, at) => ({ ...CHECKPOINT, position, events: at }));
  const states = {
    account: lives.map((position, at) => ({
      ...account,
      position,
      version: 2 + at,
      blocks: ['credit' as const],
      openHolds: [`2/${account.accountId}`, `3/${account.accountId}`].slice(0, at),
    })),
    // Set aside: the position moves, the version does not.
    person: lives.map((position) => ({ ...person, position, setAside: 2 })),
    history: checkpoints,
    balances: checkpoints.map((one, at) => ({ ...one, settled: at + 1, firstBlock: 0 })),
  };
  return [
    {
      what: 'account',
      states: states.account,
      writes: states.account.map((state) => () => accounts.replaceAccount(state)),
      again: () => accounts.insertAccounts([account]),
      there: () => accounts.account(account.accountId),
    },
    {
      what: 'person',
      states: states.person,
      writes: states.person.map((state) => () => persons.replacePerson(state)),
      again: () => persons.insertPerson(person),
      there: () => persons.person(person.personId),
    },
    {
      what: 'checkpoint of the history',
      states: states.history,
      writes: states.history.map((state) => () => history.saveCheckpoint(state)),
      again: () => store.history(generation),
      there: () => history.checkpoint(),
    },
    {
      what: 'checkpoint of the balances',
      states: states.balances,
      writes: states.balances.map((state) => () => accounts.saveCheckpoint(state)),
      again: () => store.accounts(generation),
      there: () => accounts.checkpoint(),
    },
  ] as const;
}

function lateWritesContract(open: () => ReadStore): void {
  test('a replacement that comes late, twice or out of order changes nothing', async () => {
    const seed = seedOfRun();
    const random = randomOf(seed);
    for (const { what, states, writes, again, there } of await replacements(open())) {
      let highest = -1;
      for (let calls = 0; calls < 12; calls += 1) {
        const at = random(writes.length);
        await writes[at]!();
        if (random(3) === 0) await again();
        highest = Math.max(highest, at);
        expect({ seed, what, there: await there() }).toEqual({
          seed,
          what,
          there: states[highest],
        });
      }
    }
  });

  test('of replacements at the same time the latest stays', async () => {
    const seed = seedOfRun();
    const random = randomOf(seed);
    for (let round = 0; round < 10; round += 1) {
      for (const { what, states, writes, again, there } of await replacements(open())) {
        const calls: (() => Promise<unknown>)[] = [...writes, ...writes, again];
        for (let at = calls.length - 1; at > 0; at -= 1) {
          const other = random(at + 1);
          [calls[at], calls[other]] = [calls[other]!, calls[at]!];
        }
        await Promise.all(calls.map((call) => call()));
        const found = { seed, round, what, there: await there() };
        expect(found).toEqual({ seed, round, what, there: states.at(-1) });
      }
    }
  }, 60_000);

  test('an insertion that comes late or twice leaves what is there as it is', async () => {
    const store = open();
    const generation = fresh();
    const accounts = await store.accounts(generation);
    const moved = { ...account, version: 9, position: account.position + 9 };
    await accounts.insertAccounts([account]);
    await accounts.replaceAccount(moved);
    const second = { ...account, accountId: log.id(2) };
    await accounts.insertAccounts([account, second]);
    expect(await accounts.account(account.accountId)).toEqual(moved);
    expect(await accounts.account(log.id(2))).toEqual(second);
    const persons = await store.persons(generation);
    const person = personAt(personId(account.accountId), 3);
    expect(await persons.insertPerson(person)).toBe('inserted');
    expect(await persons.insertPerson({ ...person, index: 4 })).toBe('taken');
    expect(await persons.person(person.personId)).toEqual(person);
  });
}

function droppedContract(open: () => ReadStore): void {
  test('a dropped generation is empty, another stays; dropping nothing is harmless', async () => {
    const store = open();
    const [dropped, kept] = [fresh(), fresh()];
    const [five, six] = [await store.accounts(dropped), await store.accounts(kept)];
    const fault = { stream: 'acct/a', version: 3, position: 7, fault: 'first' };
    const person = personAt(personId(account.accountId), 0);
    for (const generation of [dropped, kept]) {
      const accounts = await store.accounts(generation);
      await accounts.insertAccounts([account]);
      await accounts.insertMetadata([{ accountId: 'a', version: 1, metadata: { 'a.b': '$c' } }]);
      await accounts.appendChange(change(1));
      await accounts.saveCheckpoint({ ...CHECKPOINT, settled: 0, firstBlock: 0 });
      await (await store.persons(generation)).insertPerson(person);
      await (await store.setAside('balances', generation)).insert([fault]);
    }
    await store.drop('balances', dropped);
    await store.drop('balances', dropped);
    await store.drop('history', fresh());
    // What replaces and comes only now finds nothing to replace.
    await five.saveCheckpoint({ ...CHECKPOINT, position: 2 ** 41, settled: 0, firstBlock: 0 });
    await five.replaceAccount({ ...account, position: 2 ** 41 });
    expect(await five.checkpoint()).toBeUndefined();
    expect(await five.account(account.accountId)).toBeUndefined();
    expect(await five.change(1)).toBeUndefined();
    expect(await (await store.persons(dropped)).person(person.personId)).toBeUndefined();
    expect(await (await store.setAside('balances', dropped)).list()).toEqual([]);
    expect(await (await store.persons(kept)).person(person.personId)).toEqual(person);
    expect(await (await store.setAside('balances', kept)).list()).toEqual([fault]);
    expect(await six.account(account.accountId)).toEqual(account);
    expect(await six.checkpoint()).toMatchObject(CHECKPOINT);
  });
}
