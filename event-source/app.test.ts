import request from 'supertest';
import type { BankEvent } from '../contracts/log/bank-events.ts';
import {
  ALARM_KINDS,
  alarmsAnswer,
  auditStatus,
  trialBalanceAnswer,
} from '../contracts/log/audit.ts';
import {
  digestsAnswer,
  latestVersionsAnswer,
  logPage,
  readAnswer,
  streamPage,
} from '../contracts/log/entries.ts';
import { createSigner } from '../platform/signatures.ts';
import { isTestSigned, newKeys } from '../platform/signer-for-tests.ts';
import { createLogger } from '../platform/logger.ts';
import { alarmBook, type Alarms } from './alarms.ts';
import { eventSourceApp, closedLogApp } from './app.ts';
import { appender } from './intake/appender.ts';
import { LogUnavailable, TamperError, type EventLog } from './log/event-log.ts';
import { createAuditBooks } from './audit/books.ts';
import type { AuditAnswers } from './audit/background.ts';
import { digestOf, eventOf, eventsOf, newAccount, refusalsLike } from './log/events-for-tests.ts';
import { memoryLog } from './log/memory-log.ts';
import { messageOf } from './log/signed-events-for-tests.ts';
import { memoryQuarantine, openQuarantine, type Quarantine } from './quarantine.ts';

const logger = createLogger('test', 'error');
logger.silent = true;
const appToken = 'a-token-of-the-sidecar';

let log: EventLog;
let alarms: Alarms;
let quarantine: Quarantine;
let kept: string[];
const published = { published: 0, position: 0, head: 0, lagMs: 0 };
const books = { ...createAuditBooks().books(), position: 65_536, events: 1 };
const audit: AuditAnswers = {
  status: () => ({
    verdict: 'nothing-checked',
    says: 'Nothing was checked yet.',
    phase: 'following',
    position: 65_536,
    transaction: 1,
    root: books.root,
    at: null,
    events: 1,
    accounts: 0,
    head: 65_536,
    alarms: alarms.count(),
    readSideCompared: 0,
    journalCompared: { at: null, reason: 'the audit is starting' },
    checkpoint: null,
  }),
  trialBalance: async (position = 65_536) => ({
    position,
    transaction: 1,
    at: null,
    balanced: false,
    verdict: books.verdict,
    events: 1,
    accounts: 0,
    openTransfers: 0,
    currencies: [],
  }),
};
let waiting: { waiting?: string } = {};
const noAccess = {
  take: () => Promise.resolve(),
  find: () => Promise.resolve({ items: [], next: 0, seal: null }),
};
const app = (used = log) =>
  eventSourceApp({
    log: used,
    alarms,
    quarantine,
    logger,
    integration: { status: () => ({ ...published, ...waiting }) },
    audit,
    access: noAccess,
    appToken,
    isSigned: isTestSigned,
    appender: appender({ log: used, quarantine, alarms, logger, feed: { offer: () => {} } }),
  });
const get = (path: string, used = log) =>
  request(app(used)).get(path).set('dapr-api-token', appToken);
const post = (path: string, body: string | object, used = log) =>
  request(app(used))
    .post(path)
    .set('dapr-api-token', appToken)
    .set('content-type', 'application/json')
    .send(body);
const envelope = (data: unknown) => ({
  id: 'message-1',
  specversion: '1.0',
  type: 'com.dapr.event.sent',
  datacontenttype: 'text/plain',
  data: JSON.stringify(data),
});
const cloudEvent = (events: readonly unknown[]) => envelope(messageOf(events as BankEvent[]));
const deliver = async (body: string | object, used = log): Promise<string> =>
  (await post('/events/account-events', body, used).expect(200)).body.status;

beforeEach(async () => {
  kept = [];
  quarantine = await openQuarantine(memoryQuarantine(kept));
  log = memoryLog();
  alarms = alarmBook(logger);
});

test.each(['/health/ready', '/healthz', '/metrics', '/log/events'])(
  'given a page whose name points to loopback, %s tells it nothing',
  async (path) => {
    await request(app()).get(path).set('Host', 'attacker.example:3003').expect(421);
  },
);

describe('metrics', () => {
  const numbers = async (): Promise<Map<string, number>> => {
    const { text } = await request(app()).get('/metrics').expect(200);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
  };

  test('given no alarm, then each kind of alarm is there with 0', async () => {
    const found = await numbers();
    for (const kind of ALARM_KINDS) expect(found.get(`core_bank_alarms{kind="${kind}"}`)).toBe(0);
    expect(found.get('core_bank_audit_position')).toBe(65_536);
    expect(found.get('core_bank_audit_balanced')).toBe(0);
    expect(found.get('core_bank_audit_time_seconds')).toBe(0);
  });

  test('given alarms, then they are counted by kind until they are over', async () => {
    alarms.raise('tampered', 'one', 'x');
    alarms.raise('tampered', 'two', 'x');
    alarms.raise('tampered', 'two', 'x');
    expect((await numbers()).get('core_bank_alarms{kind="tampered"}')).toBe(2);
    alarms.lower('tampered', 'one');
    expect((await numbers()).get('core_bank_alarms{kind="tampered"}')).toBe(1);
  });
});

describe('deliveries', () => {
  test('given the sidecar asks, then it hears of one subscription', async () => {
    const { body } = await get('/dapr/subscribe').expect(200);
    expect(body).toEqual([
      { pubsubname: 'bank-pubsub', topic: 'account-events', route: '/events/account-events' },
    ]);
  });

  test('given no token, then nobody gets in', async () => {
    await request(app()).post('/events/account-events').send({}).expect(401);
    await request(app()).get('/log/events').expect(401);
  });

  test('given events, when the broker delivers them, then they are in the log', async () => {
    const id = newAccount();
    expect(await deliver(cloudEvent(eventsOf(id, 1, 3)))).toBe('SUCCESS');
    expect(await log.latestVersions([id])).toEqual([3]);
  });

  test('given an event before the one that it follows, then it is held', async () => {
    const id = newAccount();
    expect(await deliver(cloudEvent([eventOf(id, 5)]))).toBe('SUCCESS');
    expect(await log.latestVersions([id])).toEqual([0]);
  });

  test('given the record of a refusal, then it is in the log like any other event', async () => {
    const id = refusalsLike(newAccount());
    const own = { commandId: 'refusal 00000000-0000-8000-8000-000000000001' };
    expect(await deliver(cloudEvent([eventOf(id, 1, own)]))).toBe('SUCCESS');
    expect([await log.latestVersions([id]), alarms.list()]).toEqual([[1], []]);
    const page = await get(`/log/streams/${id}/events`).expect(200);
    expect(page.body).toMatchObject({ headVersion: 1, entries: [{ event: { stream: id } }] });
  });

  test('given a log that is away, then the broker keeps the message', async () => {
    const append = () => Promise.reject(new LogUnavailable('away'));
    expect(await deliver(cloudEvent([eventOf(newAccount(), 1)]), { ...log, append })).toBe('RETRY');
  });

  const poison: [string | object, string][] = [
    ['', 'not JSON'],
    ['{"data":', 'not JSON'],
    [[], 'an array'],
    [{ id: '1' }, 'no data'],
    [{ id: '1', data: messageOf([eventOf(newAccount(), 1)]) }, 'an object'],
    [{ id: '1', data: '{' }, 'a text that is no JSON'],
    [cloudEvent([]), 'no events'],
    [envelope({ events: 'x' }), 'a text'],
    [envelope({ events: Array(501).fill({}) }), 'too many'],
  ];
  test.each(poison)('given %j (%s), then it is taken with an alarm', async (message) => {
    expect(await deliver(message)).toBe('SUCCESS');
    expect(alarms.list()).toMatchObject([{ kind: 'poison' }]);
  });

  const valid = () => eventOf(newAccount(), 1);
  const nobody = `acct/${'-'.repeat(36)}`;
  const broken: [string, (event: BankEvent) => unknown][] = [
    ['another id', (event) => ({ ...event, id: 'acct/x/1' })],
    ['no account', (event) => ({ ...event, id: `${nobody}/1`, stream: nobody })],
    ['a long command id', (event) => ({ ...event, commandId: 'x'.repeat(129) })],
    ['an empty command id', (event) => ({ ...event, commandId: '' })],
    ['a blank in the command id', (event) => ({ ...event, commandId: 'a b' })],
    ['an unknown member', (event) => ({ ...event, extra: 1 })],
    ['an unknown type', (event) => ({ ...event, type: 'money-burnt' })],
    ['a number as amount', (event) => ({ ...event, data: { ...event.data, overdraftLimit: 0 } })],
    ['version 0', (event) => ({ ...event, version: 0 })],
    ['a predecessor at version 1', (event) => ({ ...event, prev: 'x'.repeat(43) })],
    ['no predecessor', (event) => ({ ...event, id: `${event.stream}/2`, version: 2 })],
    ['too many companions', (event) => ({ ...event, joint: { id: event.id, events: 501 } })],
    ['no object', () => null],
  ];
  test.each(broken)('given an event with %s, then only it stays out', async (_what, damage) => {
    const fine = valid();
    expect(await deliver(cloudEvent([damage(valid()), fine]))).toBe('SUCCESS');
    expect(alarms.list()).toMatchObject([{ kind: 'poison' }]);
    expect(kept).toHaveLength(1);
    const entries = await log.readAfter(0, 10);
    expect(entries.map(({ json }) => JSON.parse(json.toString()))).toEqual([fine]);
  });
});

// Review, finding 1: an invented deposit was in the log, PROVEN, and the true one a fork.
describe('given a message that no actor host signed', () => {
  const stranger = createSigner(newKeys().privateKey);
  const id = newAccount();
  const [mine, next] = eventsOf(id, 1, 2) as [BankEvent, BankEvent];
  const right = messageOf([mine]);
  const cases: [what: string, data: object][] = [
    ['no signature', { events: [mine] }],
    ['an empty one', { ...right, signatures: [''] }],
    ['the signature of a stranger', messageOf([mine], stranger)],
    ['that under the name of a host', { ...messageOf([mine], stranger), signer: right.signer }],
    ['the signature of other events', { ...right, signatures: messageOf([next]).signatures }],
    ['one event more', { ...right, events: [mine, next] }],
    ['another amount', { ...right, events: [{ ...mine, data: { ...mine.data, amount: '9' } }] }],
  ];
  test.each(cases)('with %s, then it stays out, and stops no stream', async (_what, data) => {
    expect(await deliver(envelope(data))).toBe('SUCCESS');
    expect(alarms.list()).toMatchObject([{ kind: 'poison', detail: 'no actor host signed it' }]);
    expect([await log.latestVersions([id]), quarantine.count()]).toEqual([[0], 0]);
    expect(await deliver(envelope(right))).toBe('SUCCESS');
    expect(await log.latestVersions([id])).toEqual([1]);
  });

  test('then the other signatures of the message count', async () => {
    const events = eventsOf(id, 1, 130);
    const { signatures, ...message } = messageOf(events);
    expect(signatures).toHaveLength(3);
    await deliver(envelope({ ...message, signatures: [...signatures.slice(0, 2), ''] }));
    expect([await log.latestVersions([id]), alarms.count()]).toEqual([[128], 1]);
  });

  test('and one that was signed and comes again, then it is there once', async () => {
    await deliver(envelope(right));
    expect(await deliver(envelope(right))).toBe('SUCCESS');
    expect([await log.latestVersions([id]), alarms.count()]).toEqual([[1], 0]);
  });
});

test('given free text in what is refused, then only the quarantine has it', async () => {
  const id = newAccount();
  await deliver(cloudEvent([eventOf(id, 1)]));
  const remarks = { amount: '7.00', description: 'alimony for Petr Novak' };
  const broken = { ...eventOf(id, 1, remarks), extra: 1 };
  const { data } = eventOf(id, 1, remarks);
  const metadata = { ...eventOf(id, 1), data: { ...data, metadata: { 'Petr Novak': 7 } } };
  const delivered = [eventOf(id, 1, remarks), broken, metadata];
  expect(await deliver(cloudEvent(delivered))).toBe('SUCCESS');
  expect(await deliver('{"data": "Petr Novak"')).toBe('SUCCESS');
  const { text } = await get('/health/ready');
  const { body } = await get('/audit/alarms').expect(200);
  expect(body.items.map(({ kind }: { kind: string }) => kind)).toEqual([
    'poison',
    'poison',
    'fork',
    'poison',
  ]);
  expect(text + JSON.stringify(body)).not.toContain('Novak');
  expect(kept.filter((line) => line.includes('Novak'))).toHaveLength(4);
  expect(JSON.parse(text).checks.log).toMatchObject({ quarantined: 1 });
  const metrics = await request(app()).get('/metrics').expect(200);
  expect(metrics.text).toContain('core_bank_quarantined_streams 1');
});

describe('questions', () => {
  const id = newAccount();
  const events = eventsOf(id, 1, 5);
  beforeEach(() => log.append(events));

  test('given entries, then pages of them are what the contract says', async () => {
    const first = logPage.parse((await get('/log/events?limit=2').expect(200)).body);
    expect(first.head).toBe(log.head());
    const after = first.entries.at(-1)!.position;
    const rest = logPage.parse((await get(`/log/events?after=${after}`).expect(200)).body);
    expect([...first.entries, ...rest.entries].map(({ event }) => event)).toEqual(events);
    const end = await get(`/log/events?after=${log.head()}`).expect(200);
    expect(end.body).toEqual({ entries: [], head: log.head() });
  });

  test('given an account, then its stream is answered with its latest version', async () => {
    const path = `/log/streams/${id}/events?fromVersion=4`;
    const page = streamPage.parse((await get(path).expect(200)).body);
    expect(page.entries.map(({ event }) => event)).toEqual(events.slice(3));
    expect(page.headVersion).toBe(5);
    const none = await get(`/log/streams/${newAccount()}/events`).expect(200);
    expect(none.body).toEqual({ entries: [], headVersion: 0 });
  });

  test('given a time, then the last event until then is answered', async () => {
    const time = Date.parse(events[4]!.at);
    const last = await get(`/log/streams/${id}/until?time=${time}`).expect(200);
    expect(streamPage.parse(last.body).entries.map(({ event }) => event)).toEqual([events[4]]);
    const none = await get(`/log/streams/${id}/until?time=${time - 1}`).expect(200);
    expect(none.body).toEqual({ entries: [], headVersion: 5 });
  });

  test('given accounts, then their latest versions are answered in order', async () => {
    const streams = [newAccount(), id];
    const latestVersions = await post('/log/heads', { streams }).expect(200);
    expect(latestVersionsAnswer.parse(latestVersions.body).versions).toEqual([0, 5]);
  });

  test('given places in streams, then digests and events are answered in order', async () => {
    const other = newAccount();
    await quarantine.add([{ stream: other, reason: 'a fork', content: '{}' }]);
    const places = [
      { stream: id, version: 2 },
      { stream: id, version: 6 },
      { stream: other, version: 1 },
      { stream: id, version: 5 },
    ];
    const told = await post('/log/digests', { events: places }).expect(200);
    expect(digestsAnswer.parse(told.body)).toEqual({
      digests: [digestOf(events[1]!), null, null, digestOf(events[4]!)],
      quarantined: [{ stream: other, reason: 'a fork' }],
    });
    const found = await post('/log/read', { events: places }).expect(200);
    expect(readAnswer.parse(found.body).found).toEqual([events[1], null, null, events[4]]);
    await post('/log/digests', { events: [] }).expect(400);
    await post('/log/read', { events: Array(201).fill(places[0]) }).expect(400);
  });

  test('given another event in the place of one, then its digest tells', async () => {
    // Defect F2: the host asks after a restart before it publishes, and must not hear "there".
    const mine = eventOf(id, 5, { amount: '7.00' });
    const place = { stream: id, version: 5 };
    const told = await post('/log/digests', { events: [place] }).expect(200);
    expect(told.body.digests).not.toContain(digestOf(mine));
    expect(told.body.quarantined).toEqual([]);
    // It publishes its own event all the same, which is what raises the alarm.
    await deliver(cloudEvent([mine]));
    const again = await post('/log/digests', { events: [place] }).expect(200);
    expect(again.body.quarantined).toMatchObject([{ stream: id }]);
    expect(alarms.list()).toMatchObject([{ kind: 'fork', subject: id }]);
  });

  test('given events that are too large for one answer, then it ends early', async () => {
    const large = newAccount();
    const event = eventOf(large, 1, { amount: '1.00', description: 'x'.repeat(1_500_000) });
    await log.append([event]);
    const place = { stream: large, version: 1 };
    const { body } = await post('/log/read', { events: [place, place] }).expect(200);
    expect(body.found).toEqual([event]);
  });

  test.each([
    '/log/events?after=-1',
    '/log/events?after=x',
    '/log/events?limit=0',
    '/log/events?limit=1001',
    '/log/events?after=1.5',
    '/log/events?before=1',
    '/log/streams/acct/ABC/events',
    `/log/streams/${id}/events?fromVersion=0`,
    `/log/streams/${id}/until`,
    `/log/streams/${id}/until?time=-1`,
    `/log/streams/${id}/until?time=2026-11-21`,
  ])('given the question %s, then it is refused', async (path) => {
    const { body } = await get(path).expect(400);
    expect(body.code).toBe('invalid-request');
  });

  test('given a log that cannot answer, then the answer is 503 and says why', async () => {
    const latestVersions = () => Promise.reject(new LogUnavailable('no immudb'));
    const readStream = () => Promise.reject(new TamperError('acct/x/1', 'is missing'));
    const broken = { ...log, latestVersions, readStream };
    const away = await post('/log/heads', { streams: [id] }, broken).expect(503);
    expect(away.headers['retry-after']).toBe('1');
    const { body } = await get(`/log/streams/${id}/events`, broken).expect(503);
    expect(body.detail).toBe('acct/x/1 is missing');
  });

  test('given a public stream that is away, then the service says so', async () => {
    const { body: fine } = await get('/health/ready').expect(200);
    expect(fine.checks.integration).toEqual({ ok: true, ...published });
    waiting = { waiting: 'no broker' };
    const { body } = await get('/health/ready').expect(503);
    expect(body.checks.integration).toEqual({ ok: false, reason: 'integration events: no broker' });
    waiting = {};
  });

  test('given an audit, then it is answered as the contract says, with all alarms', async () => {
    for (const subject of ['a', 'b', 'c']) alarms.raise('imbalance', subject, 'is wrong');
    const { body } = await get('/audit/status').expect(200);
    expect(auditStatus.parse(body)).toMatchObject({ position: 65_536, alarms: 3 });
    trialBalanceAnswer.parse((await get('/audit/trial-balance').expect(200)).body);
    const past = await get('/audit/trial-balance?position=131072').expect(200);
    expect(trialBalanceAnswer.parse(past.body).position).toBe(131_072);
    await get('/audit/trial-balance?position=0').expect(400);
    const told = alarmsAnswer.parse((await get('/audit/alarms?limit=2').expect(200)).body);
    expect(told.count).toBe(3);
    expect(told.items.map(({ subject }) => subject)).toEqual(['a', 'b']);
    await get('/audit/alarms?limit=101').expect(400);
    await get('/health/ready').expect(503);
  });

  test('given an alarm of tampering, then the service is not ready and names the key', async () => {
    await get('/health/ready').expect(200);
    alarms.raise('poison', 'm', 'x');
    await get('/health/ready').expect(200);
    alarms.raise('tampered', 'acct/x/1', 'acct/x/1 is missing');
    const { body } = await get('/health/ready').expect(503);
    const reason = 'tampered: acct/x/1 is missing';
    expect(body.checks.alarms).toEqual({ ok: false, reason, needsPerson: true });
  });
});

const DETAIL = 'The log was rolled back. It ends at transaction 64, but had 66 already.';

function closed() {
  const alarms = alarmBook(logger);
  alarms.raise('rolled-back', 'the log against its trusted state', DETAIL);
  return closedLogApp({ alarms, access: noAccess, logger });
}

describe('given a log that is not believed', () => {
  test('then it is alive, not ready, and says why', async () => {
    expect((await request(closed()).get('/health/live')).status).toBe(200);
    const { status, body } = await request(closed()).get('/health/ready');
    expect(status).toBe(503);
    expect(body.checks.alarms).toMatchObject({ ok: false, needsPerson: true });
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
