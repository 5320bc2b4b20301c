export interface BatcherLimits {
  readonly itemsMax: number;
  readonly inFlightMax: number;
  /** Items that may wait; more are refused at once, so that memory stays bounded. */
  readonly waitingMax?: number;
}

export class QueueFull extends Error {}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Combines calls: an item starts a run at once when fewer than inFlightMax are under way;
 * what arrives meanwhile forms the next batch. So batches form by themselves under load and
 * nothing waits when idle. `run` answers one result for each item, in order.
 */
export function batcher<T, R>(
  limits: BatcherLimits,
  run: (items: T[]) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = [];
  let inFlight = 0;

  const runBatch = async (batch: Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await run(batch.map((entry) => entry.item));
      if (results.length !== batch.length) throw new Error('a batch run lost or made results');
      batch.forEach((entry, index) => entry.resolve(results[index] as R));
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  };
  const next = (): void => {
    while (inFlight < limits.inFlightMax && waiting.length > 0) {
      const batch = waiting.slice(0, limits.itemsMax);
      waiting = waiting.slice(limits.itemsMax);
      inFlight += 1;
      void runBatch(batch).finally(() => {
        inFlight -= 1;
        next();
      });
    }
  };
  return (item) =>
    new Promise<R>((resolve, reject) => {
      if (waiting.length >= (limits.waitingMax ?? Infinity)) {
        reject(new QueueFull(`more than ${waiting.length} calls are waiting`));
        return;
      }
      waiting.push({ item, resolve, reject });
      next();
    });
}
