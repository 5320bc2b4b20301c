import type { Express } from 'express';
import { z } from 'zod';
import { LEDGER_TOPIC, ledgerMessage, PUBSUB } from '../contracts/topics.ts';
import { health } from '../platform/health.ts';
import { createApp, finish, jsonBody } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Generations } from './generations.ts';

/** A message carries a batch of the log; sidecars carry at most 4 MiB. */
const PUSH_BYTES_MAX = 4 * 1024 * 1024;

const cloudEvent = z.looseObject({ data: ledgerMessage });

export interface ProjectionApp {
  readonly generations: Generations;
  readonly logger: Logger;
  readonly appToken: string;
  /** Why the projection has not started yet. */
  notStarted(): string | undefined;
}

/** What the sidecar, the health checks and the rebuild command call. */
export function projectionApp(options: ProjectionApp): Express {
  const { generations, logger, appToken, notStarted } = options;
  const app = createApp({ logger, appToken });
  app.get('/dapr/subscribe', (_request, response) => {
    response.json([{ pubsubname: PUBSUB, topic: LEDGER_TOPIC, routes: { default: '/ledger' } }]);
  });
  app.post('/ledger', jsonBody(PUSH_BYTES_MAX), (request, response) => {
    const parsed = cloudEvent.safeParse(request.body);
    if (parsed.success) generations.push(parsed.data.data);
    else logger.warn('a push was no ledger message', { reason: parsed.error.message });
    // Pushes are hints: what is missed is pulled, so none needs to come again.
    response.json({ status: 'SUCCESS' });
  });
  app.post('/rebuild', (_request, response) => {
    generations.rebuild();
    response.status(202).json({ status: generations.status() });
  });
  app.get('/rebuild', (_request, response) => {
    response.json({ status: generations.status(), rebuild: generations.rebuildStatus() ?? null });
  });
  health(app, {
    projection: () => {
      const status = generations.status();
      const reason = notStarted() ?? status.reason;
      if (status.state !== 'following') throw new Error(`${status.state}: ${reason ?? 'not yet'}`);
      return { ...status };
    },
  });
  finish(app, logger);
  return app;
}
