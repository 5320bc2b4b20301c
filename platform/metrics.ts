import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Durations that a bank on one machine has, in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How often the event loop is looked at; each look wakes the process up. */
const LOOP_LOOK_MS = 100;

/** Labels, each with one of few values. */
export type Labels = Readonly<Record<string, string>>;

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * What an operator's Prometheus watches of a process, in its text format: numbers alone, and no
 * label that grows with clients and their things. Names begin with `core_bank_`; those of the
 * process itself (`process_`, `nodejs_`) are prom-client's own.
 * @example
 * const metrics = createMetrics();
 * metrics.gauge('waiting_commands', 'Commands that wait for a turn.', () => turns.waiting());
 * const observe = metrics.seconds('commit_seconds', 'How long a commit takes.', ['outcome']);
 * observe({ outcome: 'committed' }, 0.003);
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });
  const registers = [registry];
  const full = (name: string): string => `core_bank_${name}`;
  return {
    /** A number that is asked for whenever somebody looks. */
    gauge(name: string, help: string, value: () => number): void {
      const collect = function (this: Gauge): void {
        this.set(value());
      };
      new Gauge({ name: full(name), help, registers, collect });
    },
    /** Numbers by the value of a label, all of them from the start. */
    gauges(name: string, help: string, label: string, values: () => Map<string, number>): void {
      const collect = function (this: Gauge): void {
        for (const [key, value] of values()) this.set({ [label]: key }, value);
      };
      new Gauge({ name: full(name), help, labelNames: [label], registers, collect });
    },
    /** Takes durations, in seconds. */
    seconds(name: string, help: string, labelNames: readonly string[]) {
      const labelled = { labelNames: [...labelNames], buckets: SECONDS, registers };
      const histogram = new Histogram({ name: full(name), help, ...labelled });
      return (labels: Labels, seconds: number): void => histogram.observe(labels, seconds);
    },
    contentType: registry.contentType,
    text: (): Promise<string> => registry.metrics(),
  };
}
