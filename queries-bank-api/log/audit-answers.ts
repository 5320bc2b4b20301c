import type { Request } from 'express';
import type { z } from 'zod';
import {
  alarmsAnswer,
  alarmsQuery,
  AUDIT_PATHS,
  auditStatus,
  type AlarmsAnswer,
  type AuditStatus,
  trialBalanceAnswer,
  trialBalanceQuery,
  type TrialBalanceAnswer,
} from '../../contracts/log/audit.ts';
import { EVENT_SOURCE_APP } from '../../contracts/log/entries.ts';
import { problemSchema, type ProblemCode } from '../../contracts/http/problems.ts';
import { SidecarError, type Sidecar } from '../../platform/dapr.ts';
import { Failure } from '../../platform/http.ts';
import { Unavailable } from '../read-models/read-models.ts';
import { noQuery } from '../../contracts/http/parameters.ts';
import { queryOf } from '../../platform/requests.ts';
import { RETRY_AFTER } from '../read-your-writes.ts';

/** What the auditor reports; each call rejects with Unavailable while event-source is away. */
export interface Audit {
  status(): Promise<AuditStatus>;
  /** At a past position if one is given; rejects with a Failure where there is none. */
  trialBalance(position: number | undefined): Promise<TrialBalanceAnswer>;
  alarms(limit: number | undefined): Promise<AlarmsAnswer>;
}

/** Calls event-source, which runs the audit. */
export function eventSourceAudit(dapr: Sidecar): Audit {
  const ask = async <Answer extends z.ZodType>(
    path: string,
    answer: Answer,
  ): Promise<z.infer<Answer>> => {
    try {
      const { status, body } = await dapr.invokeService(EVENT_SOURCE_APP, 'GET', path.slice(1));
      if (status === 200) return answer.parse(body);
      throw refusalOf(body) ?? new Unavailable(`event-source answered ${status}`);
    } catch (error) {
      if (error instanceof SidecarError) throw new Unavailable(error.message);
      throw error;
    }
  };
  return {
    status: () => ask(AUDIT_PATHS.status, auditStatus),
    trialBalance: (position) => {
      const query = position === undefined ? '' : `?position=${position}`;
      return ask(`${AUDIT_PATHS.trialBalance}${query}`, trialBalanceAnswer);
    },
    alarms: (limit) => {
      const query = limit === undefined ? '' : `?limit=${limit}`;
      return ask(`${AUDIT_PATHS.alarms}${query}`, alarmsAnswer);
    },
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
