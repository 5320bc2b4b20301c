import { TESTER, testName } from '../../contracts/access/sender-for-tests.ts';
import { streamOfPerson } from '../../contracts/log/bank-events.ts';
import { type PersonMessage } from '../../contracts/person/commands.ts';
import { personIdFor } from '../../contracts/derived-ids.ts';
import { commandId } from '../../domain/ids.ts';
import { testLog, type TestLog } from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { bankOn, restore } from './restoration-for-tests.ts';

describe('a person whose journal was lost', () => {
  const ID = personIdFor(testName('register'));
  const STREAM = streamOfPerson(ID);
  const person = (id: string, command: object): PersonMessage => ({
    commandId: commandId(id),
    by: TESTER.by,
    command: command as PersonMessage['command'],
  });
  const register = person('register', {
    type: 'register-person',
    givenName: 'Jana',
    familyName: 'Malá',
  });
  const keyIn = async (journal: Journal) => (await journal.load([STREAM])).streams[0]?.secret;
  const registered = async (log: TestLog, journal: Journal) => {
    const bank = await bankOn(journal, log);
    const result = await bank.host.executePerson(ID, register);
    if (!result.ok) throw new Error('not registered');
    await bank.time.pass(2_000);
    const erase = async (): Promise<void> => {
      await bank.host.executePerson(ID, person('erase', { type: 'erase-person' }));
      await bank.time.pass(2_000);
    };
    return { bank, erase, key: (await keyIn(journal))! };
  };

  test('comes back with their key out of its backup, and a retry is answered', async () => {
    const log = testLog();
    const { key } = await registered(log, memoryJournal());
    const journal = memoryJournal();
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ persons: 1, withoutKey: 0 });
    expect(await keyIn(journal)).toBe(key);
    const { host, time } = await bankOn(journal, log);
    const answer = host.executePerson(ID, register);
    await time.pass(1_000);
    expect(await answer).toMatchObject({ ok: true, replayed: true });
  });
  test('without a backup of the key is counted, and the key may come later', async () => {
    const log = testLog();
    const { key } = await registered(log, memoryJournal());
    const journal = memoryJournal();
    expect(await restore(log, journal)).toMatchObject({ persons: 1, withoutKey: 1 });
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ there: 1, withoutKey: 0 });
    expect(await keyIn(journal)).toBe(key);
  });
  test('who was erased since the backup stays erased', async () => {
    const log = testLog();
    const { key, erase } = await registered(log, memoryJournal());
    await erase();
    const journal = memoryJournal();
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ persons: 1, withoutKey: 0 });
    expect(await keyIn(journal)).toBeUndefined();
  });
  test('who was erased since an older journal stays erased: the key in it goes', async () => {
    const log = testLog();
    const { key, erase } = await registered(log, memoryJournal());
    const older = memoryJournal();
    await restore(log, older, { keys: new Map([[STREAM, key]]) });
    await erase();
    expect(await keyIn(older)).toBe(key);
    expect(await restore(log, older)).toMatchObject({ persons: 1, withoutKey: 0 });
    expect(await keyIn(older)).toBeUndefined();
  });
  test.each([undefined, 1])(
    'whose erasure the journal has and the log lacks gets no key back (memory for %s)',
    async (heldBytesMax) => {
      const [journal, log] = [memoryJournal(), testLog()];
      const { key, bank } = await registered(log, journal);
      bank.host.stop();
      const deaf = await bankOn(journal, log, false);
      await deaf.host.executePerson(ID, person('erase', { type: 'erase-person' }));
      expect(log.streams.get(STREAM)).toHaveLength(1);
      const keys = new Map([[STREAM, key]]);
      const more = heldBytesMax === undefined ? { keys } : { keys, heldBytesMax };
      expect(await restore(log, journal, more)).toMatchObject({ there: 1, withoutKey: 0 });
      expect(await keyIn(journal)).toBeUndefined();
    },
  );

  const rowIn = async (journal: Journal) => (await journal.load([STREAM])).streams[0]!;
  test('who is erased in both loses a key that came back to the journal', async () => {
    const [journal, log] = [memoryJournal(), testLog()];
    const { key, erase } = await registered(log, journal);
    await erase();
    const row = await rowIn(journal);
    // As a restore of the first release did.
    await journal.restore([{ ...row, due: null, secret: { keep: key } }], []);
    expect(await keyIn(journal)).toBe(key);
    const keys = new Map([[STREAM, key]]);
    expect(await restore(log, journal, { keys })).toMatchObject({ withoutKey: 0 });
    expect(await keyIn(journal)).toBeUndefined();
  });
  test('who is erased in the log loses the key also where log and journal differ', async () => {
    const [journal, log] = [memoryJournal(), testLog()];
    const { key, bank } = await registered(log, journal);
    bank.host.stop();
    const older = memoryJournal();
    await restore(log, older, { keys: new Map([[STREAM, key]]) });
    const deaf = await bankOn(older, log, false);
    const address = { line1: 'Dlouhá 1', city: 'Praha', postalCode: '110 00', country: 'CZ' };
    await deaf.host.executePerson(ID, person('move', { type: 'change-address', address }));
    deaf.host.stop();
    const again = await bankOn(journal, log);
    await again.host.executePerson(ID, person('erase', { type: 'erase-person' }));
    await again.time.pass(2_000);
    expect(log.streams.get(STREAM)).toHaveLength(2);
    const keys = new Map([[STREAM, key]]);
    await expect(restore(log, older, { keys })).rejects.toThrow(/differs at version 2 in/);
    expect(await keyIn(older)).toBeUndefined();
  });
  test('who is erased later in the log is at no moment given the key of the backup', async () => {
    const log = testLog();
    const { key, erase } = await registered(log, memoryJournal());
    await erase();
    const journal = memoryJournal();
    const given: unknown[] = [];
    const watched: Journal = {
      ...journal,
      restore(rows, names) {
        given.push(...rows.flatMap(({ secret }) => (typeof secret === 'object' ? [secret] : [])));
        return journal.restore(rows, names);
      },
    };
    const keys = new Map([[STREAM, key]]);
    await restore(log, watched, { keys, heldBytesMax: 1, pageEvents: 1 });
    expect(given).toEqual([]);
  });
  test('whose last event the log lacks gets the key, and the event still goes out', async () => {
    const [journal, log] = [memoryJournal(), testLog()];
    const { key, bank } = await registered(log, journal);
    bank.host.stop();
    const address = { line1: 'Dlouhá 1', city: 'Praha', postalCode: '110 00', country: 'CZ' };
    const deaf = await bankOn(journal, log, false);
    await deaf.host.executePerson(ID, person('move', { type: 'change-address', address }));
    const ahead = await rowIn(journal);
    expect(ahead.unlogged.length).toBeGreaterThan(0);
    // The same row, without its key.
    const { secret: _lost, quarantine: _none, ...keyless } = ahead;
    const other = memoryJournal();
    const write = { ...keyless, expected: 0, due: null };
    await other.commit({ writes: [write], guards: [], names: [], agreed: [], unknown: [] });
    await restore(log, other, { keys: new Map([[STREAM, key]]) });
    expect(await rowIn(other)).toEqual(ahead);
  });
});
