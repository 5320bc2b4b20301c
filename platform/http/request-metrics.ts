import type { Express, RequestHandler } from 'express';
import type { Metrics } from '../metrics.ts';
import { Failure } from './failure.ts';
import type { MayKnow } from './health.ts';
import type { Served } from './serve.ts';

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
