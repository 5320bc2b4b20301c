import { ALARM_KINDS } from '../contracts/log/audit.ts';
import { createMetrics, type Metrics } from '../platform/http/metrics.ts';
import type { Alarms } from './alarms.ts';
import type { Appender } from './intake/appender.ts';
import type { AuditAnswers } from './audit/background.ts';
import type { Quarantine } from './quarantine.ts';

export interface Measured {
  readonly alarms: Alarms;
  readonly audit: Pick<AuditAnswers, 'status'>;
  /** None while the log is not believed. */
  readonly appender?: Pick<Appender, 'appended' | 'waiting'>;
  readonly quarantine?: Pick<Quarantine, 'count'>;
}

/** What is watched of the log and its audit. A rule on a series that is not there never fires. */
export function logMetrics({ alarms, audit, appender, quarantine }: Measured): Metrics {
  const metrics = createMetrics();
  const { gauge } = metrics;
  metrics.gauges('alarms', 'Alarms that are up; any but 0 is for a person.', 'kind', () => {
    const counts = alarms.counts();
    return new Map(ALARM_KINDS.map((kind) => [kind, counts.get(kind) ?? 0]));
  });
  const status = () => audit.status();
  const secondsOf = (at: string | null): number => (at === null ? 0 : Date.parse(at) / 1_000);
  gauge('audit_balanced', '1 while the books balance and nothing was found wrong.', () =>
    Number(status().verdict === 'balanced'),
  );
  gauge('audit_position', 'Position of the last audited event.', () => status().position);
  gauge('audit_events', 'Events that were audited since the start.', () => status().events);
  gauge('audit_time_seconds', 'When the audit reached the end of the log last; 0: never.', () =>
    secondsOf(status().at),
  );
  gauge('log_position', 'Position of the last event of the log.', () => status().head);
  if (appender !== undefined) {
    gauge('log_appended_events', 'Events appended since the start.', appender.appended);
    gauge('log_waiting_events', 'Events that wait for their append.', appender.waiting);
  }
  if (quarantine !== undefined) {
    const help = 'Streams of which nothing goes into the log any more.';
    gauge('quarantined_streams', help, quarantine.count);
  }
  return metrics;
}
