import type { Express } from 'express';
import { Failure, createApp, finish } from '../platform/http.ts';
import { health } from '../platform/health.ts';
import type { Logger } from '../platform/logger.ts';
import { GRAVE, type Alarms } from './alarms.ts';
import { createAuditBooks } from './audit/books.ts';
import { auditRoutes } from './audit/routes.ts';
import type { AuditAnswers } from './audit/background.ts';
import { deliveries } from './intake/deliveries.ts';
import { metrics } from './metrics.ts';

export interface ClosedLog {
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly appToken?: string;
}

/**
 * Served in place of the log while it is not believed: why, and nothing else. Deliveries wait at
 * the broker. Without it nobody but a reader of the topic `audit` would hear of the alarm.
 */
export function closedLogApp({ alarms, logger, appToken }: ClosedLog): Express {
  const app = createApp({ logger, ...(appToken === undefined ? {} : { appToken }) });
  const why = (): string => {
    const grave = alarms.first(...GRAVE);
    return grave === undefined ? 'it could not be opened' : `${grave.kind}: ${grave.detail}`;
  };
  health(app, {
    alarms: () => {
      throw new Error(`the log is not believed, and not served: ${why()}`);
    },
  });
  deliveries(app, () => Promise.resolve('retry'));
  const audit = auditOf(alarms, why);
  auditRoutes(app, audit, alarms);
  metrics(app, { alarms, audit });
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
      ...{ ...seen, root, phase: 'waiting', reason: why(), checkpoint: null },
      says: `The log is not believed, and nothing of it was checked. ${why()}`,
      ...{ head: 0, alarms: alarms.count(), readSideCompared: 0 },
    }),
    async trialBalance(position) {
      if (position !== undefined) throw notBelieved(why);
      return { ...seen, balanced: false, openTransfers: 0, currencies: [] };
    },
  };
}
