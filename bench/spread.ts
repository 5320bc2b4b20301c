import { setTimeout as sleep } from 'node:timers/promises';

/** A quiet account is used less often than this. */
const REST_MS = 60_000;
const SEED = 20_261_126;

/** Numbers from 0 to 1 that are the same in every run (mulberry32, public domain). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The numbers below `count` in an order that looks like chance and is always the same. */
export function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at);
  const random = seeded(SEED);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return order;
}

export interface Opened {
  readonly id: string;
  /** On the clock of performance.now(). */
  readonly at: number;
}

/** Accounts of which each rests as long as possible between two commands. */
export interface Pool {
  readonly add: (accounts: readonly Opened[]) => void;
  readonly size: () => number;
  /** One after the other of the first `count`, in a fixed order that begins again when it ends. */
  readonly inTurn: (count: number) => () => string;
  /** The shortest rest of any that `inTurn` gave since this was asked last, in ms. */
  readonly shortestRest: () => number;
  /** Waits until every account has rested for a minute. */
  readonly rested: () => Promise<void>;
}

export function createPool(now: () => number = () => performance.now()): Pool {
  const ids: string[] = [];
  const usedAt: number[] = [];
  let shortest = Infinity;
  let last = -Infinity;
  return {
    add: (accounts) => {
      for (const { id, at } of accounts) {
        ids.push(id);
        usedAt.push(at);
        last = Math.max(last, at);
      }
    },
    size: () => ids.length,
    inTurn: (count) => {
      if (count > ids.length) throw new Error(`only ${ids.length} accounts of ${count} are open`);
      const order = shuffled(count);
      let turn = 0;
      return () => {
        const at = order[turn++ % count] as number;
        const time = now();
        shortest = Math.min(shortest, time - (usedAt[at] as number));
        usedAt[at] = time;
        last = time;
        return ids[at] as string;
      };
    },
    shortestRest: () => {
      const found = shortest;
      shortest = Infinity;
      return found;
    },
    rested: () => sleep(Math.max(0, last + REST_MS - now())),
  };
}
