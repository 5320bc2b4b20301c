import type { AuditMessage } from '../../contracts/log/audit.ts';
import { pause } from '../../platform/alarm.ts';
import type { Logger } from '../../platform/logger.ts';

const WAITING_MAX = 1_000;
const RETRY_MS = 1_000;

export type AuditFeed = ReturnType<typeof auditFeed>;

/**
 * Publishes checkpoints and alarms in order, each repeatedly until the broker stores it. What does
 * not fit the queue is not lost: checkpoints are in their file, alarms in the log file.
 */
export function auditFeed(publish: (message: AuditMessage) => Promise<void>, logger: Logger) {
  const waiting: AuditMessage[] = [];
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  const ending = new AbortController();

  const run = async (): Promise<void> => {
    while (waiting.length > 0 && !ending.signal.aborted) {
      try {
        await publish(waiting[0]!);
        waiting.shift();
      } catch (error) {
        logger.warn('the audit cannot publish', { error });
        await pause(RETRY_MS, ending.signal);
      }
    }
    isRunning = false;
  };
  return {
    offer(message: AuditMessage): void {
      if (waiting.length >= WAITING_MAX) return logger.warn('too much of the audit waits') as never;
      waiting.push(message);
      if (isRunning || ending.signal.aborted) return;
      isRunning = true;
      running = run();
    },
    async end(): Promise<void> {
      ending.abort();
      await running;
    },
  };
}
