import type { Express } from 'express';
import {
  ALARMS_DEFAULT,
  alarmsQuery,
  AUDIT_PATHS,
  trialBalanceQuery,
} from '../../contracts/log/audit.ts';
import type { Alarms } from '../alarms.ts';
import type { AuditAnswers } from './background.ts';
import { answered, read } from '../log/routes.ts';

/** What the query API asks of the audit. */
export function auditRoutes(app: Express, audit: AuditAnswers, alarms: Alarms): void {
  app.get(AUDIT_PATHS.status, (_request, response) => void response.json(audit.status()));
  app.get(
    AUDIT_PATHS.trialBalance,
    answered(async (request, response) => {
      const { position } = read(trialBalanceQuery, request.query);
      response.json(await audit.trialBalance(position));
    }),
  );
  app.get(AUDIT_PATHS.alarms, (request, response) => {
    const { limit = ALARMS_DEFAULT } = read(alarmsQuery, request.query);
    response.json({ count: alarms.count(), items: alarms.list(limit) });
  });
}
