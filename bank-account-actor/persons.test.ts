import { streamOfPerson } from '../contracts/bank-events.ts';
import {
  personIdFor,
  type PersonMessage,
  type PersonResult,
} from '../contracts/person-commands.ts';
import { personEventSchema } from '../contracts/person-events.ts';
import type { PersonModel } from '../contracts/person-model.ts';
import { commandId, type OwnerId } from '../domain/ids.ts';
import { ACCOUNT, open, said as saidOfAccount, testHost, testLog } from './actor-fixtures.ts';
import type { Commit, Journal } from './journal.ts';
import { memoryJournal } from './memory-journal.ts';
import { journalOwners } from './owners.ts';
import { openPersons } from './person-reader.ts';

const ID = personIdFor(commandId('register'));
const STREAM = streamOfPerson(ID);
const CLEAR = /Jana|Malá|Lipová|Brno/;
const address = { line1: 'Lipová 1', city: 'Brno', postalCode: '602 00', country: 'CZ' };

const message = (
  id: string,
  command: object,
  more: Partial<PersonMessage> = {},
): PersonMessage => ({
  commandId: commandId(id),
  fresh: false,
  ...more,
  command: command as PersonMessage['command'],
});
const register = (id = 'register', more: object = {}) =>
  message(id, { type: 'register-person', givenName: 'Jana', familyName: 'Malá', ...more });
const move = (id = 'move', more: Partial<PersonMessage> = {}) =>
  message(id, { type: 'change-address', address }, more);
const erase = (id = 'erase') => message(id, { type: 'erase-person' });

const said = (result: PersonResult | undefined): string => {
  if (result === undefined) return 'nothing';
  if (!result.ok) return result.refusal.code;
  const versions = result.events.map(({ version }) => version).join('+');
  return result.replayed ? `${versions} again` : versions;
};

/** Keeps every commit, as a backup would. */
function recording(journal: Journal): { journal: Journal; commits: Commit[] } {
  const commits: Commit[] = [];
  const commit: Journal['commit'] = (one) => {
    commits.push(one);
    return journal.commit(one);
  };
  return { journal: { ...journal, commit }, commits };
}

function house() {
  const { journal, commits } = recording(memoryJournal());
  const log = testLog();
  const host = () => testHost(journal, log, { owners: journalOwners(journal) });
  const first = host();
  const execute = async (...commands: PersonMessage[]): Promise<string[]> =>
    (await first.persons.execute(STREAM, commands)).map(said);
  const logged = () => log.streams.get(STREAM) ?? [];
  /** What the read model would hold of the events. */
  const model = (): PersonModel => {
    const part = (type: string) => {
      const event = logged().findLast((one) => one.type === type);
      if (event === undefined || !('sealed' in event.data)) return undefined;
      return { version: event.version, sealed: event.data.sealed };
    };
    const [profile, changed] = [part('person-registered'), part('person-address-changed')];
    const times = { registeredAt: '', at: '', index: 0, version: 1, status: 'registered' as const };
    return {
      personId: ID,
      ...times,
      ...(profile && { profile }),
      ...(changed && { address: changed }),
    };
  };
  return { journal, commits, log, host, execute, logged, model };
}

test('given commands on a person, they are decided in order, each by its rule', async () => {
  const { execute } = house();
  expect(await execute(move())).toEqual(['person-not-found']);
  expect(await execute(register(), move(), register('other'))).toEqual([
    '1',
    '2',
    'person-already-exists',
  ]);
  expect(await execute(move('m', { ifMatch: 7 }))).toEqual(['version-mismatch']);
  expect(await execute(move('m', { dryRun: true }), move('m'))).toEqual(['3', '3']);
  expect(await execute(erase(), move('late'))).toEqual(['4', 'person-erased']);
});

test('a command is executed once, also on another host after the first one is gone', async () => {
  const { execute, host, logged } = house();
  expect(await execute(register(), register(), move())).toEqual(['1', '1 again', '2']);
  const elsewhere = host();
  const again = await elsewhere.persons.execute(STREAM, [register(), move()]);
  expect(again.map(said)).toEqual(['1 again', '2 again']);
  const other = await elsewhere.persons.execute(STREAM, [register('register', { email: 'a@b' })]);
  expect(other.map(said)).toEqual(['idempotency-key-reused']);
  expect(logged()).toHaveLength(2);
});

test('neither journal rows nor events hold personal data, and the reader opens them', async () => {
  const { execute, commits, logged, journal, model } = house();
  await execute(register('register', { email: 'jana@example.org' }));
  await execute(move());
  const atRest = JSON.stringify([commits.map(({ row }) => row), logged()]);
  expect(atRest).toContain('person-registered');
  expect(atRest).not.toMatch(CLEAR);
  expect(await openPersons(journal, [model()])).toEqual([
    { givenName: 'Jana', familyName: 'Malá', email: 'jana@example.org', address },
  ]);
});

test('after the erasure the events stand as they were, and nobody can read them', async () => {
  const { execute, logged, journal, model, host } = house();
  await execute(register(), move());
  const before = structuredClone(logged());
  const [key] = await journal.secrets([STREAM]);
  expect(await execute(erase())).toEqual(['3']);
  // The log keeps every byte that its proofs are made of.
  expect(logged().slice(0, 2)).toEqual(before);
  for (const event of logged()) personEventSchema.parse(event);
  expect(await journal.secrets([STREAM])).toEqual([undefined]);
  expect(await openPersons(journal, [model()])).toEqual([null]);
  // Only because the key is gone: with it, all would still be there.
  const kept = { secrets: () => Promise.resolve([key]) };
  expect(await openPersons(kept, [model()])).toMatchObject([{ givenName: 'Jana', address }]);
  // The erasure answers its retry for ever; of the others nobody can tell what they asked for.
  const later = await host().persons.execute(STREAM, [erase(), register(), move(), erase('e2')]);
  expect(later.map(said)).toEqual(['3 again', 'person-erased', 'person-erased', 'person-erased']);
});

test('given two hosts, one that has not heard of the erasure neither seals nor opens', async () => {
  const { execute, host, logged } = house();
  await execute(register());
  const other = host();
  expect((await other.persons.execute(STREAM, [erase()])).map(said)).toEqual(['2']);
  expect(await execute(move())).toEqual(['person-erased']);
  expect(logged().map(({ version }) => version)).toEqual([1, 2]);
});

describe('who may own an account', () => {
  const openFor = (id: string, owner: string, more: object = {}) =>
    open(id, { ownerId: owner as OwnerId, ...more });

  test('only a registered person, from the moment of the answer on', async () => {
    const { host, execute } = house();
    const { execute: command } = host();
    const codes = async (...commands: Parameters<typeof command>) =>
      (await command(...commands)).map(saidOfAccount);
    expect(await codes(openFor('o', ID), openFor('p', 'jana'))).toEqual([
      'owner-not-found',
      'owner-not-found',
    ]);
    const halfYen = openFor('p', 'jana', { currency: 'JPY', initialDeposit: '0.5' });
    expect(await codes(halfYen)).toEqual(['invalid-request']);
    expect(await codes({ ...openFor('p', 'jana'), ifMatch: 1 })).toEqual(['version-mismatch']);
    await execute(register());
    expect(await codes(openFor('o', ID))).toEqual(['1']);
    // The retry is answered as before, whatever became of the owner.
    await execute(erase());
    expect(await codes(openFor('o', ID))).toEqual(['1 again']);
  });

  test('not one whose data was erased', async () => {
    const { journal, execute } = house();
    const owners = journalOwners(journal);
    await execute(register());
    expect(await owners.isRegistered(ID)).toBe(true);
    await execute(erase());
    owners.forget(ID);
    expect(await owners.isRegistered(ID)).toBe(false);
  });

  test('a yes is remembered for a minute, a no never', async () => {
    const { journal, execute } = house();
    let loads = 0;
    let at = 0;
    const counting = {
      ...journal,
      load: (stream: Parameters<Journal['load']>[0]) => {
        loads += 1;
        return journal.load(stream);
      },
    };
    const owners = journalOwners(counting, () => at);
    expect([await owners.isRegistered(ID), await owners.isRegistered(ID)]).toEqual([false, false]);
    await execute(register());
    expect([await owners.isRegistered(ID), await owners.isRegistered(ID)]).toEqual([true, true]);
    expect(loads).toBe(3);
    at = 60_001;
    await execute(erase());
    expect(await owners.isRegistered(ID)).toBe(false);
    expect(await owners.isRegistered(ACCOUNT)).toBe(false);
  });
});
