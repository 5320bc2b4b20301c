import { TESTER, testName } from '../../contracts/access/sender-for-tests.ts';
import { streamOfPerson } from '../../contracts/log/bank-events.ts';
import type { PersonMessage, PersonResult } from '../../contracts/person/commands.ts';
import { personIdFor } from '../../contracts/derived-ids.ts';
import { personEventSchema } from '../../contracts/person/events.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { accountIdOfSerial } from '../../domain/account-number.ts';
import { commandId } from '../../domain/ids.ts';
import { losing, open, said as saidOfAccount } from '../host/bank-host-for-tests.ts';
import { testHost, testLog, virtualClock } from '../host/bank-host-for-tests.ts';
import type { Journal, Turn } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { openPersons } from './person-decider.ts';

const OTHER_ACCOUNT = accountIdOfSerial(9n);
const ID = personIdFor(testName('register'));
const STREAM = streamOfPerson(ID);
const CLEAR = /Jana|Malá|Lipová|Brno/;
const address = { line1: 'Lipová 1', city: 'Brno', postalCode: '602 00', country: 'CZ' };

const message = (
  id: string,
  command: object,
  more: Partial<PersonMessage> = {},
): PersonMessage => ({
  commandId: commandId(id),
  by: TESTER.by,
  ...more,
  command: command as PersonMessage['command'],
});
const register = (id = 'register', more: object = {}) =>
  message(id, { type: 'register-person', givenName: 'Jana', familyName: 'Malá', ...more });
const move = (id = 'move', more: Partial<PersonMessage> = {}) =>
  message(id, { type: 'change-address', address }, more);
const erase = (id = 'erase') => message(id, { type: 'erase-person' });

const said = (result: PersonResult): string => {
  if (!result.ok) return result.refusal.code;
  const versions = result.events.map(({ version }) => version).join('+');
  return result.replayed ? `${versions} again` : versions;
};

async function house() {
  const time = virtualClock();
  const memory = memoryJournal(time.clock.wall);
  /** Everything that was ever written, as a backup would have it; secrets stand apart. */
  const written: Omit<Turn['writes'][number], 'secret'>[] = [];
  const commit: Journal['commit'] = (turn) => {
    written.push(...turn.writes.map(({ secret: _secret, ...rest }) => rest));
    return memory.commit(turn);
  };
  const journal = { ...memory, commit };
  const log = testLog();
  const host = (name: string) => testHost(journal, log, { clock: time.clock, host: name });
  const first = await host('host1');
  first.start();
  const on = async (which: typeof first, commands: readonly PersonMessage[]): Promise<string[]> => {
    const told: string[] = [];
    for (const each of commands) told.push(said(await which.executePerson(ID, each)));
    return told;
  };
  const execute = (...commands: PersonMessage[]) => on(first, commands);
  const logged = async () => {
    await time.pass(5_000);
    return log.streams.get(STREAM) ?? [];
  };
  const keyOf = async () => (await journal.load([STREAM])).streams[0]?.secret;
  /** What the read model would hold of the events. */
  const model = async (): Promise<PersonModel> => {
    const events = await logged();
    const part = (type: string) => {
      const event = events.findLast((one) => one.type === type);
      if (event === undefined || !('sealed' in event.data)) return undefined;
      return { version: event.version, sealed: event.data.sealed };
    };
    const [profile, changed] = [part('person-registered'), part('person-address-changed')];
    const times = { registeredAt: '', at: '', index: 0, version: 1, position: 0 };
    return {
      personId: ID,
      ...times,
      status: 'registered',
      ...(profile && { profile }),
      ...(changed && { address: changed }),
    };
  };
  return { journal, memory, written, log, time, host, first, on, execute, logged, keyOf, model };
}

test('given commands on a person, they are decided in order, each by its rule', async () => {
  const { execute } = await house();
  expect(await execute(move())).toEqual(['person-not-found']);
  expect(await execute(register(), move(), register('other'))).toEqual([
    '1',
    '2',
    'person-already-exists',
  ]);
  expect(await execute(move('m', { ifMatch: [7] }))).toEqual(['version-mismatch']);
  expect(await execute(move('m', { dryRun: true }), move('m'))).toEqual(['3', '3']);
  expect(await execute(erase(), move('late'))).toEqual(['4', 'person-erased']);
});

test('a command is executed once, also on another host after the first one is gone', async () => {
  const { execute, host, on, logged } = await house();
  expect(await execute(register(), register(), move())).toEqual(['1', '1 again', '2']);
  const elsewhere = await host('host2');
  expect(await on(elsewhere, [register(), move()])).toEqual(['1 again', '2 again']);
  const other = register('register', { email: 'a@b' });
  expect(await on(elsewhere, [other])).toEqual(['idempotency-key-reused']);
  expect(await logged()).toHaveLength(2);
});

test('given a registration in doubt, its retry is answered with the key that sealed', async () => {
  const { memory, log, host, on, model, execute } = await house();
  const lost = losing(memory, true, ({ writes }) => writes.some((one) => one.stream === STREAM));
  const broken = await testHost(lost, log);
  expect(said(await broken.executePerson(ID, register()))).toBe('service-unavailable');
  expect(await on(await host('host2'), [register()])).toEqual(['1 again']);
  await execute(move());
  expect(await openPersons(memory, [await model()])).toMatchObject([
    { givenName: 'Jana', address },
  ]);
});

test('neither journal rows nor events hold personal data, and the reader opens them', async () => {
  const { execute, written, logged, journal, keyOf, model } = await house();
  await execute(register('register', { email: 'jana@example.org' }), move());
  const atRest = JSON.stringify([written, await logged()]);
  expect(atRest).toContain('person-registered');
  expect(atRest).not.toMatch(CLEAR);
  expect(atRest).not.toContain((await keyOf())!);
  expect(await openPersons(journal, [await model()])).toEqual([
    { givenName: 'Jana', familyName: 'Malá', email: 'jana@example.org', address },
  ]);
});

test('after the erasure the events stand as they were, and nobody can read them', async () => {
  const { execute, logged, journal, keyOf, model, host, on } = await house();
  await execute(register(), move());
  const before = structuredClone(await logged());
  const key = await keyOf();
  expect(await execute(erase())).toEqual(['3']);
  // The log keeps every byte that its proofs are made of.
  expect((await logged()).slice(0, 2)).toEqual(before);
  for (const event of await logged()) personEventSchema.parse(event);
  expect(await keyOf()).toBeUndefined();
  expect(await openPersons(journal, [await model()])).toEqual([null]);
  // Only because the key is gone: with it, all would still be there.
  const kept: Pick<Journal, 'load'> = {
    load: async (streams) => {
      const found = await journal.load(streams);
      return { ...found, streams: found.streams.map((row) => ({ ...row, secret: key! })) };
    },
  };
  expect(await openPersons(kept, [await model()])).toMatchObject([{ givenName: 'Jana', address }]);
  // The erasure always answers its retry; of the others nobody can tell what they asked for.
  const later = await on(await host('host2'), [erase(), register(), move(), erase('e2')]);
  expect(later).toEqual(['3 again', 'person-erased', 'person-erased', 'person-erased']);
});

test('given two hosts, one that has not heard of the erasure neither seals nor opens', async () => {
  const { execute, host, on, logged } = await house();
  await execute(register());
  expect(await on(await host('host2'), [erase()])).toEqual(['2']);
  expect(await execute(move())).toEqual(['person-erased']);
  const other = (await logged()).map(({ version }) => version);
  expect(other.every((version) => version <= 2)).toBe(true);
});

test('given the log lacks nothing, a person in quarantine is acknowledged nothing', async () => {
  const { execute, journal, host, on } = await house();
  await execute(register());
  await journal.quarantine(STREAM, 'another event 1');
  expect(await on(await host('host2'), [move(), erase()])).toEqual([
    'service-unavailable',
    'service-unavailable',
  ]);
});

describe('who may own an account', () => {
  const openFor = (id: string, ownerId: string, more: object = {}) =>
    open(id, { ownerId, ...more });

  test('only a registered person, from the moment of the answer on', async () => {
    const { first, execute } = await house();
    const codes = async (...commands: Parameters<typeof first.execute>[0][number][]) =>
      (await first.execute(commands)).map(saidOfAccount);
    expect(await codes(openFor('o', ID), openFor('p', 'jana'))).toEqual([
      'owner-not-found',
      'owner-not-found',
    ]);
    const halfYen = openFor('p', 'jana', { currency: 'JPY', initialDeposit: '0.5' });
    expect(await codes(halfYen)).toEqual(['invalid-request']);
    expect(await codes({ ...openFor('p', 'jana'), ifMatch: [1] })).toEqual(['version-mismatch']);
    await execute(register());
    expect(await codes(openFor('o', ID))).toEqual(['1']);
    // The retry is answered as before, whatever became of the owner.
    await execute(erase());
    expect(await codes(openFor('o', ID))).toEqual(['1 again']);
  });

  test('not one whose data was erased, on a host that has not heard of it either', async () => {
    const { first, execute, host, on } = await house();
    await execute(register());
    const other = await host('host2');
    expect((await other.execute([openFor('o', ID, {})])).map(saidOfAccount)).toEqual(['1']);
    await execute(erase());
    const account = { ...openFor('q', ID), accountId: OTHER_ACCOUNT };
    expect((await other.execute([account])).map(saidOfAccount)).toEqual(['owner-not-found']);
    expect((await first.execute([account])).map(saidOfAccount)).toEqual(['owner-not-found']);
    expect(await on(other, [erase()])).toEqual(['2 again']);
  });
});
