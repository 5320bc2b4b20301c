import { connectPool, type Exchange, type Reply } from './connection.ts';
import { latenciesOf, type Latencies } from './report/latencies.ts';

export interface OpenLoopOptions {
  readonly url: string;
  readonly perSecond: number;
  readonly durationMs: number;
  readonly next: () => Exchange;
  readonly status: number;
  /** Sees every good answer at the time it came. */
  readonly onReply?: (reply: Reply, answeredAt: number) => void;
}

export interface OpenLoopResult {
  readonly sent: number;
  readonly errors: number;
  readonly firstError: string | undefined;
  /** From the time at which a request was due, so that waiting counts. */
  readonly latencies: Latencies;
}

const TICK_MS = 2;
const CONNECTIONS_MAX = 128;

/** Sends requests by the clock, whatever the bank does, as a crowd of strangers would. */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { perSecond, durationMs, next, status, onReply } = options;
  const pool = connectPool(options.url, CONNECTIONS_MAX);
  const pending = new Set<Promise<void>>();
  const durations: number[] = [];
  let errors = 0;
  let firstError: string | undefined;
  let sent = 0;

  const send = async (dueAt: number): Promise<void> => {
    const reply = await pool.exchange(next());
    const now = performance.now();
    if (reply.status !== status) {
      errors += 1;
      firstError ??= `${reply.status} ${reply.text}`;
      return;
    }
    durations.push(now - dueAt);
    onReply?.(reply, now);
  };

  const started = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = Math.min(performance.now() - started, durationMs);
      for (; sent < (elapsed * perSecond) / 1_000; sent += 1) {
        const one = send(started + (sent * 1_000) / perSecond);
        pending.add(one);
        void one.then(() => pending.delete(one));
      }
      if (elapsed < durationMs) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(pending);
  await pool.close();
  return { sent, errors, firstError, latencies: latenciesOf(durations) };
}
