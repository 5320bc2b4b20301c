import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openQuarantine, quarantineFile } from '../../event-source/quarantine.ts';
import type { Instance } from '../../runtime/instance.ts';
import { CannotRun } from '../../runtime/progress.ts';
import { releaseInLog, requireStreams } from './released-streams.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'released-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
const instance = { dataDir } as Instance;
const [ONE, OTHER] = [1, 2].map((n) => `acct/00000000-0000-8000-8000-00000000000${n}` as never);
const file = join(dataDir, 'audit', 'quarantine.jsonl');
const open = () => openQuarantine(quarantineFile(file));

test('given a bank that never had a quarantine, there is nothing to release', () => {
  releaseInLog(instance, [ONE as never]);
  expect(() => statSync(file)).toThrow();
});

test('given a released stream, event-source takes it again, and may hold it again', async () => {
  mkdirSync(join(dataDir, 'audit'));
  const offence = { reason: 'a fork', content: '{"a":1}' };
  const first = await open();
  for (const stream of [ONE!, OTHER!]) await first.add([{ ...offence, stream }]);
  const before = readFileSync(file, 'utf8');
  // As a crash leaves it.
  appendFileSync(file, '{"at":"20');
  releaseInLog(instance, [ONE as never]);
  expect(readFileSync(file, 'utf8').startsWith(before)).toBe(true);
  const again = await open();
  expect(again.streams()).toEqual([{ stream: OTHER, reason: 'a fork' }]);
  await again.add([{ ...offence, stream: ONE! }]);
  expect((await open()).count()).toBe(2);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('given what is no stream, it is refused before anything is written', () => {
  const text = String(ONE);
  requireStreams([text, String(OTHER)]);
  for (const wrong of ['', text.slice(5), 'acct/../x', `${text}\n`]) {
    expect(() => requireStreams([text, wrong])).toThrow(CannotRun);
  }
});
