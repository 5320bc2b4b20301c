import { createHash } from 'node:crypto';
import { constants, createReadStream, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../../platform/durable-file.ts';

/** One file of a copy, by its path from the folder of the copy. */
export interface CopiedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type OnBytes = (bytes: number) => void;

/** What immudb makes again by itself. */
const INDEX = /^index_/;
/**
 * The order makes a copy of a running log consistent: immudb writes values and transactions
 * before it notes them in `commit`, only ever appends, and drops at its start what `commit` does
 * not know. So what is copied later has all that was noted in what was copied before.
 */
const ORDER = ['aht/commit', 'aht/tree', 'aht/data', 'commit', 'tx'];

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

/** The files of a log that a copy needs, in the order in which they must be copied. */
export function filesOfLog(folder: string): string[] {
  const rankOf = (path: string): number => {
    const inDatabase = dirname(path).split('/').slice(1).join('/');
    const rank = ORDER.indexOf(inDatabase);
    return rank === -1 ? ORDER.length : rank;
  };
  return filesBelow(folder)
    .filter((path) => !path.split('/').some((part) => INDEX.test(part)))
    .sort((one, other) => rankOf(one) - rankOf(other) || (one < other ? -1 : 1));
}

export const bytesOf = (folder: string, files: readonly string[]): number =>
  files.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);

/** Copies and syncs. Looks again at the end for files that the log began meanwhile. */
export async function copyLog(from: string, to: string, onBytes: OnBytes): Promise<void> {
  const copied = new Set<string>();
  for (let files = filesOfLog(from); files.length > 0;) {
    for (const path of files) {
      copied.add(path);
      mkdirSync(dirname(join(to, path)), { recursive: true, mode: 0o700 });
      await copyFile(join(from, path), join(to, path), constants.COPYFILE_EXCL);
      await syncPath(join(to, path));
      onBytes(statSync(join(to, path)).size);
    }
    files = filesOfLog(from).filter((path) => !copied.has(path));
  }
}

async function digestOf(file: string, onBytes: OnBytes): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes(chunk.length);
  }
  return hash.digest('hex');
}

/** What a copy consists of. */
export async function listCopy(folder: string, onBytes: OnBytes): Promise<CopiedFile[]> {
  const files: CopiedFile[] = [];
  for (const path of filesBelow(folder).sort()) {
    const file = join(folder, path);
    files.push({ path, bytes: statSync(file).size, sha256: await digestOf(file, onBytes) });
  }
  return files;
}

/** Why the copy is not the one that was listed; undefined when it is, to the byte. */
export async function copyFault(
  folder: string,
  files: readonly CopiedFile[],
  onBytes: OnBytes,
): Promise<string | undefined> {
  const there = new Set(existsSync(folder) ? filesBelow(folder) : []);
  for (const { path, bytes, sha256 } of files) {
    const file = join(folder, path);
    if (!there.delete(path)) return `${path} is missing`;
    const size = statSync(file).size;
    if (size !== bytes) return `${path} has ${size} bytes, not ${bytes}`;
    if ((await digestOf(file, onBytes)) !== sha256) return `${path} was changed`;
  }
  const [foreign] = there;
  return foreign === undefined ? undefined : `${foreign} does not belong to it`;
}
