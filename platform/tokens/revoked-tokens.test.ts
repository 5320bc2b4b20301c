import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { revokedTokens } from './revoked-tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'revoked-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('given a line in the file, then that token is taken back, soon after', () => {
  const file = join(folder, 'tokens');
  let now = 0;
  const isRevoked = revokedTokens(file, () => now);
  expect(isRevoked('one')).toBe(false);
  writeFileSync(file, 'one\ntwo\r\n');
  expect(isRevoked('one')).toBe(false);
  now += 5_000;
  expect([isRevoked('one'), isRevoked('two'), isRevoked('three')]).toEqual([true, true, false]);
  rmSync(file);
  now += 5_000;
  expect(isRevoked('one')).toBe(false);
});

test('given a file that cannot be read, then nobody is let in', () => {
  const isRevoked = revokedTokens(folder);
  expect(() => isRevoked('one')).toThrow();
  expect(() => isRevoked('one')).toThrow();
});

test('given no file, then no token is taken back', () => {
  expect(revokedTokens(undefined)('one')).toBe(false);
});
