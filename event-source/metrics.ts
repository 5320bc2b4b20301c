import type { Express } from 'express';
import { Gauge, Registry } from 'prom-client';
import { ALARM_KINDS } from '../contracts/log/audit.ts';
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

/**
 * Serves what an operator's Prometheus watches, as numbers only, so it takes no token. Every kind
 * of alarm is there from the start: a rule on a series that does not exist never fires.
 */
export function metrics(app: Express, { alarms, audit, appender, quarantine }: Measured): void {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(value());
    };
    new Gauge({ name: `core_bank_${name}`, help, registers: [registry], collect });
  };
  new Gauge({
    name: 'core_bank_alarms',
    help: 'Alarms that are up; any but 0 is for a person.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      const counts = alarms.counts();
      for (const kind of ALARM_KINDS) this.set({ kind }, counts.get(kind) ?? 0);
    },
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
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
}
