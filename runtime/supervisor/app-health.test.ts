import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DaprApp } from '../programs/dapr-yaml.ts';
import { healthWords, neededPersonFor, shownHealthOf, waitReady } from './app-health.ts';

describe('what status tells of an app', () => {
  test.each([
    ['event-source', ['quarantined', 'alarms']],
    ['bank-account-actor', ['unsettled', 'outbox', 'waiting']],
    ['bank-account-actor-2', ['unsettled', 'outbox', 'waiting']],
    ['bank-account-actor-2-daprd', undefined],
    ['nats', undefined],
  ])('of %s: %j', (name, shown) => expect(shownHealthOf(name)).toEqual(shown));

  test.each<[what: string, body: unknown, shown: string]>([
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
  ])('given %s, the sentence says so', (_what, body, shown) => {
    expect(healthWords(body, ['quarantined', 'alarms'])).toBe(shown);
  });

  test('given an actor host, what waits is shown', () => {
    const checks = { journal: { unsettled: 0, active: 9 }, outbox: { unconfirmedEvents: 4 } };
    expect(healthWords({ status: 'ready', checks }, ['unsettled', 'outbox', 'waiting'])).toBe(
      'ready, unsettled 0, outbox unconfirmedEvents 4',
    );
  });
});

describe('what waiting does not heal', () => {
  const checks = { alarms: { ok: false, reason: 'rolled-back: it was cut', needsPerson: true } };
  test('is distinguished from what it heals', () => {
    expect(neededPersonFor({ status: 'not-ready', checks })).toBe('rolled-back: it was cut');
    const away = { log: { ok: false, reason: 'immudb is away' } };
    expect(neededPersonFor({ status: 'not-ready', checks: away })).toBeUndefined();
    expect(neededPersonFor(undefined)).toBeUndefined();
  });
  test('ends the wait long before its time, with a sentence that says what is wrong', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(503).end(JSON.stringify({ status: 'not-ready', checks }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const app = { name: 'event-source', appPort: (server.address() as AddressInfo).port };
    const began = Date.now();
    expect(await waitReady([app as DaprApp], 60_000, () => 'token')).toEqual([
      'NOT TO BE TRUSTED: event-source: rolled-back: it was cut (docs/audit.md: what to do)',
    ]);
    expect(Date.now() - began).toBeLessThan(30_000);
    server.close();
  }, 40_000);
});
