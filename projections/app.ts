import type { Express } from 'express';
import { z } from 'zod';
import type { SetAsideModel } from '../contracts/account/read-models.ts';
import { LOG_MESSAGE_PURPOSE, LOG_TOPIC, logMessage, PUBSUB } from '../contracts/log/topics.ts';
import { health, NeedsPerson, operatorMayKnow, type Check } from '../platform/http/health.ts';
import { createApp, finish, jsonBody } from '../platform/http/http.ts';
import { createMetrics, serveMetrics, type Metrics } from '../platform/http/metrics.ts';
import type { Logger } from '../platform/logger.ts';
import { openSigned, type IsSigned } from '../platform/signatures.ts';
import type { Generations } from './generations.ts';

/** A message carries a batch of the log; sidecars carry at most 4 MiB. */
const PUSH_BYTES_MAX = 4 * 1024 * 1024;

const SET_ASIDE_NAMED = 10;

const cloudEvent = z.looseObject({ data: z.string() });

export interface ProjectionApp {
  readonly generations: Generations;
  readonly logger: Logger;
  readonly appToken: string;
  /** Knows the key of event-source, which alone tells what the log has. */
  readonly isSigned: IsSigned;
  /** Why the projection has not started yet. */
  notStarted(): string | undefined;
}

/** Names some of the streams that cannot be shown; all others are. */
function setAsideSentence(streams: readonly SetAsideModel[]): string {
  const named = streams
    .slice(0, SET_ASIDE_NAMED)
    .map(({ stream, version }) => `${stream}/${version}`);
  const more = streams.length > named.length ? ` and ${streams.length - named.length} more` : '';
  return `${streams.length} streams are set aside: ${named.join(', ')}${more}`;
}

/** What is watched of a projection. */
function projectionMetrics(generations: Pick<Generations, 'status'>): Metrics {
  const metrics = createMetrics();
  const { gauge } = metrics;
  const status = () => generations.status();
  gauge('projection_following', '1 while it follows the log.', () =>
    Number(status().state === 'following'),
  );
  gauge('projection_position', 'Position of the last applied event.', () => status().checkpoint);
  gauge(
    'projection_lag_seconds',
    'How long what it has not applied has been waiting.',
    () => status().lagMs / 1_000,
  );
  gauge('projection_set_aside', 'Streams that cannot be shown.', () => status().setAside.length);
  return metrics;
}

/** What the sidecar and the health checks call. */
export function projectionApp(options: ProjectionApp): Express {
  const { generations, logger, appToken, isSigned, notStarted } = options;
  const app = createApp({ logger, appToken });
  app.get('/dapr/subscribe', (_request, response) => {
    response.json([{ pubsubname: PUBSUB, topic: LOG_TOPIC, routes: { default: '/ledger' } }]);
  });
  app.post('/ledger', jsonBody(PUSH_BYTES_MAX), (request, response) => {
    const { data = '' } = cloudEvent.safeParse(request.body).data ?? {};
    const json = openSigned(isSigned, LOG_MESSAGE_PURPOSE, data);
    if (json === undefined) logger.error('ALARM: a push that event-source did not sign');
    else generations.push(logMessage.parse(JSON.parse(json)));
    // Pushes are hints: what is missed is pulled, so none needs to come again.
    response.json({ status: 'SUCCESS' });
  });
  const checks: Readonly<Record<string, Check>> = {
    projection: () => {
      const status = generations.status();
      const reason = notStarted() ?? status.reason;
      if (status.state !== 'following') throw new Error(`${status.state}: ${reason ?? 'not yet'}`);
      if (status.setAside.length > 0) throw new NeedsPerson(setAsideSentence(status.setAside));
      return { ...status };
    },
  };
  health(app, checks, operatorMayKnow(appToken));
  serveMetrics(app, projectionMetrics(generations));
  finish(app, logger);
  return app;
}

/** What the operator calls, on a socket of their own. */
export function projectionOperator(
  generations: Generations,
  token: string,
  logger: Logger,
): Express {
  const app = createApp({ logger, appToken: token });
  app.post('/rebuild', (_request, response) => {
    generations.rebuild();
    const rebuild = generations.rebuildStatus() ?? null;
    response.status(202).json({ status: generations.status(), rebuild });
  });
  app.get('/rebuild', (_request, response) => {
    response.json({ status: generations.status(), rebuild: generations.rebuildStatus() ?? null });
  });
  finish(app, logger);
  return app;
}
