import type { Logger } from './logger.ts';

const SHUTDOWN_MS_MAX = 5_000;

/**
 * Runs the steps in order on SIGTERM or SIGINT, then ends the process; after 5 s it ends anyway.
 */
export function onShutdown(logger: Logger, steps: readonly (() => Promise<void> | void)[]): void {
  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info(`stopping on ${signal}`);
    setTimeout(() => process.exit(1), SHUTDOWN_MS_MAX).unref();
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        logger.warn('a step of the shutdown failed', { error });
      }
    }
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
}
