import {
  historyPage,
  ownerPage,
  type SaidMetadata,
  type AccountChange,
  type AccountModel,
  type HistoryEntry,
  type ReadModelName,
} from '../../contracts/account/read-models.ts';
import { endedTransferId, listPage, type ListDocument } from '../../contracts/account/lists.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { personId } from '../../domain/ids.ts';
import { accountOf, changeOf, idOf, lineOf } from '../accounts/accounts-for-tests.ts';
import type { ReadModels } from './read-models.ts';

/** Writes what the projections would. */
export interface ReadModelsWriter {
  use(name: 'balances' | 'history', generation: string): Promise<void>;
  saveSettled(generation: string, seq: number): Promise<void>;
  change(generation: string, change: AccountChange): Promise<void>;
  account(generation: string, account: AccountModel): Promise<void>;
  person(generation: string, person: PersonModel): Promise<void>;
  listed(generation: string, entry: ListDocument): Promise<void>;
  line(generation: string, accountId: string, line: HistoryEntry): Promise<void>;
  metadata(generation: string, said: SaidMetadata): Promise<void>;
  setAside(name: ReadModelName, generation: string, stream: string): Promise<void>;
}

/** What any read models must do; run on those in memory and on the real ones. */
export function readModelsContract(open: () => { models: ReadModels; writer: ReadModelsWriter }) {
  test('given nothing, nothing is found', async () => {
    const { models } = open();
    expect(await models.generation('balances')).toBeUndefined();
    expect(await models.settled('1')).toBe(0);
    expect(await models.change('1', 1)).toBeUndefined();
    expect(await models.account('1', idOf(1))).toBeUndefined();
    expect(await models.accounts('1', { ownerPage: 'jana-novakova/0' })).toEqual([]);
    expect(await models.historyLines('1', historyPage(idOf(1), 1))).toEqual([]);
  });

  test('what was written is found again, in its generation only', async () => {
    const { models, writer } = open();
    const account = { ...accountOf(1), metadataVersion: 1, name: 'ž😀' };
    const metadata = { 'a.b-c_d': '$x.y', constructor: 'z' };
    const line = { ...lineOf(1, 2), metadata: { 'a.b': 'c' }, description: 'rent' };
    await writer.use('balances', '2-bbbbbbbb');
    await writer.use('history', '3-cccccccc');
    await writer.saveSettled('2', 41);
    await writer.change('2', changeOf(42, 41, [account]));
    await writer.account('2', account);
    await writer.line('3', idOf(1), line);
    await writer.metadata('2', { accountId: idOf(1), version: 1, metadata });
    await writer.setAside('history', '3', `acct/${idOf(1)}`);
    expect(await models.generation('balances')).toBe('2-bbbbbbbb');
    expect(await models.generation('history')).toBe('3-cccccccc');
    expect(await models.settled('2')).toBe(41);
    expect(await models.change('2', 42)).toEqual(changeOf(42, 41, [account]));
    expect(await models.account('2', idOf(1))).toEqual(account);
    expect(await models.account('3', idOf(1))).toBeUndefined();
    expect(await models.metadata('2', idOf(1), 1)).toEqual(metadata);
    expect(await models.metadata('2', idOf(1), 2)).toBeUndefined();
    expect(await models.isSetAside('history', '3', `acct/${idOf(1)}`)).toBe(true);
    expect(await models.isSetAside('history', '3', `acct/${idOf(2)}`)).toBe(false);
    expect(await models.historyLines('3', historyPage(idOf(1), 2))).toEqual([line]);
  });

  test('entries of lists are found by their page, and a transfer by its id', async () => {
    const { models, writer } = open();
    const entry = (number: number): ListDocument => ({
      _id: `names/${number}`,
      page: listPage('names', number),
      number,
      position: 2 ** 40 + number,
      line: `{"a.$b":${number}}`,
    });
    for (const number of [0, 31, 32]) await writer.listed('9', entry(number));
    await writer.listed('9', { _id: endedTransferId('x'), position: 1, line: '{"is":"end"}' });
    const listed = async (page: string) =>
      (await models.listed('9', page)).sort((one, other) => one.number - other.number);
    const read = (number: number) => {
      const { position, line } = entry(number);
      return { number, position, line };
    };
    expect(await listed('names/0')).toEqual([read(0), read(31)]);
    expect(await listed('names/1')).toEqual([read(32)]);
    expect(await models.listed('8', 'names/0')).toEqual([]);
    expect(await models.listedLine('9', endedTransferId('x'))).toBe('{"is":"end"}');
    expect(await models.listedLine('9', endedTransferId('y'))).toBeUndefined();
  });

  test('pages hold what belongs to them', async () => {
    const { models, writer } = open();
    for (const place of [0, 31, 32]) await writer.account('7', accountOf(place));
    for (const version of [1, 16, 17]) await writer.line('7', idOf(5), lineOf(5, version));
    const owned = (place: number) =>
      models.accounts('7', { ownerPage: ownerPage('jana-novakova', place) });
    const places = (accounts: AccountModel[]) =>
      accounts.map((one) => one.ownerIndex).sort((a, b) => a - b);
    expect(places(await owned(5))).toEqual([0, 31]);
    expect(places(await owned(32))).toEqual([32]);
    await writer.account('7', { ...accountOf(33, 1, 'karel-dvorak'), ownerIndex: 0 });
    expect(places(await models.accounts('7', { page: 0 }))).toEqual([0, 31]);
    expect(places(await models.accounts('7', { page: 1 }))).toEqual([0, 32]);
    const lines = await models.historyLines('7', historyPage(idOf(5), 3));
    expect(lines.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 16]);
    const back = { ...lineOf(5, 33), type: 'movement-reversed', reverses: 17 };
    await writer.line('7', idOf(5), back);
    expect(await models.historyLines('7', historyPage(idOf(5), 17))).toEqual([
      { ...lineOf(5, 17), reversedBy: 33 },
    ]);
    const persons = [0, 31, 32].map((index): PersonModel => ({
      personId: personId(idOf(index)),
      status: 'registered',
      version: 1,
      position: 1,
      index,
      registeredAt: 'then',
      at: 'now',
      profile: { version: 1, sealed: 'c2VhbGVk' },
    }));
    for (const person of persons) await writer.person('7', person);
    expect(await models.person('7', idOf(31))).toEqual(persons[1]);
    expect(await models.person('8', idOf(31))).toBeUndefined();
    expect((await models.persons('7', 0)).map(({ index }) => index).sort((a, b) => a - b)).toEqual([
      0, 31,
    ]);
    expect(await models.persons('7', 1)).toEqual([persons[2]]);
    expect(await models.persons('7', 2)).toEqual([]);
  });
}
