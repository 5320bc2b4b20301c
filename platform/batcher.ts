/** The bounds of a batcher. */
export interface BatcherLimits<T> {
  readonly itemsMax: number;
  readonly inFlightMax: number;
  /** Items that may wait; more are refused, so that memory stays bounded. Undefined: no bound. */
  readonly waitingMax?: number;
  /** The number of items that one counts for; a larger one than itemsMax goes alone. */
  readonly sizeOf?: (item: T) => number;
}

/** More items are waiting than the limits allow; nothing was done with this one. */
export class QueueFull extends Error {}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Combines calls. An item starts a run at once while fewer than inFlightMax are under way; what
 * arrives meanwhile forms the next batch. So batches form under load and nothing waits when idle.
 * @param run answers one result for each item, in order.
 * @returns a function that resolves to the item's result. It rejects with QueueFull, or as its
 *   batch's run rejected.
 * @example
 * const read = batcher({ itemsMax: 100, inFlightMax: 4 }, (ids: string[]) => store.readAll(ids));
 * const [one, two] = await Promise.all([read('a'), read('b')]);
 */
export function batcher<T, R>(
  limits: BatcherLimits<T>,
  run: (items: T[]) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  let waitingSize = 0;
  let inFlight = 0;
  const sizeOf = limits.sizeOf ?? (() => 1);

  const runBatch = async (batch: Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await run(batch.map((entry) => entry.item));
      if (results.length !== batch.length) throw new Error('a batch run lost or made results');
      batch.forEach((entry, index) => entry.resolve(results[index] as R));
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  };
  const takeBatch = (): Waiting<T, R>[] => {
    let count = 0;
    let size = 0;
    for (const { item } of waiting) {
      const more = sizeOf(item);
      if (count > 0 && size + more > limits.itemsMax) break;
      count += 1;
      size += more;
    }
    waitingSize -= size;
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  };
  const next = (): void => {
    while (inFlight < limits.inFlightMax && waiting.length > 0) {
      const batch = takeBatch();
      inFlight += 1;
      void runBatch(batch).finally(() => {
        inFlight -= 1;
        next();
      });
    }
  };
  return (item) =>
    new Promise<R>((resolve, reject) => {
      const size = sizeOf(item);
      if (waitingSize + size > (limits.waitingMax ?? Infinity)) {
        reject(new QueueFull(`more than ${waitingSize} calls are waiting`));
        return;
      }
      waitingSize += size;
      waiting.push({ item, resolve, reject });
      next();
    });
}
