import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessFilters } from '../../contracts/access/access-records.ts';
import { ownSignatureCheck, createSigner } from '../../platform/signatures.ts';
import { newKeys } from '../../platform/signer-for-tests.ts';
import { openRecordFile, type NewRecord } from './record-file.ts';

const KEY = newKeys().privateKey;
const DAY = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'access-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const ID = (at: number): string => `00000000-0000-8000-8000-${String(at).padStart(12, '0')}`;

let folder: string;
let serial = 0;
let faults: string[];
let nowMs: number;
beforeEach(() => {
  folder = join(root, String((serial += 1)));
  faults = [];
  nowMs = Date.parse('2026-11-27T12:00:00.000Z');
});

const open = (more: object = {}) =>
  openRecordFile({
    folder,
    signer: createSigner(KEY),
    isSigned: ownSignatureCheck(KEY),
    daysMax: 365,
    bytesMax: 1024 ** 3,
    onFault: (detail) => void faults.push(detail),
    segmentBytes: 2_000,
    now: () => nowMs,
    ...more,
  });
const record = (at: number, more: Partial<NewRecord> = {}): NewRecord => ({
  app: 'core-bank-api',
  outcome: 'forbidden',
  operation: 'freeze',
  subject: `subject-${at % 3}`,
  client: 'tests',
  roles: ['teller'],
  objects: [ID(at)],
  count: at,
  first: new Date(nowMs).toISOString(),
  last: new Date(nowMs).toISOString(),
  ...more,
});
const names = (): string[] => readdirSync(folder).sort();
const last = (): string => join(folder, names().at(-1)!);
const counts = ({ items }: { items: readonly { count: number }[] }) =>
  items.map(({ count }) => count);
const noRest = () => Promise.resolve();
type File = Awaited<ReturnType<typeof open>>;
async function all(file: File, filters: Partial<AccessFilters> = {}, limit = 7) {
  const found: number[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await file.find({ ...filters, limit, ...(before && { before }) });
    found.push(...counts(page));
    if (page.next === 0) return found;
    before = page.next;
  }
}
const upTo = (most: number): number[] => Array.from({ length: most }, (_one, at) => at + 1);
async function filled(most = 40): Promise<File> {
  const file = await open();
  for (const at of upTo(most)) {
    nowMs += 1_000;
    await file.append([record(at)]);
  }
  return file;
}

test('records come back newest first, page by page, over segments and starts', async () => {
  const file = await filled();
  expect(file.segments()).toBeGreaterThan(3);
  expect(await all(file)).toEqual(upTo(40).toReversed());
  const again = await open();
  await again.append([record(41), record(42)]);
  expect(await all(again)).toEqual(upTo(42).toReversed());
  await again.check(noRest);
  expect(faults).toEqual([]);
  expect(statSync(last()).mode & 0o777).toBe(0o600);
});

test('filters: by subject, client, object, outcome and time', async () => {
  const file = await filled(30);
  await file.append([record(31, { outcome: 'read', client: 'other', objects: [ID(5)] })]);
  const from = Date.parse('2026-11-27T12:00:28.000Z');
  expect(await all(file, { subject: 'subject-2' })).toEqual([29, 26, 23, 20, 17, 14, 11, 8, 5, 2]);
  expect(await all(file, { object: ID(5) })).toEqual([31, 5]);
  expect(await all(file, { client: 'other' })).toEqual([31]);
  expect(await all(file, { outcome: 'read' })).toEqual([31]);
  expect(await all(file, { from })).toEqual([31, 30, 29, 28]);
  expect(await all(file, { to: from, object: ID(27) })).toEqual([27]);
  expect(await all(file, { subject: 'forbidden' })).toEqual([]);
});

test('given a torn last record, as after a kill, it is cut, and the chain goes on', async () => {
  await filled(20);
  appendFileSync(last(), '{"number":21,"previous":"abc');
  const again = await open();
  expect(faults).toEqual([expect.stringMatching(/torn \(28 bytes\)/)]);
  await again.append([record(21)]);
  expect(await all(again)).toEqual(upTo(21).toReversed());
  faults = [];
  await (await open()).check(noRest);
  expect(faults).toEqual([]);
});

test('given a kill after any byte, every record that was acknowledged is there', async () => {
  await filled(12);
  const [kept, name] = [folder, names().at(-1)!];
  const whole = readFileSync(last());
  const first = await all(await open());
  for (let cut = 0; cut <= whole.length; cut += 97) {
    folder = `${kept}-${cut}`;
    cpSync(kept, folder, { recursive: true });
    writeFileSync(join(folder, name), whole.subarray(0, whole.length - cut));
    const again = await open();
    const left = await all(again);
    expect(first.slice(first.length - left.length)).toEqual(left);
    await again.append([record(99)]);
    expect((await all(again)).slice(1)).toEqual(left);
    faults = [];
    await again.check(noRest);
    expect(faults).toEqual([]);
  }
});

test.each([
  ['changed', (text: string) => text.replace('"count":3', '"count":4')],
  ['removed', (text: string) => text.replace(/^.*"count":3,.*\n/m, '')],
  ['exchanged', (text: string) => text.replace(/^(.*\n)(.*\n)/, '$2$1')],
  ['no record', (text: string) => text.replace(/^.*"count":3,.*\n/m, 'hello\n')],
])('given a record that was %s, the check says so, and records go on', async (_how, spoil) => {
  await filled(20);
  const path = join(folder, names()[0]!);
  writeFileSync(path, spoil(readFileSync(path, 'utf8')));
  const file = await open();
  await file.check(noRest);
  expect(faults.join()).toMatch(/were changed: record \d+/);
  await file.append([record(21)]);
  expect(counts(await file.find({ limit: 1 }))).toEqual([21]);
  await all(file);
});

test('given a last segment of which nothing is what was written, there is no crash', async () => {
  await filled(20);
  writeFileSync(last(), 'a\nb\nc');
  const file = await open();
  expect(faults).toHaveLength(2);
  await file.append([record(21)]);
  expect(counts(await file.find({ limit: 1 }))).toEqual([21]);
});

test('given a whole segment that is gone, the check says so', async () => {
  await filled(20);
  rmSync(join(folder, names()[1]!));
  const file = await open();
  await file.check(noRest);
  expect(faults.join()).toMatch(/does not follow the one before it/);
});

test('a seal is signed over everything before it, made when there is news, and shown', async () => {
  const file = await filled(5);
  const seal = await file.seal();
  expect(seal).toMatchObject({ number: 6 });
  expect(await file.seal()).toBeUndefined();
  expect((await file.find({ limit: 1 })).seal).toEqual(seal);
  expect(await all(file)).toEqual([5, 4, 3, 2, 1]);
  const again = await open();
  expect((await again.find({ limit: 1 })).seal).toEqual(seal);
  expect(await again.seal()).toBeUndefined();
  await again.check(noRest);
  expect(faults).toEqual([]);
});

test('given a whole chain written again without the key, the seal gives it away', async () => {
  await (await filled(5)).seal();
  const forged = join(root, `forged-${serial}`);
  const own = newKeys().privateKey;
  const file = await open({ folder: forged, signer: createSigner(own) });
  for (const at of upTo(5)) await file.append([record(at + 1)]);
  await file.seal();
  folder = forged;
  faults = [];
  await (await open()).check(noRest);
  expect(faults.join()).toMatch(/seal 6 was not signed/);
});

test('given records that are too old, their segments go, and that is on record', async () => {
  const file = await filled(20);
  nowMs += 366 * DAY;
  await file.append([record(21)]);
  const { items } = await file.find({ limit: 100 });
  expect(items.filter(({ outcome }) => outcome === 'removed').length).toBeGreaterThan(1);
  expect(items.every(({ outcome, reason }) => outcome !== 'removed' || reason === 'too-old')).toBe(
    true,
  );
  expect(counts({ items }).filter((count) => count === 1)).toEqual([]);
  const again = await open();
  await again.check(noRest);
  expect(faults).toEqual([]);
});

test('given more bytes than may be, the oldest go, and all are accounted for', async () => {
  const file = await open({ bytesMax: 8_000 });
  for (const at of upTo(200)) await file.append([record(at)]);
  const bytes = names().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeLessThan(8_000 + 2_500);
  const { items } = await file.find({ limit: 1_000 });
  expect(items[0]).toMatchObject({ count: 200 });
  expect(items.find(({ outcome }) => outcome === 'removed')).toMatchObject({
    reason: 'too-many-bytes',
  });
});

test('given a folder that cannot be written, nothing is acknowledged, and it heals', async () => {
  const file = await filled(3);
  const path = last();
  const kept = readFileSync(path);
  rmSync(path);
  writeFileSync(join(folder, 'x'), '');
  rmSync(folder, { recursive: true });
  await expect(file.append([record(4)])).rejects.toThrow();
  const again = await open();
  writeFileSync(path, kept);
  const healed = await open();
  await healed.append([record(4)]);
  expect(await all(healed)).toEqual([4, 3, 2, 1]);
  expect(await all(again)).toEqual([]);
});
