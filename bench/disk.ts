import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { once } from './connection.ts';
import type { House } from './house.ts';
import type { AtRest, StoreSize } from './report/results.ts';

const BLOCK_BYTES = 512;
const POLL_MS = 500;
const COUNT_LIMIT_MS = 120_000;

/** Which store a file belongs to, by the beginning of its path in the data folder. */
const STORES: readonly (readonly [path: RegExp, store: string])[] = [
  [/^postgres\/base\//, 'PostgreSQL, tables'],
  [/^postgres\/pg_wal\//, 'PostgreSQL, write-ahead log'],
  [/^postgres\//, 'PostgreSQL, other'],
  [/^immudb\/data\/corebank\/index/, 'immudb, index'],
  [/^immudb\/data\/corebank\/val_/, 'immudb, values'],
  [/^immudb\/data\/corebank\/tx\//, 'immudb, transactions'],
  [/^immudb\//, 'immudb, other'],
  [/^nats\//, 'NATS'],
  [/^scheduler/, 'scheduler'],
  [/^logs\//, 'logs of the programs'],
];

export const storeOf = (path: string): string =>
  STORES.find(([beginning]) => beginning.test(path))?.[1] ?? 'other';

/** Path below `root` and bytes taken of the disk, holes not counted, of every file. */
function* filesIn(root: string, below = ''): Generator<readonly [path: string, bytes: number]> {
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    try {
      if (entry.isDirectory()) yield* filesIn(root, path);
      else if (entry.isFile()) yield [path, statSync(join(root, path)).blocks * BLOCK_BYTES];
    } catch (error) {
      // It was removed between the listing and the look: stores do that all the time.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Bytes on disk per store, the largest first. */
export function storeSizes(dataDir: string): StoreSize[] {
  const sizes = new Map<string, number>();
  for (const [path, bytes] of filesIn(dataDir)) {
    const store = storeOf(path);
    sizes.set(store, (sizes.get(store) ?? 0) + bytes);
  }
  return [...sizes]
    .map(([store, bytes]) => ({ store, bytes }))
    .toSorted((a, b) => b.bytes - a.bytes);
}

interface Status {
  readonly position: number;
  readonly head: number;
  readonly events: number;
  readonly accounts: number;
}

/** How many events the log has: the background audit counts them, so it has to be at the end. */
async function counted(queryUrl: string): Promise<Status | undefined> {
  for (const deadline = Date.now() + COUNT_LIMIT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const one = { method: 'GET', path: '/v1/audit/status' } as const;
    const status = await once<Status>(queryUrl, one, 200);
    if (status.position >= status.head && status.events > 0) return status;
  }
  return undefined;
}

/** Bytes at rest and what they stand for; undefined when that cannot be known. */
export async function measureAtRest({ dataDir, queryUrl }: House): Promise<AtRest | undefined> {
  if (dataDir === undefined) return undefined;
  const status = await counted(queryUrl);
  if (status === undefined) return undefined;
  return { stores: storeSizes(dataDir), events: status.events, accounts: status.accounts };
}
