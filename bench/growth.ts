import { setTimeout as sleep } from 'node:timers/promises';
import { openAccounts, showProgress } from './accounts.ts';
import { connect, type Connection, type Exchange } from './connection.ts';
import type { House } from './house.ts';
import { batch, deposit, written } from './loads.ts';
import { runLoad } from './measurements.ts';
import type { LoadResult } from './report/results.ts';

const STAGES = [1, 1_000, 100_000] as const;
const BATCH_COMMANDS = 1_000;
const BATCH_CLIENTS = 4;
const CLIENTS = 8;
const TRIES_MAX = 50;
const RETRY_MS = 500;

const growthName = (events: number): string => `growth ${events}`;
/** The same load on an account of few events and of many. */
export const GROWTH_LOADS = STAGES.map(growthName);

/** How many events each batch adds, so that an account of `version` has `events` of them. */
export function batchSizes(version: number, events: number): number[] {
  const missing = Math.max(0, events - version);
  const full = Array.from({ length: Math.floor(missing / BATCH_COMMANDS) }, () => BATCH_COMMANDS);
  const rest = missing % BATCH_COMMANDS;
  return rest === 0 ? full : [...full, rest];
}

/** Brings an account to that many events by the largest batches there are. */
async function growTo(url: string, accountId: string, events: number): Promise<void> {
  const sizes = batchSizes(1, events);
  let done = 1;
  const client = async (): Promise<void> => {
    const connection = connect(url);
    for (let size = sizes.pop(); size !== undefined; size = sizes.pop()) {
      await grow(
        connection,
        batch(() => accountId, size),
        size,
      );
      done += size;
    }
    await connection.close();
  };
  const progress = showProgress(growthName(events), events, () => done);
  await Promise.all(Array.from({ length: BATCH_CLIENTS }, client)).finally(() => progress.end());
}

/** Sends a batch until all of it is executed: an account that is ahead of the log says 503. */
async function grow(connection: Connection, sent: Exchange, size: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { status, text } = await connection.exchange(sent);
    const executed = status === 200 ? text.match(/"status":201/g) : null;
    if (executed?.length === size) return;
    if (tries === TRIES_MAX) throw new Error(`growing: ${status} ${text.slice(0, 200)}`);
    await sleep(RETRY_MS);
  }
}

/** The cost of a keyed deposit on an account of that many events, 8 clients, for each stage. */
export async function measureGrowth(
  house: House,
  seconds: number,
  caughtUpBy: (accountId: string) => Promise<number>,
  done: (result: LoadResult) => void,
): Promise<void> {
  for (const events of STAGES) {
    const name = growthName(events);
    const { opened } = await openAccounts(house, name, 1, null);
    const accountId = opened[0]?.id ?? '';
    await growTo(house.url, accountId, events);
    await caughtUpBy(accountId);
    const load = { ...written('growth', CLIENTS, () => deposit(accountId)), name };
    done(await runLoad(house, load, seconds, () => caughtUpBy(accountId)));
  }
}
