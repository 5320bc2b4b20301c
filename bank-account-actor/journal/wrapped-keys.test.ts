import type { StreamId } from '../../domain/ids.ts';
import {
  keyRing,
  KeysUnavailable,
  withNewKey,
  withoutOldKeys,
  type KeyRingFile,
} from '../../platform/key-ring.ts';
import { KeyRetired } from './journal.ts';
import { memoryJournal } from './memory-journal.ts';
import { withWrappedKeys } from './wrapped-keys.ts';

const stream = (at: number): StreamId =>
  `person/00000000-0000-8000-8000-${String(at).padStart(12, '0')}` as StreamId;
const KEY = 'a-secret-key-of-a-person';

function house(first = withNewKey()) {
  const stored = memoryJournal();
  let file = first;
  const wrapped = withWrappedKeys(stored, async () => keyRing(file));
  const row = { version: 1, digest: 'd', state: '{}', logged: 0, unlogged: [], due: null };
  const none = { guards: [], names: [], agreed: [], unknown: [] };
  return {
    ...wrapped,
    stored,
    use: (next: KeyRingFile) => (file = next),
    register: (at: number, key = KEY) =>
      wrapped.journal.commit({
        ...none,
        writes: [{ ...row, stream: stream(at), expected: 0, secret: { keep: key } }],
      }),
    storedKey: async (at: number) => (await stored.load([stream(at)])).streams[0]?.secret,
    key: async (at: number) => (await wrapped.journal.load([stream(at)])).streams[0]?.secret,
  };
}

test('the journal holds no key of a person in clear, and gives it back in clear', async () => {
  const bank = house();
  await bank.register(1);
  expect(await bank.storedKey(1)).toMatch(/^[\w-]{10}\.[\w-]+$/);
  expect(JSON.stringify(await bank.stored.claimUnsettled(0, 9))).not.toContain(KEY);
  expect(await bank.key(1)).toBe(KEY);
  const [claimed] = await bank.journal.claimUnsettled(-1, 9);
  expect(claimed?.secret).toBe(KEY);
});

test('a key from a backup is stored wrapped too', async () => {
  const bank = house();
  const row = { stream: stream(1), version: 1, digest: 'd', state: '{}', due: null };
  await bank.journal.restore([{ ...row, secret: { keep: KEY } }], []);
  expect(await bank.storedKey(1)).not.toContain(KEY);
  expect(await bank.key(1)).toBe(KEY);
});

test('a key that is lost makes no person look erased, and heals when it is restored', async () => {
  const [first, second] = [withNewKey(), withNewKey()];
  const bank = house(first);
  await bank.register(1);
  const other = withWrappedKeys(bank.stored, async () => keyRing(second));
  const missing = new RegExp(`${first.current} is missing.*restore.md`);
  await expect(other.journal.load([stream(1)])).rejects.toThrow(missing);
  await expect(other.check()).rejects.toThrow(KeysUnavailable);
  expect(await bank.key(1)).toBe(KEY);
});

test('a wrapped key that is moved to another person cannot be unwrapped', async () => {
  const bank = house();
  await bank.register(1);
  await bank.register(2, 'another');
  const [mine, other] = [await bank.storedKey(1), await bank.storedKey(2)];
  await bank.stored.replaceKeys([{ stream: stream(2), before: other!, after: mine! }]);
  await expect(bank.key(2)).rejects.toThrow('was changed where it is stored');
});

test('a rotation wraps all keys again, and then the old key opens nothing', async () => {
  const before = withNewKey();
  const bank = house(before);
  const persons = Array.from({ length: 450 }, (_one, at) => at + 1);
  for (const at of persons) await bank.register(at, `${KEY} ${at}`);
  const both = withNewKey(before);
  bank.use(both);
  expect(await bank.rewrap()).toBe(450);
  expect(await bank.rewrap()).toBe(0);
  bank.use(withoutOldKeys(both));
  await bank.check();
  for (const at of persons) expect(await bank.key(at)).toBe(`${KEY} ${at}`);
  const old = withWrappedKeys(bank.stored, async () => keyRing(before));
  await expect(old.journal.load([stream(1)])).rejects.toThrow(KeysUnavailable);
});

test('a host that hung through a whole rotation writes nothing under the old key', async () => {
  const before = withNewKey();
  const stored = memoryJournal();
  let file = before;
  // Its commit is on its way, wrapped, when it hangs: for so long as the rotation takes.
  const hang: { goOn: () => void; isOver: Promise<void> } = { goOn: () => undefined } as never;
  hang.isOver = new Promise((resolve) => (hang.goOn = resolve));
  let commits = 0;
  const hanging = {
    ...stored,
    commit: async (turn: Parameters<typeof stored.commit>[0]) => {
      commits += 1;
      await hang.isOver;
      return stored.commit(turn);
    },
  };
  const hung = withWrappedKeys(hanging, async () => keyRing(file));
  const row = { version: 1, digest: 'd', state: '{}', logged: 0, unlogged: [], due: null };
  const none = { guards: [], names: [], agreed: [], unknown: [] };
  const registering = hung.journal.commit({
    ...none,
    writes: [{ ...row, stream: stream(1), expected: 0, secret: { keep: KEY } }],
  });
  while (commits === 0) await Promise.resolve();

  const both = withNewKey(before);
  file = both;
  const { rewrap } = withWrappedKeys(stored, async () => keyRing(file));
  expect(await rewrap()).toBe(0);
  file = withoutOldKeys(both);
  hang.goOn();
  expect(await registering).toEqual({ outcome: 'committed' });
  const [kept] = (await stored.load([stream(1)])).streams;
  expect(kept?.secret?.startsWith(`${both.current}.`)).toBe(true);
  const later = withWrappedKeys(stored, async () => keyRing(file));
  expect((await later.journal.load([stream(1)])).streams[0]?.secret).toBe(KEY);
});

test('a ring whose current key was retired writes nothing', async () => {
  const before = withNewKey();
  const bank = house(before);
  bank.use(withNewKey(before));
  await bank.rewrap();
  const older = withWrappedKeys(bank.stored, async () => keyRing(before));
  const restored = { stream: stream(1), version: 1, digest: 'd', state: '{}', due: null };
  await expect(older.journal.restore([{ ...restored, secret: { keep: KEY } }], [])).rejects.toThrow(
    KeyRetired,
  );
  expect((await bank.stored.load([stream(1)])).streams).toEqual([]);
});

test('a key that another host wraps with is read when a row names it', async () => {
  const before = withNewKey();
  const bank = house(before);
  await bank.register(1);
  const both = withNewKey(before);
  await withWrappedKeys(bank.stored, async () => keyRing(both)).rewrap();
  bank.use(both);
  expect(await bank.key(1)).toBe(KEY);
});

test.each([
  ['torn', (file: KeyRingFile) => ({ ...file, keys: { [file.current]: 'AAAA' } })],
  ['another', (file: KeyRingFile) => ({ ...file, keys: { [file.current]: 'A'.repeat(43) } })],
  ['missing', (file: KeyRingFile) => ({ ...file, keys: {} })],
])('a ring whose current key is %s is refused', (_how, spoil) => {
  expect(() => keyRing(spoil(withNewKey()))).toThrow(KeysUnavailable);
});
