import express, { type Express } from 'express';
import { ACCOUNT_EVENTS_TOPIC, PUBSUB } from '../contracts/topics.ts';
import { crashPoint } from '../platform/crash-points.ts';
import { health } from '../platform/health.ts';
import { createApp, finish } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import type { Alarms } from './alarms.ts';
import type { Appender } from './appender.ts';
import type { EventLog } from './event-log.ts';
import type { IntegrationFeed } from './integration-feed.ts';
import { readDelivery } from './incoming-events.ts';
import type { LogProofs } from './log-proofs.ts';
import { proofRoutes } from './proof-routes.ts';
import { questions } from './questions.ts';

const DELIVERY_ROUTE = '/events/account-events';
// NATS carries at most 64 MiB in one message when it is told to; ours stay far below.
const DELIVERY_BYTES_MAX = 64 * 1024 * 1024;

export interface EventSource {
  readonly log: EventLog;
  readonly appender: Appender;
  readonly alarms: Alarms;
  readonly integration: Pick<IntegrationFeed, 'status'>;
  readonly logger: Logger;
  readonly appToken?: string;
  /** What the log proves, and the bank's public key (PEM); a log in memory proves nothing. */
  readonly proofs?: LogProofs;
  readonly publicKey?: string;
}

/** The HTTP side of the log: deliveries from the sidecar, questions from the other services. */
export function eventSourceApp(source: EventSource): Express {
  const { log, appender, alarms, integration, logger, appToken } = source;
  const app = createApp({ logger, ...(appToken === undefined ? {} : { appToken }) });
  health(app, {
    log: async () => {
      await log.check();
      return { head: log.head(), appended: appender.appended(), waiting: appender.waiting() };
    },
    integration: () => {
      const status = integration.status();
      if (status.waiting !== undefined) throw new Error(`integration events: ${status.waiting}`);
      return status;
    },
    alarms: () => {
      const tampered = alarms.first('tampered');
      if (tampered !== undefined) throw new Error(`tampered: ${tampered.detail}`);
      return { count: alarms.count(), first: alarms.list() };
    },
  });
  deliveries(app, source);
  questions(app, log);
  if (source.proofs !== undefined) proofRoutes(app, source.proofs, source.publicKey ?? '');
  finish(app, logger);
  return app;
}

function deliveries(app: Express, { appender, alarms }: EventSource): void {
  app.get('/dapr/subscribe', (_request, response) => {
    const subscription = { pubsubname: PUBSUB, topic: ACCOUNT_EVENTS_TOPIC, route: DELIVERY_ROUTE };
    response.json([subscription]);
  });
  const raw = express.raw({ type: () => true, limit: DELIVERY_BYTES_MAX });
  app.post(DELIVERY_ROUTE, raw, async (request, response) => {
    const body: unknown = request.body;
    const events = readDelivery(Buffer.isBuffer(body) ? body : Buffer.alloc(0), alarms);
    const verdict = await appender.deliver(events);
    response.on('finish', () => crashPoint('event-source:after-ack'));
    response.json({ status: verdict === 'done' ? 'SUCCESS' : 'RETRY' });
  });
}
