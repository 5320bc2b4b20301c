import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newAccount } from './log/events-for-tests.ts';
import { openQuarantine, quarantineFile } from './quarantine.ts';

const folder = mkdtempSync(join(tmpdir(), 'quarantine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let path: string;
let serial = 0;
beforeEach(() => {
  path = join(folder, String((serial += 1)), 'quarantine.jsonl');
});
const open = () => openQuarantine(quarantineFile(path));
const lines = (): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

test('given a stream in quarantine, then it still is after a start', async () => {
  const [id, other] = [newAccount(), newAccount()];
  const first = await open();
  await first.add([{ stream: id, reason: 'a fork', content: '{"whole":1}' }]);
  await first.add([{ reason: 'poison', content: 'x' }]);
  const again = await open();
  expect([again.why(id), again.why(other)]).toEqual(['a fork', undefined]);
  expect(again.streams()).toEqual([{ stream: id, reason: 'a fork' }]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(lines()[0]).toContain('{\\"whole\\":1}');
});

test('given the same again and again, then it is kept once, and the first ones only', async () => {
  const id = newAccount();
  const book = await open();
  for (let at = 0; at < 50; at += 1) {
    await book.add([{ stream: id, reason: 'a fork', content: `{"event":${at % 20}}` }]);
    await book.add([{ reason: 'poison', content: 'the same' }]);
  }
  expect(lines()).toHaveLength(8 + 1);
  const again = await open();
  await again.add([{ stream: id, reason: 'a fork', content: '{"event":0}' }]);
  expect(lines()).toHaveLength(9);
});

test('given more than the file may hold, then the stream is noted without its event', async () => {
  const book = await open();
  const content = 'x'.repeat(30 * 1024 * 1024);
  const ids = [newAccount(), newAccount(), newAccount()];
  for (const [at, stream] of ids.entries()) {
    await book.add([{ stream, reason: 'a fork', content: `${at}${content}` }]);
  }
  const again = await open();
  expect(ids.map((id) => again.why(id))).toEqual(['a fork', 'a fork', 'a fork']);
  expect(statSync(path).size).toBeLessThan(64 * 1024 * 1024);
});

test('given half a line, as after a crash, then it goes on behind the last whole one', async () => {
  const [id, other] = [newAccount(), newAccount()];
  await (await open()).add([{ stream: id, reason: 'a fork', content: '{}' }]);
  appendFileSync(path, '{"at":"20');
  await (await open()).add([{ stream: other, reason: 'a fork', content: '{"b":1}' }]);
  expect((await open()).count()).toBe(2);
});

test('given a line that was changed, then nothing goes on as if it were not there', async () => {
  await (await open()).add([{ stream: newAccount(), reason: 'a fork', content: '{}' }]);
  writeFileSync(path, readFileSync(path, 'utf8').replace('acct/', 'acc/'));
  await expect(open()).rejects.toThrow();
});
