import type { AccountChange, AccountModel, Checkpoint } from '../../contracts/read-models.ts';
import { changeBlock, ownerPage } from '../../contracts/read-models.ts';
import type { PersonModel } from '../../contracts/person-model.ts';
import { personId, type PersonId } from '../../domain/ids.ts';
import { foldAccount } from '../balances/balances.ts';
import { logForTests } from '../events-for-tests.ts';
import { historyLine } from '../history/history.ts';
import type { ReadStore } from './read-store.ts';

const CHECKPOINT: Checkpoint = { position: 2 ** 40, lastEventId: 'acct/x/1', events: 7 };

/** What any read store must do; run on the one in memory and on the real one. */
export function readStoreContract(open: () => ReadStore): void {
  registryContract(open);
  changesContract(open);
  documentsContract(open);
}

const log = logForTests({ firstSerial: 77_000 });
const [opened] = log.open(log.id(1));
const account: AccountModel = foldAccount(undefined, opened!, 0);
const change = (seq: number): AccountChange => ({
  seq,
  ...CHECKPOINT,
  after: 5,
  settled: 0,
  accounts: [account],
  opened: 1,
});

const personAt = (id: PersonId, index: number): PersonModel => ({
  ...{ personId: id, status: 'registered', version: 1, index },
  ...{ registeredAt: 'then', at: 'now', profile: { version: 1, sealed: 'c2VhbGVk' } },
});

function registryContract(open: () => ReadStore): void {
  test('given nothing, no generation is in use; then the published one is', async () => {
    const store = open();
    expect(await store.generation('history')).toBeUndefined();
    await store.publish('history', 3);
    expect(await store.generation('history')).toBe(3);
    await store.publish('history', 4);
    expect(await store.generation('history')).toBe(4);
    expect(await store.generation('balances')).toBeUndefined();
  });

  test('a checkpoint is read as it was saved', async () => {
    const history = await open().history(1);
    expect(await history.checkpoint()).toBeUndefined();
    await history.saveCheckpoint(CHECKPOINT);
    await history.saveCheckpoint({ ...CHECKPOINT, events: 8 });
    expect(await history.checkpoint()).toEqual({ ...CHECKPOINT, events: 8 });
    const accounts = await open().accounts(1);
    await accounts.saveCheckpoint({ ...CHECKPOINT, settled: 4, firstBlock: 1 });
    expect(await accounts.checkpoint()).toEqual({ ...CHECKPOINT, settled: 4, firstBlock: 1 });
  });
}

function changesContract(open: () => ReadStore): void {
  test('a change is written once; the second of its number is refused', async () => {
    const accounts = await open().accounts(1);
    expect(await accounts.appendChange(change(1))).toBe('appended');
    expect(await accounts.appendChange({ ...change(1), after: 6 })).toBe('taken');
    expect(await accounts.change(1)).toEqual(change(1));
    expect(await accounts.change(2)).toBeUndefined();
  });

  test('changes are deleted by the block, others stay', async () => {
    const accounts = await open().accounts(2);
    for (const seq of [1, 15, 16, 17]) await accounts.appendChange(change(seq));
    await accounts.deleteChanges(changeBlock(1));
    const there = await Promise.all([1, 15, 16, 17].map((seq) => accounts.change(seq)));
    expect(there.map((found) => found !== undefined)).toEqual([false, false, true, true]);
  });
}

function documentsContract(open: () => ReadStore): void {
  test('an account that is there stays as it is when it is inserted again', async () => {
    const accounts = await open().accounts(1);
    const metadata = { 'a.b-c_d': '$x.y', constructor: 'z' };
    const remarked = { ...account, metadata, name: 'ž€😀"\\' };
    await accounts.insertAccounts([remarked]);
    const second = { ...account, accountId: log.id(2), ownerIndex: 1 };
    await accounts.insertAccounts([{ ...account, version: 9 }, second]);
    expect(await accounts.account(account.accountId)).toEqual(remarked);
    expect(await accounts.account(log.id(2))).toEqual(second);
    await accounts.replaceAccount({ ...account, version: 9 });
    expect(await accounts.account(account.accountId)).toEqual({ ...account, version: 9 });
    expect(await accounts.account(log.id(3))).toBeUndefined();
    expect(await accounts.ownerPageSize(ownerPage(account.ownerId, 0))).toBe(2);
    expect(await accounts.ownerPageSize(ownerPage(account.ownerId, 32))).toBe(0);
  });

  test('a person is replaced as a whole and counted on the page of their place', async () => {
    const persons = await open().persons(1);
    const ids = ['a', 'b', 'c'].map((digit) =>
      personId(`00000000-0000-8000-8000-00000000000${digit}`),
    );
    const [first, second, third] = ids.map((id, at) => personAt(id, [0, 31, 32][at]!));
    for (const person of [first!, second!, third!]) await persons.replacePerson(person);
    expect(await persons.person(first!.personId)).toEqual(first);
    const { profile: _profile, ...erased } = { ...first!, status: 'erased' as const, version: 2 };
    await persons.replacePerson(erased);
    expect(await persons.person(first!.personId)).toEqual(erased);
    expect(await persons.person(personId('00000000-0000-8000-8000-00000000000f'))).toBeUndefined();
    expect([await persons.personPageSize(0), await persons.personPageSize(1)]).toEqual([2, 1]);
  });

  test('lines may be inserted again', async () => {
    const history = await open().history(1);
    log.deposit(log.id(1), 12_550n);
    const lines = log.entries.map(historyLine);
    await history.insertLines(lines.slice(0, 1));
    await history.insertLines(lines);
    await history.insertLines(lines);
    await history.insertLines([]);
  });

  test('a dropped generation is empty, another stays; dropping nothing is harmless', async () => {
    const store = open();
    const [five, six] = [await store.accounts(5), await store.accounts(6)];
    for (const accounts of [five, six]) {
      await accounts.insertAccounts([account]);
      await accounts.appendChange(change(1));
      await accounts.saveCheckpoint({ ...CHECKPOINT, settled: 0, firstBlock: 0 });
    }
    const person = personAt(personId(account.accountId), 0);
    for (const at of [5, 6]) await (await store.persons(at)).replacePerson(person);
    await store.drop('balances', 5);
    await store.drop('balances', 5);
    await store.drop('history', 99);
    const again = await store.accounts(5);
    expect(await again.account(account.accountId)).toBeUndefined();
    expect(await again.change(1)).toBeUndefined();
    expect(await (await store.persons(5)).person(person.personId)).toBeUndefined();
    expect(await (await store.persons(6)).person(person.personId)).toEqual(person);
    expect(await again.checkpoint()).toBeUndefined();
    expect(await six.account(account.accountId)).toEqual(account);
    expect(await six.checkpoint()).toBeDefined();
  });
}
