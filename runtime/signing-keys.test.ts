import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSigner, signatureCheck } from '../platform/signatures.ts';
import {
  announceKey,
  earlierKeys,
  endEarlierKeys,
  forgetEnds,
  publicKeys,
  signingKey,
  useAnnouncedKey,
} from './signing-keys.ts';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'signing-keys-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const checks = (name: string, signature: string, place?: number): boolean =>
  signatureCheck(publicKeys(dataDir, 'host'))(name, 'p', 'text', signature, place);
const signed = () => {
  const signer = createSigner(signingKey(dataDir, 'host'));
  return [signer.name, signer.sign('p', 'text')] as const;
};

test('given a key that is announced, the one before signs, and both are known', () => {
  const before = signingKey(dataDir, 'host');
  const [own] = publicKeys(dataDir, 'host').split(',');
  announceKey(dataDir, 'host');
  expect(signingKey(dataDir, 'host')).toBe(before);
  const [first, announced, ...more] = publicKeys(dataDir, 'host').split(',');
  expect([first, more]).toEqual([own, []]);
  // A rotation that was broken off goes on with the same key.
  announceKey(dataDir, 'host');
  expect(earlierKeys(dataDir, 'host')).toBe(announced);
  useAnnouncedKey(dataDir, 'host');
  expect(signingKey(dataDir, 'host')).not.toBe(before);
  expect(publicKeys(dataDir, 'host')).toBe(`${announced},${own}`);
});

test('given a key that has ended, it counts up to its end and for nothing new', () => {
  const old = signed();
  announceKey(dataDir, 'host');
  useAnnouncedKey(dataDir, 'host');
  endEarlierKeys(dataDir, 'host', 7);
  expect(publicKeys(dataDir, 'host')).toMatch(/^[^@,]+,[^@,]+@7$/);
  expect([checks(...old, 7), checks(...old, 8), checks(...old)]).toEqual([true, false, false]);
  expect([checks(...signed(), 8), checks(...signed())]).toEqual([true, true]);
  announceKey(dataDir, 'host');
  useAnnouncedKey(dataDir, 'host');
  endEarlierKeys(dataDir, 'host', 9);
  expect(publicKeys(dataDir, 'host')).toMatch(/^[^@,]+,[^@,]+@9,[^@,]+@7$/);
  forgetEnds(dataDir, 'host');
  expect(checks(...old, 1_000)).toBe(true);
});

test('given no place for the end, the keys before are gone', () => {
  signingKey(dataDir, 'feed');
  announceKey(dataDir, 'feed');
  useAnnouncedKey(dataDir, 'feed');
  endEarlierKeys(dataDir, 'feed');
  expect(publicKeys(dataDir, 'feed')).toMatch(/^[^@,]+$/);
});
