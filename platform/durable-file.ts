import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;

/**
 * Puts a whole file in the place of the one before, readable by its owner only; synced before and
 * after, so that a power loss leaves one of the two.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  await writeFile(unfinished, text, { mode: OWNER_ONLY, flush: true });
  await rename(unfinished, path);
  await syncPath(dirname(path));
}

/** The file or folder, as it is now, is on the disk when this resolves. */
export async function syncPath(path: string): Promise<void> {
  const opened = await open(path, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}
