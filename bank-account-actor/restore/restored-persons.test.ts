import { streamOfPerson } from '../../contracts/bank-events.ts';
import { personIdFor, type PersonMessage } from '../../contracts/person-commands.ts';
import { commandId } from '../../domain/ids.ts';
import { testLog, type TestLog } from '../host/bank-host-for-tests.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { bankOn, restore } from './restoration-for-tests.ts';

describe('a person whose journal was lost', () => {
  const ID = personIdFor(commandId('register'));
  const STREAM = streamOfPerson(ID);
  const person = (id: string, command: object): PersonMessage => ({
    commandId: commandId(id),
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
    const { host } = await bankOn(journal, log);
    expect(await host.executePerson(ID, register)).toMatchObject({ ok: true, replayed: true });
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
    async (heldSizeMax) => {
      const [journal, log] = [memoryJournal(), testLog()];
      const { key, bank } = await registered(log, journal);
      bank.host.stop();
      const deaf = await bankOn(journal, log, false);
      await deaf.host.executePerson(ID, person('erase', { type: 'erase-person' }));
      expect(log.streams.get(STREAM)).toHaveLength(1);
      const keys = new Map([[STREAM, key]]);
      const more = heldSizeMax === undefined ? { keys } : { keys, heldSizeMax };
      expect(await restore(log, journal, more)).toMatchObject({ there: 1, withoutKey: 0 });
      expect(await keyIn(journal)).toBeUndefined();
    },
  );
});
