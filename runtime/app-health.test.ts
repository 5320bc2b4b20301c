import { healthWords, toldOf } from './app-health.ts';

describe('what status tells of an app', () => {
  test.each([
    ['event-source', ['quarantined', 'alarms']],
    ['bank-account-actor', ['unsettled', 'outbox', 'waiting']],
    ['bank-account-actor-2', ['unsettled', 'outbox', 'waiting']],
    ['bank-account-actor-2-daprd', undefined],
    ['nats', undefined],
  ])('of %s: %j', (name, told) => expect(toldOf(name)).toEqual(told));

  test.each<[what: string, body: unknown, told: string]>([
    [
      'numbers',
      { status: 'ready', checks: { log: { ok: true, head: 7, quarantined: 2 } } },
      'ready, quarantined 2',
    ],
    [
      'a list and alarms',
      { status: 'ready', checks: { quarantined: [{}, {}, {}], alarms: { count: 1, first: [{}] } } },
      'ready, quarantined 3, alarms 1',
    ],
    [
      'a reason',
      { status: 'not-ready', checks: { log: { ok: false, reason: 'immudb is away' } } },
      'not-ready, immudb is away',
    ],
    ['nothing of it', { status: 'ready', checks: { log: null } }, 'ready'],
    ['no health', 'what', 'unknown'],
    ['no answer', undefined, 'unknown'],
  ])('given %s, the sentence says so', (_what, body, told) => {
    expect(healthWords(body, ['quarantined', 'alarms'])).toBe(told);
  });

  test('given an actor host, what waits is told', () => {
    const checks = { journal: { unsettled: 0, active: 9 }, outbox: { unconfirmedEvents: 4 } };
    expect(healthWords({ status: 'ready', checks }, ['unsettled', 'outbox', 'waiting'])).toBe(
      'ready, unsettled 0, outbox unconfirmedEvents 4',
    );
  });
});
