import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endLeftovers, leftoversOf } from './test-leftovers.ts';

const scratch = mkdtempSync(join(tmpdir(), 'leftovers-'));
afterAll(() => rmSync(scratch, { recursive: true }));

test('given a process that a test left running, it is named and ended', async () => {
  const env = { ...process.env, TMPDIR: scratch };
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { env });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  expect(leftoversOf(`${scratch}/other`)).toEqual([]);
  expect(endLeftovers(scratch)).toMatchObject([{ pid: child.pid }]);
  await ended;
  expect(leftoversOf(scratch)).toEqual([]);
});
