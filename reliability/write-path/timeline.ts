import type { Clock } from '../../platform/clock.ts';

/** Epoch milliseconds at which every simulation begins, a quarter of an hour before midnight. */
export const WALL_START = Date.parse('2026-03-01T23:45:00.000Z');

export const newLife = (name: string, wallOffset = 0): Life => ({
  name,
  isAlive: true,
  deferred: undefined,
  wallOffset,
});

/** A process from its start to its crash. Nothing that is meant for a dead one happens. */
export interface Life {
  readonly name: string;
  isAlive: boolean;
  /** What was meant for it while it stood still, in order; undefined while it runs. */
  deferred: { readonly run: () => void; readonly isIdle: boolean }[] | undefined;
  /** By how much its wall clock is wrong. */
  wallOffset: number;
}

interface Happening {
  readonly at: number;
  readonly sequence: number;
  readonly life: Life | undefined;
  readonly run: () => void;
  /** A timer of a loop that never ends: it does not tell that something is under way. */
  readonly isIdle: boolean;
}

export type Timeline = ReturnType<typeof createTimeline>;

/** Virtual time: what happens, in the order of (time, sequence), one thing after the other. */
export function createTimeline(isTraced: boolean) {
  const heap: Happening[] = [];
  const trace: string[] = [];
  let now = 0;
  let sequence = 0;
  let underWay = 0;

  const isBefore = (one: Happening, other: Happening): boolean =>
    one.at < other.at || (one.at === other.at && one.sequence < other.sequence);
  const push = (added: Happening): void => {
    if (!added.isIdle) underWay += 1;
    let place = heap.push(added) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(added, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = added;
  };
  const pop = (): Happening | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (!first.isIdle) underWay -= 1;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  };
  const after = (ms: number, run: () => void, life?: Life, isIdle = false): void => {
    push({ at: now + ms, sequence: (sequence += 1), life, run, isIdle });
  };

  return {
    now: (): number => now,
    after,
    /** Does the next thing and lets all that follows from it at once happen too. */
    async step(): Promise<boolean> {
      const next = pop();
      if (next === undefined) return false;
      const { life, run, isIdle } = next;
      now = Math.max(now, next.at);
      if (life?.isAlive === false) return true;
      if (life?.deferred !== undefined) {
        life.deferred.push({ run, isIdle });
        return true;
      }
      run();
      await drained();
      return true;
    },
    pause: (life: Life): void => void (life.deferred ??= []),
    resume(life: Life): void {
      const { deferred = [] } = life;
      life.deferred = undefined;
      for (const { run, isIdle } of deferred) after(0, run, life, isIdle);
    },
    /** Everything stands still for so long, and then is late. */
    standStill: (ms: number): void => void (now += ms),
    /** How much is under way, without the loops that never end. */
    underWay: (): number => underWay,
    clockOf: (life: Life): Clock => ({
      wall: () => WALL_START + now + life.wallOffset,
      steady: () => now,
      sleep: (ms) => new Promise((resolve) => after(ms, resolve, life, true)),
      soon: (work) => after(0, work, life),
    }),
    note: (text: () => string): void => {
      if (isTraced) trace.push(`${String(now).padStart(9)} ${text()}`);
    },
    trace: (): readonly string[] => trace,
  };
}

// One round of the event loop: all microtasks have run by then.
const drained = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
