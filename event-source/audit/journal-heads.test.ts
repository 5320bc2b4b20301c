import { JOURNAL_HEADS_MAX, type JournalHead } from '../../contracts/log/journal-heads.ts';
import {
  BEHIND_MS_MAX,
  headsOf,
  journalComparison,
  UNCOMPARED_MS_MAX,
  type LogHead,
} from './journal-heads.ts';

const nameOf = (at: number): string => `acct/${String(at).padStart(6, '0')}`;
const [A, B, C] = [nameOf(1), nameOf(2), nameOf(3)];

/** A journal and a log in which these streams end at these versions, and what is found. */
function both(versions: Readonly<Record<string, number>>) {
  const digest = (stream: string, version: number): string => `${stream} ${version}`;
  const journal = new Map<string, JournalHead>();
  const log = new Map<string, LogHead>();
  const found: string[] = [];
  const time = { ms: 0 };
  let reads = 0;
  const host = { away: undefined as string | undefined };
  let onRead: () => void = () => undefined;
  const setJournal = (stream: string, version: number, more: Partial<JournalHead> = {}): void => {
    const head = { stream, version, digest: digest(stream, version), quarantined: false };
    journal.set(stream, { ...head, ...more });
  };
  const setLog = (stream: string, version: number): void =>
    void log.set(stream, {
      version,
      digest: digest(stream, version),
      seenIn: log.get(stream)?.seenIn ?? -1,
    });
  for (const [stream, version] of Object.entries(versions)) {
    setJournal(stream, version);
    setLog(stream, version);
  }
  const comparison = journalComparison({
    log,
    now: () => time.ms,
    onFinding: ({ kind, detail }) => void found.push(`${kind}: ${detail}`),
    async read(after) {
      reads += 1;
      if (host.away !== undefined) return { away: host.away };
      const names = [...journal.keys()].filter((stream) => stream > after).sort();
      const page = names.slice(0, JOURNAL_HEADS_MAX).map((stream) => journal.get(stream)!);
      onRead();
      return page;
    },
  });
  return {
    ...comparison,
    journal,
    log,
    found,
    host,
    time,
    setJournal,
    setLog,
    reads: (): number => reads,
    afterRead: (act: () => void): void => void (onRead = act),
  };
}

test('given the same in both, nothing is found, however often it is compared', async () => {
  const bank = both({ [A]: 3, [B]: 1 });
  for (let round = 0; round < 3; round += 1) await bank.step();
  expect([bank.found, bank.compared()]).toEqual([[], 6]);
});

// Review, finding 1: an event written straight into the log was seen by nobody.
test('given an event more in the log than in the journal, it is forged, at once', async () => {
  const bank = both({ [A]: 3, [B]: 1 });
  bank.setLog(A, 4);
  await bank.step();
  expect(bank.found).toEqual([
    `forged: The log has ${A} up to version 4, but the journal ends it at 3.`,
  ]);
});

test('given a stream that the journal does not have at all, it is forged', async () => {
  const bank = both({ [A]: 3 });
  bank.setLog(C, 1);
  await bank.step();
  expect(bank.found).toEqual([
    `forged: The log has ${C} up to version 1, but the journal knows nothing of it.`,
  ]);
});

test('given another last event in the journal, that is found', async () => {
  const bank = both({ [A]: 3 });
  bank.setJournal(A, 3, { digest: 'another' });
  await bank.step();
  expect(bank.found).toEqual([expect.stringMatching(/the journal ends with another event/)]);
});

test('given commands meanwhile, the log that moved on is not taken for forged', async () => {
  const bank = both({ [A]: 3 });
  // Both go on after the page was read.
  bank.afterRead(() => {
    const version = bank.journal.get(A)!.version + 1;
    bank.setJournal(A, version);
    bank.setLog(A, version);
  });
  for (let round = 0; round < 5; round += 1) await bank.step();
  expect(bank.found).toEqual([]);
  expect(bank.reads()).toBe(10);
});

test('given a stream that is opened during a round, it is not missed', async () => {
  const many = Object.fromEntries(
    Array.from({ length: JOURNAL_HEADS_MAX + 5 }, (_, at) => [nameOf(at + 10), 1]),
  );
  const bank = both(many);
  await bank.step();
  bank.setJournal(A, 1);
  bank.setLog(A, 1);
  await bank.step();
  expect([bank.found, bank.compared()]).toEqual([[], JOURNAL_HEADS_MAX + 5]);
});

// Review, finding 3: 114 answered versions of which the log had 15 raised no alarm by themselves.
test('given an answered event that does not come into the log, it is a gap in time', async () => {
  const bank = both({ [A]: 3, [B]: 7 });
  bank.setJournal(A, 5);
  await bank.step();
  expect(bank.overdue(BEHIND_MS_MAX - 1)).toEqual({ missing: [], came: [] });
  const { missing } = bank.overdue(BEHIND_MS_MAX);
  expect(missing.map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([
    `gap: The journal has ${A} up to version 5, the log to 3.`,
  ]);
  bank.setLog(A, 6);
  bank.setJournal(A, 6);
  expect(bank.overdue(BEHIND_MS_MAX + 1)).toEqual({ missing: [], came: [A] });
  expect(bank.overdue(BEHIND_MS_MAX + 1)).toEqual({ missing: [], came: [] });
  expect(bank.found).toEqual([]);
});

test('given a stream in quarantine, it may differ', async () => {
  const bank = both({ [A]: 3, [B]: 3 });
  bank.setJournal(A, 9, { quarantined: true });
  bank.setJournal(B, 1, { quarantined: true, digest: '' });
  await bank.step();
  expect([bank.found, bank.overdue(1e9)]).toEqual([[], { missing: [], came: [] }]);
});

describe('given a host that is away', () => {
  test('nothing is compared, and nothing is missing, until it is back', async () => {
    const bank = both({ [A]: 1 });
    bank.setLog(B, 1);
    bank.host.away = 'nobody answers';
    expect(await bank.step()).toBe(false);
    expect([bank.found, bank.compared()]).toEqual([[], 0]);
    expect(bank.stands()).toEqual({ at: null, reason: 'nobody answers' });
    bank.host.away = undefined;
    bank.time.ms = 5_000;
    expect(await bank.step()).toBe(true);
    expect(bank.stands()).toEqual({ at: '1970-01-01T00:00:05.000Z' });
    expect(bank.found).toHaveLength(1);
  });
  test('between two reads of a page, that page is asked for again', async () => {
    const bank = both({ [A]: 3 });
    bank.setLog(A, 4);
    bank.afterRead(() => void (bank.host.away = 'it died'));
    expect(await bank.step()).toBe(false);
    expect([bank.found, bank.stands()]).toEqual([[], { at: null, reason: 'it died' }]);
    bank.afterRead(() => undefined);
    bank.host.away = undefined;
    await bank.step();
    expect(bank.found).toHaveLength(1);
  });
  test('for ten minutes, that is said, and no more once it was compared', async () => {
    const bank = both({ [A]: 1 });
    await bank.step();
    bank.host.away = 'nobody answers';
    bank.time.ms = UNCOMPARED_MS_MAX - 1;
    await bank.step();
    expect(bank.uncomparedSince()).toBeUndefined();
    bank.time.ms += 1;
    expect(bank.uncomparedSince()).toBe(0);
    bank.host.away = undefined;
    await bank.step();
    expect(bank.uncomparedSince()).toBeUndefined();
  });
});

test('a round has its time only when all streams were compared', async () => {
  const count = 2 * JOURNAL_HEADS_MAX + 1;
  const many = Object.fromEntries(Array.from({ length: count }, (_, at) => [nameOf(at), 1]));
  const bank = both(many);
  const times: (string | null)[] = [];
  for (let page = 0; page < 6; page += 1) {
    bank.time.ms = page;
    await bank.step();
    times.push(bank.stands().at);
  }
  const [first, second] = ['1970-01-01T00:00:00.002Z', '1970-01-01T00:00:00.005Z'];
  expect(times).toEqual([null, null, first, first, first, second]);
  expect(bank.found).toEqual([]);
});

test('given a stream that vanishes from the journal, it is found in the next round', async () => {
  const bank = both({ [A]: 1, [B]: 1 });
  await bank.step();
  bank.journal.delete(A);
  await bank.step();
  expect(bank.found).toEqual([expect.stringMatching(/the journal knows nothing of it/)]);
});

test('a failed call to the host is a reason and no silence', async () => {
  const failed = () => Promise.reject(new Error('answered 503'));
  expect(await headsOf(failed, '')).toEqual({ away: 'Error: answered 503' });
  expect(await headsOf(() => Promise.resolve([]), '')).toEqual([]);
});
