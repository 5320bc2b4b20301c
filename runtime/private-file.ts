import { chownSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/**
 * Writes a file that only its owner can read, complete or not at all. The owner stays: root writes
 * files of programs that run as other users.
 */
export const writePrivate = (file: string, text: string, mode = OWNER_ONLY): void => {
  const unfinished = `${file}.${process.pid}.new`;
  rmSync(unfinished, { force: true });
  // Never through a link that the owner of the folder has put there.
  writeFileSync(unfinished, text, { mode, flag: 'wx' });
  const before = statSync(file, { throwIfNoEntry: false });
  if (before !== undefined && process.getuid?.() === 0) {
    chownSync(unfinished, before.uid, before.gid);
  }
  renameSync(unfinished, file);
};
