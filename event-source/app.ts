import type { Express } from 'express';
import type { LogProofs } from '../contracts/log/log-proofs.ts';
import { health, NeedsPerson, operatorMayKnow, type Check } from '../platform/http/health.ts';
import { createApp, finish, Failure } from '../platform/http/http.ts';
import type { Logger } from '../platform/logger.ts';
import { accessRoutes, type AccessRecords } from './access/access-records.ts';
import { GRAVE, type Alarms } from './alarms.ts';
import type { Appender } from './intake/appender.ts';
import { auditRoutes, type AuditAnswers } from './audit/background.ts';
import { deliveries, readDelivery } from './intake/deliveries.ts';
import type { EventLog } from './log/event-log.ts';
import type { IntegrationFeed } from './feeds/integration-feed.ts';
import type { IsSigned } from '../platform/signatures.ts';
import { serveMetrics } from '../platform/http/metrics.ts';
import { logMetrics } from './metrics.ts';
import { proofRoutes, questions } from './log/routes.ts';
import type { Quarantine } from './quarantine.ts';
import { createAuditBooks } from './audit/books.ts';

export interface EventSource {
  readonly log: EventLog;
  readonly appender: Appender;
  readonly alarms: Alarms;
  readonly quarantine: Quarantine;
  /** Knows the keys of the actor hosts. */
  readonly isSigned: IsSigned;
  readonly integration: Pick<IntegrationFeed, 'status'>;
  readonly audit: AuditAnswers;
  readonly access: Pick<AccessRecords, 'take' | 'find'>;
  readonly logger: Logger;
  readonly appToken?: string;
  /** A log in memory proves nothing. */
  readonly proofs?: LogProofs;
}

/** The HTTP side of the log: deliveries from the sidecar, questions from the other services. */
export function eventSourceApp(source: EventSource): Express {
  const { log, appender, alarms, quarantine, integration, logger, appToken } = source;
  const app = createApp({ logger, ...(appToken === undefined ? {} : { appToken }) });
  const checks: Readonly<Record<string, Check>> = {
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
      if (grave !== undefined) throw new NeedsPerson(`${grave.kind}: ${grave.detail}`);
      return { count: alarms.count(), first: alarms.list() };
    },
  };
  health(app, checks, operatorMayKnow(appToken));
  deliveries(app, async (body) => appender.deliver(await readDelivery(body, source)));
  questions(app, log, quarantine);
  auditRoutes(app, source.audit, alarms);
  accessRoutes(app, source.access);
  serveMetrics(app, logMetrics(source));
  if (source.proofs !== undefined) proofRoutes(app, source.proofs);
  finish(app, logger);
  return app;
}

/** What the operator of the bank asks the log, on a socket of their own. */
export function logOperator(
  { log, quarantine, logger }: Pick<EventSource, 'log' | 'quarantine' | 'logger'>,
  token: string,
): Express {
  const app = createApp({ logger, appToken: token });
  questions(app, log, quarantine);
  finish(app, logger);
  return app;
}

export interface ClosedLog {
  readonly alarms: Alarms;
  /** Records of access have nothing to do with the log. */
  readonly access: Pick<AccessRecords, 'take' | 'find'>;
  readonly logger: Logger;
  readonly appToken?: string;
}

/**
 * Served in place of the log while it is not believed: why, and nothing else of it. Deliveries wait
 * at the broker. Without it nobody but a reader of the topic `audit` would hear of the alarm.
 */
export function closedLogApp({ alarms, access, logger, appToken }: ClosedLog): Express {
  const app = createApp({ logger, ...(appToken === undefined ? {} : { appToken }) });
  const why = (): string => {
    const grave = alarms.first(...GRAVE);
    return grave === undefined ? 'it could not be opened' : `${grave.kind}: ${grave.detail}`;
  };
  const checks: Readonly<Record<string, Check>> = {
    alarms: () => {
      throw new NeedsPerson(`the log is not believed, and not served: ${why()}`);
    },
  };
  health(app, checks, operatorMayKnow(appToken));
  deliveries(app, () => Promise.resolve('retry'));
  const audit = auditOf(alarms, why);
  auditRoutes(app, audit, alarms);
  accessRoutes(app, access);
  serveMetrics(app, logMetrics({ alarms, audit }));
  app.use('/log', () => {
    throw notBelieved(why);
  });
  finish(app, logger);
  return app;
}

const notBelieved = (why: () => string): Failure =>
  new Failure('service-unavailable', { detail: `The log is not believed: ${why()}` });

/** Nothing was walked: the log of the last checkpoint is not the one that is there. */
function auditOf(alarms: Alarms, why: () => string): AuditAnswers {
  const books = createAuditBooks().books();
  const { position, transaction, root, events, accounts, verdict } = books;
  const seen = { position, transaction, events, accounts, verdict, at: null };
  return {
    status: () => ({
      ...seen,
      root,
      phase: 'waiting',
      reason: why(),
      checkpoint: null,
      says: `The log is not believed, and nothing of it was checked. ${why()}`,
      head: 0,
      alarms: alarms.count(),
      readSideCompared: 0,
      journalCompared: { at: null, reason: why() },
    }),
    async trialBalance(position) {
      if (position !== undefined) throw notBelieved(why);
      return { ...seen, balanced: false, openTransfers: 0, currencies: [] };
    },
  };
}
