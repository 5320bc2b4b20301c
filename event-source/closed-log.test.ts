import request from 'supertest';
import { alarmsAnswer, auditStatus } from '../contracts/audit.ts';
import { trialBalanceAnswer } from '../contracts/trial-balance.ts';
import { createLogger } from '../platform/logger.ts';
import { alarmBook } from './alarms.ts';
import { closedLogApp } from './closed-log.ts';

const logger = createLogger('test', 'error');
logger.silent = true;
const DETAIL = 'The log was rolled back. It ends at transaction 64, but had 66 already.';

function closed() {
  const alarms = alarmBook(logger);
  alarms.raise('rolled-back', 'the log against its trusted state', DETAIL);
  return closedLogApp({ alarms, logger });
}

describe('given a log that is not believed', () => {
  test('then it is alive, not ready, and says why', async () => {
    expect((await request(closed()).get('/health/live')).status).toBe(200);
    const { status, body } = await request(closed()).get('/health/ready');
    expect([status, body.checks.alarms.ok]).toEqual([503, false]);
    expect(body.checks.alarms.reason).toContain(`rolled-back: ${DETAIL}`);
  });

  test('then the audit answers that nothing was checked, with the alarm', async () => {
    const status = auditStatus.parse((await request(closed()).get('/audit/status')).body);
    expect(status).toMatchObject({ verdict: 'nothing-checked', phase: 'waiting', alarms: 1 });
    expect(status.says).toContain(DETAIL);
    const balance = (await request(closed()).get('/audit/trial-balance')).body as unknown;
    expect(trialBalanceAnswer.parse(balance).balanced).toBe(false);
    const alarms = alarmsAnswer.parse((await request(closed()).get('/audit/alarms')).body);
    expect(alarms).toMatchObject({ count: 1, items: [{ kind: 'rolled-back', detail: DETAIL }] });
  });

  test('then the metrics count the alarm', async () => {
    const { text } = await request(closed()).get('/metrics').expect(200);
    expect(text).toContain('core_bank_alarms{kind="rolled-back"} 1');
    expect(text).toContain('core_bank_audit_balanced 0');
  });

  test('then nothing of it is shown, and deliveries are not taken', async () => {
    const past = '/audit/trial-balance?position=131072';
    for (const path of ['/log/events', '/log/state', '/log/streams/acct/x/export', past]) {
      const { status, body } = await request(closed()).get(path);
      expect([path, status, body.code]).toEqual([path, 503, 'service-unavailable']);
    }
    const subscribed = (await request(closed()).get('/dapr/subscribe')).body as object[];
    expect(subscribed).toMatchObject([{ topic: 'account-events' }]);
    const delivered = await request(closed()).post('/events/account-events').send({ data: [] });
    expect(delivered.body).toEqual({ status: 'RETRY' });
  });
});
