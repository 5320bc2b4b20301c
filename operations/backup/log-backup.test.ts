import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest } from './log-backup.ts';
import { CannotRun } from '../../runtime/progress.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const said = (manifest: string): string => {
  writeFileSync(join(folder, 'backup.json'), manifest);
  try {
    return readManifest(folder).format;
  } catch (error) {
    if (error instanceof CannotRun) return error.message.replace(folder, 'DIR');
    throw error;
  }
};
const ofFormat = (format: unknown): string => JSON.stringify({ format, takenAt: '', files: [] });

test('given the backup of another release, one sentence says so', () => {
  expect(said(ofFormat('core-bank log backup 2'))).toBe('core-bank log backup 2');
  expect(said(ofFormat('core-bank log backup 1'))).toBe(
    'DIR is a log of an older release, which this one cannot go on with: its events do not ' +
      'name their predecessors.',
  );
  expect(said(ofFormat('core-bank log backup 3'))).toBe(
    'DIR is a log of another release, which this one cannot go on with.',
  );
});

test.each(['', '{"format":', 'null', ofFormat(undefined), ofFormat('a core-bank log backup 1')])(
  'given what is no manifest (%s), it is no backup',
  (manifest) => {
    expect(said(manifest)).toBe('DIR is no finished backup of a log: backup.json cannot be read.');
  },
);
