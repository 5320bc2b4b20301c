import { spawnSync } from 'node:child_process';

/**
 * Lets this process and all that it starts from now on run as batch work (sched(7), Linux).
 * A command passes eight processes; by default each that wakes up preempts the one that woke
 * it, and on few cores the switches cost more than the work. Batch tasks run on, so the next
 * one finds several messages at once. Where there is no chrt, nothing changes.
 */
export function scheduleAsBatch(): void {
  if (process.platform !== 'linux') return;
  spawnSync('chrt', ['--batch', '--pid', '0', String(process.pid)], { stdio: 'ignore' });
}

/**
 * Who steps back when the processors are busy. Nobody waits for these: the answer to a command
 * goes out before the log and the read side have it. What gathers meanwhile makes larger, cheaper
 * batches. The log steps back less, because a client's old command ids are looked up there.
 */
const NICENESS: Readonly<Record<string, number>> = {
  nats: 0,
  immudb: 0,
  'event-source': 0,
  'projection-balances': 10,
  'projection-history': 10,
  placement: 10,
};

/** How far a program steps back when the processors are busy (nice(1)). */
export const nicenessOf = (program: string): number => NICENESS[program] ?? 0;
