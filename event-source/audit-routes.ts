import type { Express } from 'express';
import { ALARMS_DEFAULT, alarmsQuery, AUDIT_PATHS } from '../contracts/audit.ts';
import type { Alarms } from './alarms.ts';
import type { AuditAnswers } from './background-audit.ts';
import { read } from './questions.ts';

/** What the query API asks of the audit. */
export function auditRoutes(app: Express, audit: AuditAnswers, alarms: Alarms): void {
  app.get(AUDIT_PATHS.status, (_request, response) => void response.json(audit.status()));
  app.get(AUDIT_PATHS.trialBalance, (_request, response) => {
    response.json(audit.trialBalance());
  });
  app.get(AUDIT_PATHS.alarms, (request, response) => {
    const { limit = ALARMS_DEFAULT } = read(alarmsQuery, request.query);
    response.json({ count: alarms.count(), items: alarms.list(limit) });
  });
}
