import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { IntegrationEvent } from '../../contracts/log/integration-events.ts';
import { createLogger } from '../../platform/logger.ts';
import type { StreamId } from '../../domain/ids.ts';
import {
  eventOf,
  eventsOf,
  newAccount,
  personLike,
  refusalsLike,
} from '../log/events-for-tests.ts';
import type { EventStream } from './event-stream.ts';
import { BATCH_EVENTS_MAX, integrationFeed, OFFERED_ENTRIES_MAX } from './integration-feed.ts';
import { memoryLog } from '../log/memory-log.ts';
import { memoryStream } from './memory-stream.ts';
import { isEveryRun, runsOf } from '../../domain/runs-for-tests.ts';

const logger = createLogger('test', 'error');
logger.silent = true;
const pace = { batchMs: 0, lookMs: 2, retryMs: 0, retryMsMax: 1 };
const DONE_MS_MAX = 10_000;

/** A bank whose event-source may die at any point; the log and the stream live on. */
function bankUnderTest() {
  const log = memoryLog();
  const stream = memoryStream();
  const versions = new Map<StreamId, number>();
  const start = (over: Partial<EventStream> = {}) => {
    const used = { ...stream, ...over };
    return integrationFeed({ log, stream: used, source: '/bank-under-test', logger, pace });
  };
  let feed = start();
  return {
    log,
    stream,
    feed: () => feed,
    async append(accounts: readonly StreamId[], heard = true): Promise<void> {
      const events = accounts.map((id) => {
        const version = (versions.get(id) ?? 0) + 1;
        versions.set(id, version);
        return eventOf(id, version);
      });
      const { after, added } = await log.append(events);
      if (heard) feed.offer(after, added);
    },
    async restart(over: Partial<EventStream> = {}): Promise<void> {
      await feed.end();
      feed = start(over);
    },
    async logged(): Promise<string[]> {
      const ids: string[] = [];
      for (let position = 0; ;) {
        const page = await log.readAfter(position, 1_000);
        if (page.length === 0) return ids;
        for (const { json } of page) ids.push((JSON.parse(json.toString()) as { id: string }).id);
        position = page.at(-1)!.position;
      }
    },
    async published(count: number): Promise<string[]> {
      const began = performance.now();
      while ((await stream.end()).sequence < count) {
        if (performance.now() - began > DONE_MS_MAX) break;
        await sleep(1);
      }
      return stream.stored().map(({ id }) => id);
    },
  };
}
type Bank = ReturnType<typeof bankUnderTest>;

let bank: Bank;
beforeEach(() => {
  bank = bankUnderTest();
});
afterEach(() => bank.feed().end());

const ada = newAccount();
const bob = newAccount();

describe('integration events', () => {
  test('given events of the log, then the public reads them in log order', async () => {
    await bank.append([ada, bob, ada]);
    await bank.append([bob, bob]);
    const ids = [`${ada}/1`, `${bob}/1`, `${ada}/2`, `${bob}/2`, `${bob}/3`];
    expect(await bank.published(5)).toEqual(ids);
    expect(bank.stream.stored()[2]).toMatchObject({
      subject: ada.slice('acct/'.length),
      data: { version: 2 },
    });
    await sleep(5);
    const head = bank.log.head();
    expect(bank.feed().status()).toEqual({ published: 5, position: head, head, lagMs: 0 });
  });

  test('given events that nobody reported, then they are found in the log', async () => {
    await bank.append([ada, bob], false);
    await bank.append([ada]);
    await bank.append([bob], false);
    expect(await bank.published(4)).toEqual(await bank.logged());
  });

  test('given more events than memory keeps, then the rest is read from the log', async () => {
    const account = newAccount();
    const count = OFFERED_ENTRIES_MAX + 3 * BATCH_EVENTS_MAX;
    for (let from = 1; from <= count; from += 500) {
      const { after, added } = await bank.log.append(eventsOf(account, from, from + 499));
      bank.feed().offer(after, added);
    }
    const logged = await bank.logged();
    expect(logged.length).toBeGreaterThan(count);
    expect(await bank.published(logged.length)).toEqual(logged);
  });

  test('given retention took all while it was away, then it goes on where it was', async () => {
    await bank.append([ada, bob, ada]);
    await bank.published(3);
    await bank.feed().end();
    bank.stream.expire();
    await bank.append([bob, ada], false);
    await bank.restart();
    expect(await bank.published(5)).toEqual(await bank.logged());
  });

  test('given a broker that lost its end, then what it lost is published again', async () => {
    await bank.append([ada, ada, ada]);
    await bank.published(3);
    bank.stream.loseEnd(2);
    await bank.append([ada]);
    const ids = (await bank.published(4)).map((id) => Number(id.split('/')[2]));
    expect(ids).toEqual([1, 2, 3, 2, 3, 4]);
  });

  test('given a broker that is away, then it says so, waits, and misses nothing', async () => {
    let away = true;
    const append: EventStream['append'] = async (sequence, events) => {
      if (away) throw new Error('no broker');
      await bank.stream.append(sequence, events);
    };
    await bank.restart({ append });
    await bank.append([ada, bob]);
    await sleep(20);
    const status = bank.feed().status();
    expect(status).toMatchObject({ waiting: 'no broker', published: 0 });
    expect(status.lagMs).toBeGreaterThan(5);
    away = false;
    expect(await bank.published(2)).toEqual(await bank.logged());
    await sleep(5);
    expect(bank.feed().status().waiting).toBeUndefined();
  });

  test('given an event of a stranger, then its place is taken and the rest goes on', async () => {
    await bank.append([ada]);
    const readAfter = bank.log.readAfter.bind(bank.log);
    const foreign = { id: 'acct/x/1', stream: 'acct/x', version: 1, type: 'money-invented' };
    const second = bank.log.head() + 65_536;
    bank.log.readAfter = async (...asked) =>
      (await readAfter(...asked)).map((entry) =>
        entry.position === second
          ? { position: second, json: Buffer.from(JSON.stringify(foreign)) }
          : entry,
      );
    await bank.append([bob], false);
    await bank.restart();
    await bank.published(2);
    // It is recognised where it is the stream's end, too.
    await bank.restart();
    await bank.append([ada], false);
    const ids = await bank.published(3);
    expect(ids).toEqual([`${ada}/1`, `position/${second}`, `${ada}/2`]);
    expect(JSON.stringify(bank.stream.stored())).not.toContain('invented');
  });

  test('given the stream of another log, then it publishes nothing and says why', async () => {
    await bank.append([ada, bob]);
    const end = async () => ({ sequence: 2, last: { id: 'acct/x/7', position: bank.log.head() } });
    await bank.restart({ end });
    await bank.append([ada]);
    await sleep(10);
    expect(bank.feed().status().waiting).toMatch(/ends with acct\/x\/7 .* belong together/);
    expect((await bank.stream.end()).sequence).toBeLessThanOrEqual(2);
    await bank.restart({ end: async () => ({ sequence: 9 }) });
    await sleep(10);
    expect(bank.feed().status().waiting).toContain('had 9 events, the log has only 3');
  });
});

/** What may happen to one batch on its way. */
type Fate = 'stored' | 'lost' | 'in part' | 'answer lost';
const fate = fc.constantFrom<Fate>('stored', 'stored', 'lost', 'in part', 'answer lost');
const step = fc.oneof(
  fc.record({ do: fc.constant('append' as const), size: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constant('unheard' as const), size: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constant('crash' as const), size: fc.constant(0) }),
  fc.record({ do: fc.constant('lose' as const), size: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ do: fc.constant('expire' as const), size: fc.constant(0) }),
  fc.record({ do: fc.constant('wait' as const), size: fc.integer({ min: 0, max: 2 }) }),
);
const accounts = [newAccount(), refusalsLike(newAccount()), personLike(newAccount())];

/** Sends batches to their fates; one that died never reaches the stream again. */
function fateful(stream: EventStream, fates: Fate[], random: () => number): Partial<EventStream> {
  return {
    append: async (sequence, events) => {
      const what = fates.shift() ?? 'stored';
      const count = what === 'in part' ? Math.floor(random() * events.length) : events.length;
      const kept: readonly IntegrationEvent[] = events.slice(0, what === 'lost' ? 0 : count);
      if (kept.length > 0) await stream.append(sequence, kept);
      if (what !== 'stored') throw new Error(what);
    },
  };
}

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);

test(`whatever dies, no event is missing and none overtakes another (SEED=${seed})`, async () => {
  let crashes = 0;
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    fc.array(fate, { maxLength: 12 }),
    fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
    async (steps, fates, randoms) => {
      const random = (): number => randoms.next().value as number;
      const run = bankUnderTest();
      const hurt = fateful(run.stream, fates, random);
      await run.restart(hurt);
      for (const { do: what, size } of steps) {
        const ids = Array.from({ length: size }, () => accounts[Math.floor(random() * 3)]!);
        if (what === 'append' || what === 'unheard') await run.append(ids, what === 'append');
        else if (what === 'crash') await run.restart(hurt);
        else if (what === 'lose') run.stream.loseEnd(size);
        else if (what === 'expire') run.stream.expire();
        else await sleep(size);
        crashes += what === 'crash' ? 1 : 0;
      }
      const logged = await run.logged();
      await run.published(logged.length);
      await run.feed().end();
      judge(run.stream.stored(), logged);
    },
  );
  await fc.assert(property, { seed, numRuns: runsOf(200) });
  expect(crashes).toBeGreaterThan(isEveryRun ? 50 : 0);
}, 60_000);

/** As a consumer sees it that drops what it knows: every event once, each account in order. */
function judge(stored: readonly IntegrationEvent[], logged: readonly string[]): void {
  const seen = new Set<string>();
  const versions = new Map<string, number>();
  for (const { id, subject, data } of stored) {
    if (seen.has(id)) continue;
    seen.add(id);
    expect(data.version).toBe((versions.get(subject) ?? 0) + 1);
    versions.set(subject, data.version);
  }
  expect([...seen]).toEqual(logged);
}
