import { balanceAnswer } from '../../contracts/account/queries.ts';
import { Failure } from '../../platform/http/http.ts';
import { BEN, ANNA, logOf, october } from '../log/life-for-tests.ts';
import { LatestVersions } from '../log/account-log.ts';
import { balanceAtTime, balanceOfVersion } from './past-balance.ts';
import { silentLogger as logger } from '../../platform/silent-logger-for-tests.ts';

const pace = { everyMs: 1, awayMsMax: 4 };
const life = october();
const portsOf = (events = life) => {
  const log = logOf(events);
  return { log, latestVersions: new LatestVersions(log, logger, pace), waitMs: 20 };
};
const ms = (time: string) => Date.parse(time);
const at = (time: string, now = '2026-12-01T00:00:00.000Z') =>
  balanceAtTime(portsOf(), ANNA, ms(time), ms(now));
const refusal = (promise: Promise<unknown>): Promise<Failure> =>
  promise.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => (error instanceof Failure ? error : Promise.reject(error)),
  );

test.each(life.map((event) => [event.version, event] as const))(
  'the balance of version %i is the one that its event carries',
  async (version, event) => {
    const answer = await balanceOfVersion(portsOf(), ANNA, version);
    expect(balanceAnswer.parse(answer)).toEqual({
      accountId: ANNA,
      currency: 'CZK',
      version,
      at: event.at,
      final: true,
      ...event.data.balance,
      position: 65_536 * version + 1,
    });
  },
);

test.each([
  ['exactly at an event', '2026-10-01T23:59:59.999Z', 3],
  ['a millisecond before it', '2026-10-01T23:59:59.998Z', 2],
  ['at two events of one instant', '2026-10-01T09:00:00.000Z', 2],
  ['at three of them', '2026-10-03T10:00:00.020Z', 13],
  ['between two', '2026-10-02T08:30:30.000Z', 6],
  ['in another zone', '2026-10-02T10:00:00.000+02:00', 5],
])('a time %s is answered by the last event until then', async (_what, time, version) => {
  expect(await at(time)).toMatchObject({
    version,
    final: true,
    ...life[version - 1]?.data.balance,
  });
});

test('after the last event the balance holds, and is not called final', async () => {
  expect(await at('2026-11-30T00:00:00Z')).toMatchObject({ version: 14, final: false });
  expect(await at('2026-10-05T00:00:00Z')).toMatchObject({ version: 14, final: false });
});

test('a time before the opening is 404 and says when that was', async () => {
  const failure = await refusal(at('2026-10-01T08:59:59.999Z'));
  expect(failure.code).toBe('account-not-opened-yet');
  expect(failure.parts.more).toEqual({ openedAt: life[0]?.at });
  expect((await refusal(at('0001-01-01T00:00:00Z'))).code).toBe('account-not-opened-yet');
});

test('of the future nothing is said, but an event that is there is no future', async () => {
  const now = '2026-10-04T00:00:00.000Z';
  const failure = await refusal(at('2026-10-05T00:00:00.001Z', now));
  expect([failure.code, failure.parts.errors?.[0]?.at]).toEqual(['invalid-request', 'query/at']);
  expect(await at('2026-10-05T00:00:00.000Z', now)).toMatchObject({ version: 14 });
  expect(await at('2026-10-04T12:00:00.000Z', now)).toMatchObject({ version: 13 });
});

test('nobody has no past', async () => {
  const ports = portsOf();
  const failures = [balanceAtTime(ports, BEN, Date.now()), balanceOfVersion(ports, BEN, 1)];
  for (const failure of failures) expect((await refusal(failure)).code).toBe('account-not-found');
});

test('a version that comes is waited for, one that does not is 404', async () => {
  const events = life.slice(0, 3);
  const ports = { ...portsOf(events), waitMs: 1_000 };
  const { log } = ports;
  setTimeout(() => Object.assign(log, logOf(life.slice(0, 4))), 10);
  expect(await balanceOfVersion(ports, ANNA, 4)).toMatchObject({ version: 4 });
  const failure = await refusal(balanceOfVersion({ ...ports, waitMs: 10 }, ANNA, 5));
  expect(failure.code).toBe('event-not-found');
  expect(failure.parts.detail).toContain('versions 1 to 4');
});
