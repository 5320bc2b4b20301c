import type { Request } from 'express';
import type { z } from 'zod';
import { alarmsAnswer, alarmsQuery, auditStatus, trialBalanceAnswer } from '../contracts/audit.ts';
import { AUDIT_PATHS, type AlarmsAnswer } from '../contracts/audit.ts';
import type { AuditStatus, TrialBalanceAnswer } from '../contracts/audit.ts';
import { EVENT_SOURCE_APP } from '../contracts/log.ts';
import { SidecarError, type Sidecar } from '../platform/dapr.ts';
import { Unavailable } from './read-models.ts';
import { noQuery, queryOf } from './requests.ts';

/** What the audit says; each rejects with Unavailable while event-source is away. */
export interface Audit {
  status(): Promise<AuditStatus>;
  trialBalance(): Promise<TrialBalanceAnswer>;
  alarms(limit: number | undefined): Promise<AlarmsAnswer>;
}

/** Asks event-source, where the auditor is. */
export function eventSourceAudit(dapr: Sidecar): Audit {
  const ask = async <Answer extends z.ZodType>(
    path: string,
    answer: Answer,
  ): Promise<z.infer<Answer>> => {
    try {
      const { status, body } = await dapr.invokeService(EVENT_SOURCE_APP, 'GET', path.slice(1));
      if (status === 200) return answer.parse(body);
      throw new Unavailable(`event-source answered ${status}`);
    } catch (error) {
      if (error instanceof SidecarError) throw new Unavailable(error.message);
      throw error;
    }
  };
  return {
    status: () => ask(AUDIT_PATHS.status, auditStatus),
    trialBalance: () => ask(AUDIT_PATHS.trialBalance, trialBalanceAnswer),
    alarms: (limit) => {
      const query = limit === undefined ? '' : `?limit=${limit}`;
      return ask(`${AUDIT_PATHS.alarms}${query}`, alarmsAnswer);
    },
  };
}

/** GET /v1/audit/…: what an auditor asks. */
export const auditAnswers = (audit: Audit) => ({
  status: (request: Request): Promise<AuditStatus> => {
    queryOf(noQuery, request);
    return audit.status();
  },
  trialBalance: (request: Request): Promise<TrialBalanceAnswer> => {
    queryOf(noQuery, request);
    return audit.trialBalance();
  },
  alarms: (request: Request): Promise<AlarmsAnswer> =>
    audit.alarms(queryOf(alarmsQuery, request).limit),
});
