import type { Express } from 'express';
import { health } from '../platform/health.ts';
import { createApp, finish } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import { GRAVE, type Alarms } from './alarms.ts';
import type { Appender } from './intake/appender.ts';
import { auditRoutes } from './audit/routes.ts';
import type { AuditAnswers } from './audit/background.ts';
import { deliveries, readDelivery } from './intake/deliveries.ts';
import type { EventLog, LogProofs } from './log/event-log.ts';
import type { IntegrationFeed } from './feeds/integration-feed.ts';
import { metrics } from './metrics.ts';
import { proofRoutes, questions } from './log/routes.ts';
import type { Quarantine } from './quarantine.ts';

export interface EventSource {
  readonly log: EventLog;
  readonly appender: Appender;
  readonly alarms: Alarms;
  readonly quarantine: Quarantine;
  readonly integration: Pick<IntegrationFeed, 'status'>;
  readonly audit: AuditAnswers;
  readonly logger: Logger;
  readonly appToken?: string;
  /** What the log proves, and the bank's public key (PEM); a log in memory proves nothing. */
  readonly proofs?: LogProofs;
  readonly publicKey?: string;
}

/** The HTTP side of the log: deliveries from the sidecar, questions from the other services. */
export function eventSourceApp(source: EventSource): Express {
  const { log, appender, alarms, quarantine, integration, logger, appToken } = source;
  const app = createApp({ logger, ...(appToken === undefined ? {} : { appToken }) });
  health(app, {
    log: async () => {
      await log.check();
      const [head, quarantined] = [log.head(), quarantine.count()];
      return { head, appended: appender.appended(), waiting: appender.waiting(), quarantined };
    },
    integration: () => {
      const status = integration.status();
      if (status.waiting !== undefined) throw new Error(`integration events: ${status.waiting}`);
      return status;
    },
    alarms: () => {
      const grave = alarms.first(...GRAVE);
      if (grave !== undefined) throw new Error(`${grave.kind}: ${grave.detail}`);
      return { count: alarms.count(), first: alarms.list() };
    },
  });
  deliveries(app, async (body) => appender.deliver(await readDelivery(body, source)));
  questions(app, log, quarantine);
  auditRoutes(app, source.audit, alarms);
  metrics(app, source);
  if (source.proofs !== undefined) proofRoutes(app, source.proofs, source.publicKey ?? '');
  finish(app, logger);
  return app;
}
