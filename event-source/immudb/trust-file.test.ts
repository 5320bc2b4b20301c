import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustFile, type TrustedState } from './trust-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'trust-file-'));
const path = join(folder, 'deep', 'state.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const state = (txId: number): TrustedState => ({
  db: 'corebank',
  txId,
  txHash: Buffer.alloc(32, txId),
  firstContact: { txId: 1, at: '2026-11-21T00:00:00.000Z' },
});

describe('given a file for the trusted state', () => {
  test('then there is none at first', async () => {
    expect(await trustFile(path).read()).toBeUndefined();
  });

  test('when states are written at once, then the newest stays, for its owner only', async () => {
    const file = trustFile(path);
    await Promise.all([3, 9, 7].map((txId) => file.write(state(txId))));
    expect(await trustFile(path).read()).toEqual(state(9));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['state.json']);
  });

  test('when another process writes an older one, then the newer one stays', async () => {
    await trustFile(path).write(state(4));
    expect(await trustFile(path).read()).toEqual(state(9));
  });

  test.each([
    ['is empty', () => ''],
    ['is cut', (text: string) => text.slice(0, 40)],
    ['has half a hash', (text: string) => text.replace(/09"/, '"')],
    ['has a member more', (text: string) => text.replace('{', '{"x":1,')],
  ])('when it %s, then it is an error and no first contact', async (_what, change) => {
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, change(text));
    await expect(trustFile(path).read()).rejects.toThrow(/Put it back from a backup/);
    writeFileSync(path, text);
  });
});
