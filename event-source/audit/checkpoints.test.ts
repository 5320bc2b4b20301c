import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFault } from '../../proofs/proof-fault.ts';
import { createAuditBooks } from './books.ts';
import { checkpointFile } from './checkpoints.ts';

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const said = { ...createAuditBooks().books(), at: '2026-11-21T10:00:00.000Z', says: 'It is well.' };

/** The disk takes this much of a line, and no more. */
async function failToAppend(path: string, file: ReturnType<typeof checkpointFile>, part: string) {
  renameSync(path, `${path}.aside`);
  mkdirSync(path);
  await expect(file.append(said)).rejects.toThrow(/EISDIR/);
  rmdirSync(path);
  renameSync(`${path}.aside`, path);
  appendFileSync(path, part);
}

test.each([
  ['half a line', '{"checkpoint":{"format":'],
  ['nothing', ''],
])('given an append of which %s was written, then the next one is sound', async (_what, part) => {
  const path = join(folder, `${part.length}.jsonl`);
  const file = checkpointFile(path, privateKey);
  expect(await file.open()).toEqual([]);
  await file.append(said);
  await failToAppend(path, file, part);
  expect((await file.append(said)).checkpoint.number).toBe(2);
  const read = await checkpointFile(path, privateKey).open();
  if (isFault(read)) throw new Error(read.detail);
  expect(read.map(({ checkpoint }) => checkpoint.number)).toEqual([1, 2]);
});

test('given a whole line that was not known to be written, then the next follows it', async () => {
  const path = join(folder, 'whole.jsonl');
  const [file, other] = [checkpointFile(path, privateKey), checkpointFile(path, privateKey)];
  await file.open();
  await file.append(said);
  await other.open();
  await failToAppend(path, file, '');
  await other.append(said);
  expect((await file.append(said)).checkpoint.number).toBe(3);
  expect(isFault(await checkpointFile(path, privateKey).open())).toBe(false);
});

test('given a file that is not read, then nothing is added to it', async () => {
  const path = join(folder, 'foreign.jsonl');
  appendFileSync(path, 'foreign\n');
  const file = checkpointFile(path, privateKey);
  await expect(file.append(said)).rejects.toThrow(/is not a checkpoint/);
});
