/**
 * Does the work again and again, each time `everyMs` after it ended, from `start` to `stop`. A
 * failure is reported and ends nothing. What is under way at `stop` is not waited for.
 */
export function repeat(
  work: () => Promise<void>,
  everyMs: number,
  onFailure: (error: unknown) => void,
) {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const next = (): void => {
    if (isStopped) return;
    timer = setTimeout(() => void work().catch(onFailure).finally(next), everyMs);
  };
  return {
    start: next,
    stop(): void {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
