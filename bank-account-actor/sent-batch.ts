import type { BankEvent } from '../contracts/bank-events.ts';

/** The batch that was published last, until the log has confirmed all of it. */
export function sentBatch() {
  const open = new Map<string, number>();
  let isOver = (): void => undefined;
  return {
    sent(events: readonly BankEvent[]): void {
      for (const { stream, version } of events) open.set(stream, version);
    },
    confirmed(stream: string, version: number): void {
      if ((open.get(stream) ?? Infinity) > version) return;
      open.delete(stream);
      if (open.size === 0) isOver();
    },
    /** Resolves when nothing of it is open any more, at the latest after `ms`. */
    async over(ms: number): Promise<void> {
      if (open.size === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        isOver = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      open.clear();
    },
  };
}
