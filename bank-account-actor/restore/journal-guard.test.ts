import { setTimeout as sleep } from 'node:timers/promises';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { ACCOUNT, deposit, open, silent, STREAM } from '../host/bank-host-for-tests.ts';
import { testHost, testLog } from '../host/bank-host-for-tests.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { checkJournal, JournalUnfit, type LogPages, watchJournal } from './journal-guard.ts';

const AT = '2026-05-06T07:08:09.000Z';
const now = () => new Date(AT);
const pagesOf = (events: () => readonly BankEvent[]): LogPages => ({
  readAfter: (position, limit) => {
    const all = events().map((event, at) => ({ position: 65_536 * (at + 2), event }));
    const entries = all.filter((entry) => entry.position > position).slice(0, limit);
    return Promise.resolve({ entries, head: all.at(-1)?.position ?? 0 });
  },
});
const away: LogPages = { readAfter: () => Promise.reject(new Error('away')) };

/** What is published is in the log a moment later. */
const SENT_MS = 500;

async function bank(deposits = 3) {
  const [journal, log] = [memoryJournal(), testLog()];
  const host = await testHost(journal, log);
  await host.execute([open('o')]);
  const ids = Array.from({ length: deposits }, (_, at) => `d${at}`);
  for (const id of ids) await host.execute([deposit(id)]);
  await sleep(SENT_MS);
  expect(log.eventsOf(ACCOUNT)).toHaveLength(deposits + 1);
  return { journal, log, pages: pagesOf(() => log.eventsOf(ACCOUNT)) };
}

describe('a journal', () => {
  test('that is new alongside an empty log is marked and served', async () => {
    const journal = memoryJournal();
    expect(
      await checkJournal(
        journal,
        pagesOf(() => []),
        now,
      ),
    ).toBe('fits');
    expect(await journal.mark()).toEqual({ state: 'whole', at: AT });
  });
  test('from before there were marks is recognised by what it has', async () => {
    const { journal, pages } = await bank();
    expect(await checkJournal(journal, pages, now)).toBe('fits');
    expect(await journal.mark()).toMatchObject({ state: 'whole' });
  });
  test('that was lost is not served: the log knows accounts and it knows none', async () => {
    const { pages } = await bank();
    const lost = memoryJournal();
    await expect(checkJournal(lost, pages, now)).rejects.toThrow(/npm run restore/);
    expect(await lost.mark()).toBeUndefined();
  });
  test('that is an old copy is not served, whatever its mark says', async () => {
    const { pages } = await bank(40);
    const old = memoryJournal();
    await (await testHost(old, testLog())).execute([open('o')]);
    await old.setMark({ state: 'whole', at: AT });
    await expect(checkJournal(old, pages, now)).rejects.toThrow(JournalUnfit);
  });
  test('that tells another history than the log is not served', async () => {
    const [{ pages }, other] = [await bank(1), memoryJournal()];
    const host = await testHost(other, testLog());
    await host.execute([open('o'), deposit('another')]);
    await expect(checkJournal(other, pages, now)).rejects.toThrow(/another event/);
  });
  test('that is an old copy which went on differently is not served, though further', async () => {
    const [{ pages }, other] = [await bank(1), memoryJournal()];
    const host = await testHost(other, testLog(), { delivers: false });
    await host.execute([open('o'), deposit('another'), deposit('more'), deposit('and-more')]);
    await expect(checkJournal(other, pages, now)).rejects.toThrow(/another event/);
  });
  test('that has the differing account in quarantine is served for the others', async () => {
    const [{ pages }, other] = [await bank(1), memoryJournal()];
    const host = await testHost(other, testLog(), { delivers: false });
    await host.execute([open('o'), deposit('another')]);
    await other.quarantine(STREAM, 'a fork');
    expect(await checkJournal(other, pages, now)).toBe('fits');
  });
  test('that lacks only the last event is not served', async () => {
    const { journal, log } = await bank(3);
    const copy = memoryJournal();
    const row = (await journal.load([STREAM])).streams[0]!;
    const [first] = log.eventsOf(ACCOUNT).slice(-1);
    const { secret: _none, ...rest } = { ...row, version: 3, digest: first!.prev! };
    await copy.restore([{ ...rest, due: null }], []);
    const pages = pagesOf(() => log.eventsOf(ACCOUNT));
    await expect(checkJournal(copy, pages, now)).rejects.toThrow(/version 4, the journal ends it/);
  });
  test('that lacks what came before late publications is not served', async () => {
    const { journal, log } = await bank(8);
    const stray = { ...log.eventsOf(ACCOUNT)[0]!, stream: STREAM.replace(/1$/, '2') } as BankEvent;
    // Nine transactions later than what it lacks, the log ends with what it has.
    const pages = pagesOf(() => [stray, ...log.eventsOf(ACCOUNT)]);
    await expect(checkJournal(journal, pages, now)).rejects.toThrow(/knows nothing of it/);
  });
  test('that has more than the log is served: the rest is on its way', async () => {
    const { journal, log } = await bank();
    const pages = pagesOf(() => log.eventsOf(ACCOUNT).slice(0, 2));
    expect(await checkJournal(journal, pages, now)).toBe('fits');
  });
  test('that is being restored is not served, although it has everything', async () => {
    const { journal, pages } = await bank();
    await journal.setMark({ state: 'restoring', at: AT });
    await expect(checkJournal(journal, pages, now)).rejects.toThrow(/has not ended/);
  });
  test('is believed while the log is away when it says it is whole, else not', async () => {
    const { journal, pages } = await bank();
    await expect(checkJournal(journal, away, now)).rejects.toThrow('away');
    await checkJournal(journal, pages, now);
    expect(await checkJournal(journal, away, now)).toBe('log-away');
  });
});

describe('a host', () => {
  const times = { logPatienceMs: 0, lookAgainMs: 10 };

  test('waits until a journal that must not be served was restored', async () => {
    const { journal, pages } = await bank();
    await journal.setMark({ state: 'restoring', at: AT });
    const check = () => checkJournal(journal, pages, now);
    const watch = watchJournal({ check, marks: journal, logger: silent, onUnfit: () => {} });
    let serves = false;
    const fit = watch.untilFit().then(() => (serves = true));
    await sleep(80);
    expect(serves).toBe(false);
    expect(watch.waitingFor()).toMatch(/npm run restore/);
    await journal.setMark({ state: 'whole', at: AT });
    await fit;
  });
  test('that serves ends when the journal is taken away beneath it', async () => {
    const { journal, pages } = await bank();
    let onUnfit = (): void => undefined;
    const ended = new Promise<void>((resolve) => (onUnfit = resolve));
    const check = () => checkJournal(journal, pages, now);
    const marks = { mark: journal.mark };
    await watchJournal({ check, marks, logger: silent, onUnfit, ...times }).untilFit();
    marks.mark = () => Promise.resolve(undefined);
    await ended;
  });
  test('goes on while the log is away, and ends when it shows an old copy', async () => {
    const { journal, log } = await bank();
    await journal.setMark({ state: 'whole', at: AT });
    let pages = away;
    let ends = 0;
    let onUnfit = (): void => undefined;
    const ended = new Promise<void>((resolve) => (onUnfit = resolve));
    const check = () => checkJournal(journal, pages, now);
    const ending = () => ((ends += 1), onUnfit());
    await watchJournal({
      check,
      marks: journal,
      logger: silent,
      onUnfit: ending,
      ...times,
    }).untilFit();
    await sleep(50);
    expect(ends).toBe(0);
    const [first] = log.eventsOf(ACCOUNT);
    pages = pagesOf(() => [{ ...first!, version: 99, id: `${STREAM}/99` } as BankEvent]);
    await ended;
    expect(ends).toBe(1);
  });
});
