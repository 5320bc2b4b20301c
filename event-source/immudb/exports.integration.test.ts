import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { ExportedEvent, ExportHeader } from '../../contracts/log/receipts.ts';
import { createLogger } from '../../platform/logger.ts';
import { readPublicKey } from '../../proofs/signed-state.ts';
import { createStreamExport } from '../../proofs/stream-export.ts';
import { alarmBook } from '../alarms.ts';
import { eventOf, linked, newAccount } from '../log/events-for-tests.ts';
import { immudbExports } from './exports.ts';
import { BUILD_MS_MAX, startImmudb, type ImmudbForTests } from './immudb-for-tests.ts';
import { openImmudbLog, type ImmudbLog } from './log.ts';
import { immudbReceipts } from './receipts.ts';
import type { LogProofs } from '../../contracts/log/log-proofs.ts';

jest.setTimeout(60_000);

const silent = createLogger('test', 'error');
silent.silent = true;
const id = newAccount();
let immudb: ImmudbForTests;
let log: ImmudbLog;
let proofs: LogProofs;

const at = (time: string): string => `2026-11-21T10:00:0${time}Z`;
/** When versions 1 to 8 happened: three of them in one instant. */
const TIMES = ['1.000', '2.000', '3.000', '4.000', '4.000', '4.000', '5.000', '6.000'].map(at);
const LAST_VERSION = TIMES.length;

beforeAll(async () => {
  immudb = await startImmudb();
  log = await openImmudbLog(immudb.options, alarmBook(silent));
  const receipts = immudbReceipts({
    log,
    publicKey: immudb.options.publicKey,
    alarms: alarmBook(silent),
  });
  proofs = { ...receipts, ...immudbExports(log, receipts) };
  const made = linked(
    TIMES.map((time, index): BankEvent => ({ ...eventOf(id, index + 1), at: time })),
  );
  // The instant is spread over two transactions, and another account stands between.
  await log.append(made.slice(0, 5));
  await log.append([eventOf(newAccount(), 1), ...made.slice(5)]);
}, BUILD_MS_MAX);
afterAll(async () => {
  await log.close();
  await immudb.stop();
});

interface Period {
  readonly from?: string;
  readonly to?: string;
}
const headerOf = async (period: Period): Promise<ExportHeader> =>
  (await proofs.exportHeader(id, period))!;
const itemsOf = ({ fromVersion, toVersion, state }: ExportHeader): Promise<ExportedEvent[]> =>
  proofs.exported(id, fromVersion, toVersion - fromVersion + 1, state.txId);

/** What the receiver of an export makes of it. */
function checked(header: ExportHeader, items: readonly ExportedEvent[]) {
  const check = createStreamExport(header, readPublicKey(immudb.options.publicKey));
  const fault = [check.begin(), ...items.map((item) => check.take(item))].find(Boolean);
  return fault ?? check.end();
}

/** Times that compare as texts. */
const plain = (time: string): string => time.replace('Z', '');
const none = 'no event';
type Ends = readonly ['first-event' | 'before-period', 'last-event' | 'after-period'];
const cases: readonly (readonly [string, Period, readonly [number, number], string, Ends])[] = [
  ['no period', {}, [1, 8], '1-8', ['first-event', 'last-event']],
  ['all of it', { from: at('0'), to: at('9') }, [1, 8], '1-8', ['first-event', 'last-event']],
  ['before the first', { to: at('0') }, [1, 1], none, ['first-event', 'after-period']],
  ['until the first', { to: at('1') }, [1, 1], none, ['first-event', 'after-period']],
  ['after the last', { from: at('7') }, [8, 8], none, ['before-period', 'last-event']],
  [
    'after the last, ended',
    { from: at('7'), to: at('9') },
    [8, 8],
    none,
    ['before-period', 'last-event'],
  ],
  ['from the last on', { from: at('6') }, [7, 8], '8-8', ['before-period', 'last-event']],
  ['from an event', { from: at('3') }, [2, 8], '3-8', ['before-period', 'last-event']],
  ['until an event', { to: at('3') }, [1, 3], '1-2', ['first-event', 'after-period']],
  [
    'both on events',
    { from: at('2'), to: at('5') },
    [1, 7],
    '2-6',
    ['first-event', 'after-period'],
  ],
  ['from an instant', { from: at('4') }, [3, 8], '4-8', ['before-period', 'last-event']],
  ['until an instant', { to: at('4') }, [1, 4], '1-3', ['first-event', 'after-period']],
  [
    'an instant',
    { from: at('4'), to: at('4.001') },
    [3, 7],
    '4-6',
    ['before-period', 'after-period'],
  ],
  [
    'just after it',
    { from: at('4.001'), to: at('5') },
    [6, 7],
    none,
    ['before-period', 'after-period'],
  ],
  ['empty, on it', { from: at('4'), to: at('4') }, [3, 4], none, ['before-period', 'after-period']],
  // An event has whole milliseconds, so it is before anything finer of its own.
  ['finer, until', { to: at('4.0001') }, [1, 7], '1-6', ['first-event', 'after-period']],
  ['finer, from', { from: at('4.0001') }, [6, 8], '7-8', ['before-period', 'last-event']],
  [
    'the wrong way',
    { from: at('6'), to: at('2') },
    [7, 7],
    none,
    ['before-period', 'after-period'],
  ],
];

describe('given an account and a period, then its events are exported with those around it', () => {
  test.each(cases)('%s', async (_what, period, [first, last], inside, [begins, ends]) => {
    const header = await headerOf(period);
    expect(header).toMatchObject({
      ...period,
      fromVersion: first,
      toVersion: last,
      headVersion: LAST_VERSION,
    });
    const items = await itemsOf(header);
    expect(items.map(({ event }) => event.version)).toEqual(
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );
    expect(checked(header, items)).toMatchObject({ begins, ends, addsUp: first === 1 });
    const { from = '', to = '9' } = period;
    const [begin, end] = [plain(from), plain(to)];
    const within = TIMES.flatMap((time, index) =>
      plain(time) >= begin && plain(time) < end ? [index + 1] : [],
    );
    expect(within.length === 0 ? none : `${within[0]}-${within.at(-1)}`).toBe(inside);
    for (const version of within) {
      expect(version).toBeGreaterThanOrEqual(first);
      expect(version).toBeLessThanOrEqual(last);
    }
  });

  test('no such account has none', async () => {
    expect(await proofs.exportHeader(newAccount(), { from: at('1') })).toBeUndefined();
  });
});

describe('given an export that leaves out what the period has, then its receiver sees it', () => {
  const without = async (period: Period, change: Partial<ExportHeader>) => {
    const header = { ...(await headerOf(period)), ...change };
    return checked(header, await itemsOf(header));
  };

  test('at its beginning', async () => {
    const fault = await without({ from: at('4'), to: at('6') }, { fromVersion: 4 });
    expect(fault).toMatchObject({
      fault: 'missing',
      detail: expect.stringMatching(/^No event befo/),
    });
  });

  test('at its end, also in one instant', async () => {
    const late = await without({ from: at('2'), to: at('5') }, { toVersion: 6 });
    expect(late).toMatchObject({
      fault: 'missing',
      detail: expect.stringMatching(/^No event after/),
    });
    const finer = await without({ to: at('4.0001') }, { toVersion: 4 });
    expect(finer).toMatchObject({ fault: 'missing' });
  });

  test('in the middle', async () => {
    const header = await headerOf({ from: at('2'), to: at('6') });
    const items = await itemsOf(header);
    expect(
      checked(
        header,
        items.filter(({ event }) => event.version !== 5),
      ),
    ).toMatchObject({
      fault: 'missing',
    });
    expect(checked(header, items.slice(0, -1))).toMatchObject({ fault: 'missing' });
  });
});
