import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireFormat } from './instance.ts';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'format-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe('the format of a data folder', () => {
  test('given no store, with keys or without, it is marked and found again', () => {
    writeFileSync(join(dataDir, 'secrets.json'), '{}');
    requireFormat(dataDir);
    expect(readFileSync(join(dataDir, 'format'), 'utf8')).toBe('6\n');
    mkdirSync(join(dataDir, 'immudb'));
    expect(() => requireFormat(dataDir)).not.toThrow();
  });

  test('given a store without a mark, it is of an older release, and the way out is named', () => {
    mkdirSync(join(dataDir, 'immudb'));
    expect(() => requireFormat(dataDir)).toThrow(/of an older release.*"npm run reset"/);
  });

  test.each([
    ['1', 'an older'],
    ['4', 'an older'],
    ['5', 'an older'],
    ['7', 'another'],
    ['', 'an older'],
    ['what', 'another'],
  ])('given format "%s", it is of %s release', (format, which) => {
    writeFileSync(join(dataDir, 'format'), format);
    expect(() => requireFormat(dataDir)).toThrow(`is of ${which} release`);
  });
});
