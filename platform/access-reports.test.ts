import fc from 'fast-check';
import {
  ACCESS_CALLS,
  ACCESS_OBJECTS_MAX,
  type AccessObservation,
  type AccessReport,
} from '../contracts/access/access-records.ts';
import { SidecarError } from './dapr.ts';
import { accessReports, type SeenAccess } from './access-reports.ts';
import { principalFor } from './http/gate-for-tests.ts';
import { silentLogger as logger } from './silent-logger-for-tests.ts';

const ID = (at: number): string => `00000000-0000-8000-8000-${String(at).padStart(12, '0')}`;
const by = (subject: string) => ({ ...principalFor('teller'), subject });
const MINUTE = 60_000;
/** What is only counted has come by then. */
const REST = 5 * MINUTE;

/** A sender on a clock that a test moves, and a receiver that a test takes away. */
function house() {
  const time = { ms: Date.parse('2026-11-27T12:00:00.000Z') };
  const receiver = { away: false, hangs: false, refuses: '' };
  const reports: AccessReport[] = [];
  const tried: AccessReport[] = [];
  const { record, report, end } = accessReports({
    logger,
    now: () => time.ms,
    async send(sent) {
      tried.push(ACCESS_CALLS.record.input.parse(sent));
      if (receiver.hangs) await new Promise(() => undefined);
      if (receiver.away) throw new Error('away');
      const isRefused = sent.observations.some(({ operation }) => operation === receiver.refuses);
      if (isRefused) throw new SidecarError('event-source answered 400', 400);
      reports.push(sent);
    },
  });
  const pass = (ms: number): Promise<void> => {
    time.ms += ms;
    return report();
  };
  const got = (): AccessObservation[] => reports.flatMap(({ observations }) => observations);
  const counted = (): number => got().reduce((sum, { count }) => sum + count, 0);
  return { record, report, end, pass, got, counted, reports, tried, receiver, time };
}
const forbidden = (subject: string, more: Partial<SeenAccess> = {}): SeenAccess => ({
  outcome: 'forbidden',
  operation: 'freeze',
  principal: by(subject),
  ...more,
});
const stranger: SeenAccess = {
  outcome: 'unauthenticated',
  reason: 'no-token',
  operation: 'freeze',
};

test('given like accesses within seconds, they are one record with a count', async () => {
  const { record, pass, got, time } = house();
  for (const at of [1, 2, 1]) {
    record(forbidden('eve', { objects: [ID(at)] }));
    time.ms += 100;
  }
  record(forbidden('bob'));
  await pass(2_000);
  expect(got()).toEqual([
    {
      outcome: 'forbidden',
      operation: 'freeze',
      subject: 'eve',
      client: 'tests',
      roles: ['teller'],
      objects: [ID(1), ID(2)],
      count: 3,
      first: '2026-11-27T12:00:00.000Z',
      last: '2026-11-27T12:00:00.200Z',
    },
    expect.objectContaining({ subject: 'bob', objects: [], count: 1 }),
  ]);
});

test('what differs in more than its object is a record of its own', async () => {
  const { record, pass, got } = house();
  record(forbidden('eve'));
  record(forbidden('eve', { operation: 'unfreeze' }));
  record(forbidden('eve', { outcome: 'not-found' }));
  record(forbidden('eve', { principal: { ...by('eve'), client: 'other' } }));
  record(forbidden('eve', { principal: { ...by('eve'), roles: ['auditor'] } }));
  record(stranger);
  record({ ...stranger, reason: 'expired' });
  await pass(2_000);
  expect(got()).toHaveLength(7);
});

test('of more objects than a record may have, none is left out', async () => {
  const { record, pass, got } = house();
  const read = { outcome: 'read', operation: 'listPersons', principal: by('clerk') } as const;
  for (let page = 0; page < 5; page += 1) {
    record({ ...read, objects: Array.from({ length: 100 }, (_one, at) => ID(page * 100 + at)) });
  }
  await pass(2_000);
  expect(new Set(got().flatMap(({ objects }) => objects)).size).toBe(500);
  for (const { objects } of got()) expect(objects.length).toBeLessThanOrEqual(ACCESS_OBJECTS_MAX);
});

test('given a receiver that is away, everything waits, and comes once, in order', async () => {
  const { record, pass, got, receiver, tried, reports } = house();
  receiver.away = true;
  record(forbidden('eve'));
  await pass(2_000);
  record(forbidden('bob'));
  await pass(2_000);
  expect(got()).toEqual([]);
  receiver.away = false;
  await pass(2_000);
  expect(got().map(({ subject }) => subject)).toEqual(['eve', 'bob']);
  // The same report again and again, so that the receiver can tell a repetition.
  const numbers = tried.map(({ number, observations }) => `${number} ${observations.length}`);
  expect([...new Set(numbers)]).toEqual(['1 1', '2 1']);
  expect(reports.map(({ number }) => number)).toEqual([1, 2]);
});

test('given a flood without tokens, few records count every request', async () => {
  const { record, pass, got, counted } = house();
  for (let at = 0; at < 10_000; at += 1) {
    const operation = `operation-${'abcdefghijklmnopqrst'[at % 20]!.repeat(1 + (at % 7))}`;
    record({ outcome: 'unauthenticated', reason: at % 2 ? 'expired' : 'signature', operation });
  }
  await pass(REST);
  expect(got().length).toBeLessThan(40);
  expect(counted()).toBe(10_000);
  expect(got().some(({ operation }) => operation === undefined)).toBe(true);
});

test('given a neighbour who floods, another one is recorded whole', async () => {
  const { record, pass, got, counted } = house();
  for (let at = 0; at < 50_000; at += 1) record(forbidden('eve', { objects: [ID(at)] }));
  for (let at = 0; at < 20; at += 1) record(forbidden('bob', { objects: [ID(at)] }));
  await pass(REST);
  const bobs = got().filter(({ subject }) => subject === 'bob');
  expect(bobs.flatMap(({ objects }) => objects)).toHaveLength(20);
  expect(counted()).toBe(50_020);
  const size = JSON.stringify(got().filter(({ subject }) => subject === 'eve')).length;
  expect(size).toBeLessThan(64 * 1024);
  // And they may name things again later.
  await pass(10 * MINUTE);
  record(forbidden('eve', { objects: [ID(7)] }));
  await pass(REST);
  expect(got().at(-1)).toMatchObject({ subject: 'eve', objects: [ID(7)] });
});

test('given more than may wait, how many were not recorded is recorded', async () => {
  const { record, pass, got, counted, receiver } = house();
  receiver.away = true;
  for (let at = 0; at < 20_000; at += 1) record(forbidden(`subject-${at}`));
  await pass(REST);
  receiver.away = false;
  await pass(REST);
  await pass(REST);
  const [lost, ...more] = got().filter(({ outcome }) => outcome === 'not-recorded');
  expect(more).toEqual([]);
  expect(lost!.count).toBeGreaterThan(1_000);
  expect(lost).not.toHaveProperty('subject');
  expect(counted()).toBe(20_000);
});

test('given any accesses in any order of failures, their count is what was sent', async () => {
  const who = fc.constantFrom('', 'ada', 'bob');
  const step = fc.oneof(
    fc.record({ who, objects: fc.array(fc.nat(300), { maxLength: 100 }), read: fc.boolean() }),
    fc.record({ pass: fc.nat(90_000), away: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { record, pass, counted, receiver, end } = house();
      let sent = 0;
      for (const one of steps) {
        if ('pass' in one) {
          receiver.away = one.away;
          await pass(one.pass);
          continue;
        }
        sent += 1;
        const objects = [...new Set(one.objects)].map(ID);
        if (one.who === '') record(stranger);
        else if (one.read) record({ outcome: 'read', principal: by(one.who), objects });
        else record(forbidden(one.who, { objects }));
      }
      receiver.away = false;
      await pass(REST);
      await end();
      expect(counted()).toBe(sent);
    }),
    { numRuns: 100 },
  );
});

test('given the end, what waits is sent, and a receiver that hangs keeps nobody', async () => {
  const { record, end, got } = house();
  record(stranger);
  await end();
  expect(got()).toHaveLength(1);
  const other = house();
  other.receiver.hangs = true;
  other.record(stranger);
  const began = performance.now();
  await other.end();
  expect(performance.now() - began).toBeLessThan(4_000);
});

test('a record that is refused for what it is stops no other one, and is counted', async () => {
  const { record, pass, got, receiver, tried } = house();
  receiver.refuses = 'poison';
  for (let at = 0; at < 20; at += 1) record(forbidden(`eve-${at}`));
  for (const subject of ['eve', 'eve', 'bob']) {
    record(forbidden(subject, { operation: 'poison', objects: [ID(1)] }));
  }
  for (let at = 20; at < 40; at += 1) record(forbidden(`eve-${at}`));
  await pass(2_000);
  expect(got().map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(Array.from({ length: 40 }, (_one, at) => `eve-${at}`)),
  );
  expect(got()).toHaveLength(40);
  const sent = tried.length;
  await pass(REST);
  const when = '2026-11-27T12:00:00.000Z';
  expect(got().slice(40)).toMatchObject([
    { outcome: 'not-recorded', count: 3, first: when, last: when },
  ]);
  // It is not tried again.
  expect(tried.length - sent).toBe(1);
  expect(tried.length).toBeLessThan(30);
});

test('given a receiver that is away between the parts, all of them come in the end', async () => {
  const { record, pass, got, receiver, counted } = house();
  receiver.refuses = 'poison';
  for (let at = 0; at < 5; at += 1) record(forbidden(`eve-${at}`));
  record(forbidden('bob', { operation: 'poison' }));
  receiver.away = true;
  await pass(2_000);
  receiver.away = false;
  await pass(2_000);
  expect(got()).toHaveLength(5);
  await pass(REST);
  expect(counted()).toBe(6);
});
