import { connect, type Exchange } from './connection.ts';
import { latenciesOf, type Latencies } from './report/latencies.ts';

export interface LoopOptions {
  readonly url: string;
  readonly clients: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly next: () => Exchange;
  /** The status of a good answer. */
  readonly status: number | readonly number[];
  /** Called when the warm-up is over and when the measured time is. */
  readonly onStart?: () => void;
  readonly onEnd?: () => void;
}

export interface LoopResult {
  readonly perSecond: number;
  readonly latencies: Latencies;
  readonly errors: number;
  readonly firstError: string | undefined;
}

const ERROR_PAUSE_MS = 20;
const ERROR_CHARACTERS = 200;

/** Clients that each send the next request when the one before was answered. */
export async function closedLoop(options: LoopOptions): Promise<LoopResult> {
  const { url, clients, warmUpMs, measureMs, next, status } = options;
  const durations: number[] = [];
  let errors = 0;
  let firstError: string | undefined;
  let measuring = false;
  let running = true;

  const client = async (): Promise<void> => {
    const connection = connect(url);
    while (running) {
      const started = performance.now();
      const reply = await connection.exchange(next());
      const good = [status].flat().includes(reply.status);
      // One that began in the warm-up stands for one that ends too late, so long ones count fully.
      if (measuring && good) durations.push(performance.now() - started);
      if (good) continue;
      errors += 1;
      firstError ??= `${reply.status} ${reply.text}`.slice(0, ERROR_CHARACTERS);
      await pause(ERROR_PAUSE_MS);
    }
    await connection.close();
  };

  const all = Array.from({ length: clients }, client);
  await pause(warmUpMs);
  options.onStart?.();
  measuring = true;
  const started = performance.now();
  await pause(measureMs);
  const seconds = (performance.now() - started) / 1_000;
  measuring = false;
  options.onEnd?.();
  running = false;
  await Promise.all(all);
  const latencies = latenciesOf(durations);
  return { perSecond: durations.length / seconds, latencies, errors, firstError };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
