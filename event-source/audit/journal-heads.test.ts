import { JOURNAL_HEADS_MAX, type JournalHead } from '../../contracts/log/journal-heads.ts';
import { BEHIND_MS_MAX, journalComparison, type LogHead } from './journal-heads.ts';

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
  let onRead: () => void = () => undefined;
  const setJournal = (stream: string, version: number, more: Partial<JournalHead> = {}): void => {
    const head = { stream, version, digest: digest(stream, version), quarantined: false };
    journal.set(stream, { ...head, ...more });
  };
  const setLog = (stream: string, version: number): void =>
    void log.set(stream, { version, digest: digest(stream, version) });
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

test('given a host that is away, nothing is compared, and nothing is missing', async () => {
  const log = new Map([[A, { version: 1, digest: 'x' }]]);
  const found: string[] = [];
  const { step, compared } = journalComparison({
    log,
    now: () => 0,
    onFinding: ({ detail }) => void found.push(detail),
    read: () => Promise.resolve(undefined),
  });
  expect(await step()).toBe(false);
  expect([found, compared()]).toEqual([[], 0]);
});
