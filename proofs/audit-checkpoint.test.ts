import { generateKeyPairSync, sign } from 'node:crypto';
import type { Checkpoint } from '../contracts/log/audit.ts';
import {
  checkpointBytes,
  checkpointHash,
  NO_CHECKPOINT,
  readCheckpoints,
} from './audit-checkpoint.ts';
import { readCheckpoint } from './audit-checkpoint.ts';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const { privateKey, publicKey } = pair();

const checkpoint = (number: number, previous: string): Checkpoint => ({
  format: 'core-bank-checkpoint/1',
  number,
  previous,
  at: '2026-11-21T18:00:00.000Z',
  says: 'Books balance.',
  verdict: 'balanced',
  violations: 0,
  openTransfers: 0,
  position: 65_536 * number,
  transaction: number,
  root: 'ab'.repeat(32),
  events: number,
  accounts: 1,
  persons: 0,
  currencies: [],
});
const lineOf = (said: Checkpoint, key = privateKey): string => {
  const signature = sign('sha256', checkpointBytes(said), key).toString('base64');
  return JSON.stringify({ checkpoint: said, signature });
};
const lines: string[] = [];
let previous = NO_CHECKPOINT;
for (let number = 1; number <= 4; number += 1) {
  const said = checkpoint(number, previous);
  lines.push(lineOf(said));
  previous = checkpointHash(said);
}

test('given lines of the auditor, then each is believed', () => {
  expect(readCheckpoints(lines, publicKey)).toHaveLength(4);
  expect(readCheckpoints([], publicKey)).toEqual([]);
});

test.each([
  ['a changed word', [lines[0]!.replace('Books', 'Looks')], 'signature-foreign'],
  ['a changed number', [lines[0]!.replace('"events":1', '"events":2')], 'signature-foreign'],
  ['a line that is gone', [lines[0]!, lines[2]!], 'missing'],
  ['a beginning that is gone', lines.slice(1), 'missing'],
  ['a line twice', [lines[0]!, lines[0]!], 'missing'],
  ['no JSON', ['x'], 'unreadable'],
  ['something else', ['{}'], 'unreadable'],
  [
    'a member too many',
    [lines[0]!.replace('{"checkpoint":{', '{"checkpoint":{"x":1,')],
    'unreadable',
  ],
])('given %s, then nothing is', (_what, changed, fault) => {
  expect(readCheckpoints(changed, publicKey)).toMatchObject({ fault });
});

test('given the key of somebody else, then nothing is', () => {
  expect(readCheckpoint(lines[0]!, pair().publicKey)).toMatchObject({ fault: 'signature-foreign' });
});

test('given a key in place of another, both are believed, and the one before not after it', () => {
  const next = pair();
  const fifth = checkpoint(5, previous);
  const sixth = checkpoint(6, checkpointHash(fifth));
  const rotated = [...lines, lineOf(fifth, next.privateKey), lineOf(sixth, next.privateKey)];
  expect(readCheckpoints(rotated, [next.publicKey, publicKey])).toHaveLength(6);
  expect(readCheckpoints(rotated, publicKey)).toMatchObject({ fault: 'signature-foreign' });
  const forged = [...rotated.slice(0, 5), lineOf(sixth)];
  expect(readCheckpoints(forged, [next.publicKey, publicKey])).toMatchObject({
    fault: 'signature-foreign',
  });
});
