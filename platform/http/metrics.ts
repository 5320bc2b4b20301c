import type { Express, RequestHandler } from 'express';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Failure } from './failure.ts';
import type { MayKnow } from './health.ts';
import type { Served } from './serve.ts';

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

const outcomeOf = (status: number, isAnswered: boolean): string => {
  if (!isAnswered) return 'gone';
  if (status >= 500) return 'failed';
  return status >= 400 ? 'refused' : 'ok';
};

/**
 * Measures requests by operation: from the moment they came to the last byte of their answer.
 * Outcomes: ok, refused (4xx), failed (5xx), gone (the client did not wait). Live streams last as
 * long as somebody listens, so they are not measured.
 */
export function measureRequests(
  metrics: Metrics,
): (operation: Pick<Served, 'id'>) => RequestHandler {
  const help = 'How long requests took, by operation and outcome.';
  const observe = metrics.seconds('request_seconds', help, ['operation', 'outcome']);
  return ({ id: operation }) =>
    (_request, response, next) => {
      const began = performance.now();
      response.once('close', () => {
        if (String(response.getHeader('content-type')).startsWith('text/event-stream')) return;
        const outcome = outcomeOf(response.statusCode, response.writableFinished);
        observe({ operation, outcome }, (performance.now() - began) / 1_000);
      });
      next();
    };
}

/**
 * Serves GET /metrics to those who may know; to others the path is not there. Where only this
 * machine reaches the port, that is everybody: they are numbers, of nobody.
 */
export function serveMetrics(app: Express, metrics: Metrics, mayKnow: MayKnow = () => true): void {
  app.get('/metrics', async (request, response) => {
    if (!(await mayKnow(request, response))) throw new Failure('route-not-found');
    response.type(metrics.contentType).send(await metrics.text());
  });
}
