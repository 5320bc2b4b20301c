import { GENESIS_KEY } from '../immudb/log-end.ts';
import { createAuditBooks } from './books.ts';
import { booksMarks } from './marks.ts';
import { positionOf } from '../log/event-log.ts';
import { digestOf, eventOf, eventsOf, newAccount } from '../log/events-for-tests.ts';
import { hashedLog } from './hashed-log-for-tests.ts';
import { memoryLog } from '../log/memory-log.ts';
import { pastTrialBalance } from './trial-balance.ts';

const account = newAccount();

/** A log of an opening (transaction 2), two deposits (3) and one more (4), which is audited. */
async function audited() {
  const [log, hashed, books, marks] = [memoryLog(), hashedLog(), createAuditBooks(), booksMarks()];
  books.take(hashed.add({ key: GENESIS_KEY, value: Buffer.from('{}') }));
  for (const events of [
    eventsOf(account, 1, 1),
    eventsOf(account, 2, 3),
    eventsOf(account, 4, 4),
  ]) {
    await log.append(events);
    expect(books.take(hashed.append(...events))).toEqual([]);
  }
  const ask = (position: number) => {
    const report = { books: books.books(), violatedFrom: books.violatedFrom() };
    return pastTrialBalance({ log, marks, report }, position);
  };
  return { log, hashed, books, ask };
}
const line = (money: string) => ({
  ...{ currency: 'EUR', externalIn: money, externalOut: '0.00', ledgers: money },
  ...{ inFlight: '0.00', balanced: true },
});

test('given an audited log, then its trial balance at a position is what it was', async () => {
  const { ask } = await audited();
  expect(await ask(positionOf(3, 0))).toEqual({
    ...{ position: positionOf(3, 0), transaction: 3, at: eventOf(account, 2).at },
    ...{ balanced: true, verdict: 'balanced', events: 2, accounts: 1, openTransfers: 0 },
    currencies: [line('100.00')],
  });
  const between = await ask(positionOf(3, 60_000));
  expect(between).toMatchObject({ position: positionOf(3, 1), transaction: 3, events: 3 });
  expect(await ask(positionOf(4, 0))).toMatchObject({ currencies: [line('300.00')] });
});

test('given a position before the first event, then it is not found', async () => {
  const { ask } = await audited();
  await expect(ask(positionOf(2, 0) - 1)).rejects.toMatchObject({ code: 'position-not-found' });
  await expect(ask(1)).rejects.toMatchObject({ code: 'position-not-found' });
  expect(await ask(positionOf(2, 0))).toMatchObject({ events: 1, currencies: [line('0.00')] });
});

test('given a position beyond what is audited, then it says how far that is', async () => {
  const { log, ask } = await audited();
  await log.append(eventsOf(account, 5, 5));
  for (const position of [positionOf(4, 1), positionOf(5, 0), Number.MAX_SAFE_INTEGER]) {
    await expect(ask(position)).rejects.toMatchObject({
      code: 'position-not-audited',
      headers: { 'Retry-After': '1' },
      parts: {
        detail: expect.stringMatching(
          /^The log is audited up to position 262144 \(transaction 4\)/,
        ),
        more: { auditedPosition: positionOf(4, 0) },
      },
    });
  }
});

describe('given a log that is not sound', () => {
  test('then what was before the first fault balances, and nothing after it', async () => {
    const { log, hashed, books, ask } = await audited();
    const lie = eventOf(account, 5, { amount: '7.00' });
    await log.append([lie]);
    expect(books.take(hashed.append(lie))).toHaveLength(1);
    expect(await ask(positionOf(5, 0) - 1)).toMatchObject({ verdict: 'balanced', balanced: true });
    expect(await ask(positionOf(5, 0))).toMatchObject({ verdict: 'violated', balanced: false });
    const next = eventOf(account, 6, { prev: digestOf(lie) });
    await log.append([next]);
    books.take(hashed.append(next));
    expect(await ask(positionOf(6, 0))).toMatchObject({ verdict: 'violated', events: 6 });
  });

  test('when it was rolled back, then nothing of it balances any more', async () => {
    const { books, ask } = await audited();
    books.violated();
    expect(await ask(positionOf(2, 0))).toMatchObject({ verdict: 'violated', balanced: false });
  });

  test('when an event cannot be read, then the answer says where', async () => {
    const { books } = await audited();
    const json = Buffer.from('{');
    const torn = { readAfter: () => Promise.resolve([{ position: positionOf(4, 0), json }]) };
    const report = { books: books.books(), violatedFrom: null };
    const asked = pastTrialBalance({ log: torn, marks: booksMarks(), report }, positionOf(4, 0));
    await expect(asked).rejects.toThrow(/has no event at position 262144/);
  });
});
