/**
 * Runs `work` for each item in order, at most `atOnceMax` at a time. It rejects with the first
 * failure, but only once no work is under way any more.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  atOnceMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  const workers = Array.from({ length: atOnceMax }, worker);
  await Promise.allSettled(workers);
  await Promise.all(workers);
}
