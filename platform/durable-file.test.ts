import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from './durable-file.ts';

test('a file takes the place of the one before whole, for its owner only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'durable-file-'));
  try {
    const path = join(folder, 'state.json');
    for (const text of ['a longer first text', 'second']) {
      await replaceFile(path, text);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['state.json']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
