import type { Supervisor } from './supervisor.ts';

const HURRIED_GRACE_MS = 500;
/** A terminal and npm may both pass the same Ctrl-C on; the second within this is no hurry. */
const SAME_KEY_PRESS_MS = 1_000;

/**
 * Stops everything on Ctrl-C or SIGTERM and exits; with 1 what has not done its work by then. A
 * later second Ctrl-C shortens the patience with programs that stop slowly.
 */
export const stopOnSignals = (supervisor: Supervisor, exitCode = 0): void => {
  let firstAt = 0;
  const onSignal = (): void => {
    const again = firstAt !== 0 && Date.now() - firstAt > SAME_KEY_PRESS_MS;
    if (again) {
      for (const program of supervisor.programs()) {
        setTimeout(() => supervisor.kill(program.name, 'SIGKILL'), HURRIED_GRACE_MS);
      }
    }
    if (firstAt !== 0) return;
    firstAt = Date.now();
    process.stdout.write('\nStopping ...\n');
    void supervisor.stop().then(() => {
      process.stdout.write('Stopped.\n');
      process.exit(exitCode);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
};
