import type { Request } from 'express';
import {
  alarmsQuery,
  AUDIT_CALLS,
  type AlarmsAnswer,
  type AuditStatus,
  trialBalanceQuery,
  type TrialBalanceAnswer,
} from '../../contracts/log/audit.ts';
import { problemSchema, type ProblemCode } from '../../contracts/http/problems.ts';
import { Failure } from '../../platform/http/http.ts';
import { noQuery } from '../../contracts/http/parameters.ts';
import { queryOf } from '../../platform/http/requests.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import { askServices } from '../other-services.ts';
import { RETRY_AFTER } from '../read-your-writes.ts';

/** What the auditor reports; each call rejects with Unavailable while event-source is away. */
export interface Audit {
  status(): Promise<AuditStatus>;
  /** At a past position if one is given; rejects with a Failure where there is none. */
  trialBalance(position: number | undefined): Promise<TrialBalanceAnswer>;
  alarms(limit: number | undefined): Promise<AlarmsAnswer>;
}

/** Asks event-source, where the auditor is. */
export function eventSourceAudit(dapr: ServiceInvoker): Audit {
  const ask = askServices(dapr, refusalOf);
  return {
    status: () => ask(AUDIT_CALLS.status, {}),
    trialBalance: (position) => ask(AUDIT_CALLS.trialBalance, { position }),
    alarms: (limit) => ask(AUDIT_CALLS.alarms, { limit }),
  };
}

const REFUSALS: Readonly<Record<string, readonly [ProblemCode, Readonly<Record<string, string>>]>> =
  {
    'position-not-found': ['position-not-found', {}],
    'position-not-audited': ['position-not-audited', RETRY_AFTER],
  };

/** What event-source refuses is handed on as it is. */
function refusalOf(body: unknown): Failure | undefined {
  const read = problemSchema.safeParse(body);
  const known = read.success ? REFUSALS[read.data.code] : undefined;
  if (!read.success || known === undefined) return undefined;
  const [code, headers] = known;
  const { detail, auditedPosition } = read.data;
  const more = auditedPosition === undefined ? {} : { auditedPosition };
  return new Failure(code, { detail, more }, headers);
}

/** GET /v1/audit/...: what auditors ask. */
export const auditAnswers = (audit: Audit) => ({
  readAuditStatus: (request: Request): Promise<AuditStatus> => {
    queryOf(noQuery, request);
    return audit.status();
  },
  readTrialBalance: (request: Request): Promise<TrialBalanceAnswer> =>
    audit.trialBalance(queryOf(trialBalanceQuery, request).position),
  listAlarms: (request: Request): Promise<AlarmsAnswer> =>
    audit.alarms(queryOf(alarmsQuery, request).limit),
});
