import { setImmediate as turn } from 'node:timers/promises';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { createLogger } from '../../platform/logger.ts';
import { alarmBook, type Alarms } from '../alarms.ts';
import { appender, type Appender } from './appender.ts';
import {
  APPEND_EVENTS_MAX,
  LogUnavailable,
  type EventLog,
  type LogEntry,
} from '../log/event-log.ts';
import { digestOf, eventOf, eventsOf, jointly, linked } from '../log/events-for-tests.ts';
import { newAccount, randomOf } from '../log/events-for-tests.ts';
import { memoryLog } from '../log/memory-log.ts';
import { signedEvents } from '../log/signed-events-for-tests.ts';
import { GAP_MS_MAX } from './delivery-verdict.ts';
import { memoryQuarantine, openQuarantine, type Quarantine } from '../quarantine.ts';

const logger = createLogger('test', 'error');
logger.silent = true;

let log: EventLog;
let alarms: Alarms;
let published: { after: number; added: readonly LogEntry[] }[];
let clock: number;
let kept: string[];
let quarantine: Quarantine;
const parts = () => ({
  log,
  alarms,
  logger,
  quarantine,
  feed: {
    offer: (after: number, added: readonly LogEntry[]) => {
      if (added.length > 0) published.push({ after, added });
    },
  },
  now: () => clock,
});
const subjects = (): string[] => alarms.list().map(({ kind, subject }) => `${kind} ${subject}`);
let incoming: Appender;

beforeEach(async () => {
  kept = [];
  quarantine = await openQuarantine(memoryQuarantine(kept));
  log = memoryLog();
  alarms = alarmBook(logger);
  published = [];
  clock = 0;
  incoming = appender(parts());
});

const deliver = (events: readonly BankEvent[]) => incoming.deliver(signedEvents(events));

/** A log whose appends wait until they are let go. */
function slowly(inner: EventLog) {
  const batches: number[] = [];
  let go: () => void = () => {};
  const slow: EventLog = {
    ...inner,
    async append(events) {
      batches.push(events.length);
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return inner.append(events);
    },
  };
  return { slow, batches, go: () => go() };
}

/** Lets one append go after the other until all verdicts are there. */
async function untilAllDone(verdicts: readonly Promise<unknown>[], go: () => void): Promise<void> {
  let areAllDone = false;
  void Promise.all(verdicts).then(() => (areAllDone = true));
  while (!areAllDone) {
    await turn();
    go();
  }
}

/** Until what was held and released has gone in, too. */
async function quiet(): Promise<void> {
  for (let round = 0; round < 50; round += 1) await turn();
}

describe('deliveries on their way into the log', () => {
  test('given one append under way, when more arrive, then they form one batch', async () => {
    const { slow, batches, go } = slowly(log);
    log = slow;
    incoming = appender(parts());
    const ids = Array.from({ length: 5 }, newAccount);
    const verdicts = ids.map((id) => deliver(eventsOf(id, 1, 2)));
    await turn();
    expect(batches).toEqual([2]);
    go();
    await turn();
    expect(batches).toEqual([2, 8]);
    go();
    expect(await Promise.all(verdicts)).toEqual(Array(5).fill('done'));
    expect(published.map(({ added }) => added.length)).toEqual([2, 8]);
    expect(published[1]!.after).toBe(published[0]!.added.at(-1)!.position);
    expect(incoming.appended()).toBe(10);
  });

  test('given large deliveries, then no append has too many events', async () => {
    const { slow, batches, go } = slowly(log);
    log = slow;
    incoming = appender(parts());
    const max = APPEND_EVENTS_MAX;
    const verdicts = [50, 50, max - 60, 2 * max + 44, 20].map((count) =>
      deliver(Array.from({ length: count }, () => eventOf(newAccount(), 1))),
    );
    await untilAllDone(verdicts, go);
    expect(batches).toEqual([50, max - 10, max, max, 44, 20]);
  });

  test('given joint events on the border of two appends, then they go in as one', async () => {
    const { slow, batches, go } = slowly(log);
    log = slow;
    incoming = appender(parts());
    const max = APPEND_EVENTS_MAX;
    const [id, other] = [newAccount(), newAccount()];
    const one = jointly([...eventsOf(id, max - 1, max + 2), eventOf(other, 1)]);
    const plain = eventsOf(id, 1, max + 5).filter(({ version }) => version > max + 2);
    const events = linked([...eventsOf(id, 1, max - 2), ...one, ...plain]);
    const verdicts = [deliver(events)];
    await untilAllDone(verdicts, go);
    expect(await verdicts[0]).toBe('done');
    expect(batches).toEqual([max - 2, 8]);
    expect(await log.latestVersions([id, other])).toEqual([max + 5, 1]);
    expect(alarms.count()).toBe(0);
  });

  test('given joint events that are scattered, then no append has too many events', async () => {
    const { slow, batches, go } = slowly(log);
    log = slow;
    incoming = appender(parts());
    const groups = Array.from({ length: APPEND_EVENTS_MAX }, () =>
      jointly([eventOf(newAccount(), 1), eventOf(newAccount(), 1)]),
    );
    const legs = [0, 1].flatMap((leg) => groups.map((group) => group[leg]!));
    const verdicts = [deliver([...legs, ...legs])];
    await untilAllDone(verdicts, go);
    expect(await verdicts[0]).toBe('done');
    expect(batches).toEqual([APPEND_EVENTS_MAX, APPEND_EVENTS_MAX]);
    expect(alarms.count()).toBe(0);
  });

  test('given a stream that fills its part of the queue, then others still find room', async () => {
    const { slow, go } = slowly(log);
    log = slow;
    incoming = appender(parts());
    const [hot, large] = [newAccount(), newAccount()];
    const first = deliver([eventOf(newAccount(), 1)]);
    const hotOnes = [1, 501].map((from) => deliver(eventsOf(hot, from, from + 499)));
    expect(await deliver([eventOf(hot, 1_001)])).toBe('retry');
    const bytes = { amount: '1.00', description: 'x'.repeat(5 * 1024 * 1024) };
    const largeOne = deliver([eventOf(large, 1, bytes)]);
    expect(await deliver([eventOf(large, 2, bytes)])).toBe('retry');
    const fine = deliver([eventOf(newAccount(), 1)]);
    const all = [first, ...hotOnes, largeOne, fine];
    await untilAllDone(all, go);
    expect(await Promise.all(all)).toEqual(all.map(() => 'done'));
    expect(await deliver([eventOf(newAccount(), 1)].slice(1))).toBe('done');
  });

  test('given too many that wait, then the rest goes back to the broker', async () => {
    const { slow, go } = slowly(log);
    log = slow;
    incoming = appender(parts());
    const many = () => Array.from({ length: 500 }, () => eventOf(newAccount(), 1));
    const waiting = Array.from({ length: 11 }, () => deliver(many()));
    expect(await deliver(many())).toBe('retry');
    await untilAllDone(waiting, go);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['done']));
  });

  test('given a duplicate, then it is done and nothing is published', async () => {
    const events = eventsOf(newAccount(), 1, 3);
    await deliver(events);
    expect(await deliver(events)).toBe('done');
    expect(published).toHaveLength(1);
    expect(alarms.count()).toBe(0);
  });

  test('given a missing event, then its followers are held and go in behind it', async () => {
    const [id, fine] = [newAccount(), newAccount()];
    const late = [...eventsOf(id, 2, 3), eventOf(fine, 1)];
    expect(await deliver(late)).toBe('done');
    expect(await log.latestVersions([id, fine])).toEqual([0, 1]);
    expect(incoming.waiting()).toBe(2);
    await deliver([eventOf(id, 1)]);
    await quiet();
    expect(await log.latestVersions([id])).toEqual([3]);
    expect(incoming.waiting()).toBe(0);
    expect(alarms.count()).toBe(0);
  });

  test('given followers that nobody asks for any more, then they are let go', async () => {
    const [id, other] = [newAccount(), newAccount()];
    await deliver([eventOf(id, 2)]);
    clock = 60_000;
    await deliver([eventOf(other, 2)]);
    expect(incoming.waiting()).toBe(1);
    await deliver(eventsOf(id, 1, 2));
    expect(await log.latestVersions([id])).toEqual([2]);
  });

  test('given a crowd that waits for one stream, then others are held alongside it', async () => {
    const [id, other] = [newAccount(), newAccount()];
    for (let from = 2; from < 1_500; from += 100) await deliver(eventsOf(id, from, from + 99));
    expect(incoming.waiting()).toBe(1_000);
    await deliver([eventOf(other, 2)]);
    expect(incoming.waiting()).toBe(1_001);
  });

  test('given an event that never comes, then an alarm tells and the way is free', async () => {
    const id = newAccount();
    expect(await deliver([eventOf(id, 2)])).toBe('done');
    clock = GAP_MS_MAX;
    expect(await deliver([eventOf(id, 2)])).toBe('done');
    expect(subjects()).toEqual([`gap ${id}`]);
    expect(await deliver(eventsOf(id, 1, 2))).toBe('done');
    expect(await log.latestVersions([id])).toEqual([2]);
    expect(alarms.count()).toBe(0);
  });

  test('given a fork, then it and what follows it stay out, and others get on', async () => {
    const [id, fine] = [newAccount(), newAccount()];
    await deliver(eventsOf(id, 1, 2));
    const fork = eventOf(id, 2, { amount: '7.00', description: 'a secret' });
    expect(await deliver([fork, eventOf(fine, 1)])).toBe('done');
    expect(await deliver([eventOf(id, 3), eventOf(fine, 2)])).toBe('done');
    expect(await log.latestVersions([id, fine])).toEqual([2, 2]);
    expect(subjects()).toEqual([`fork ${id}`]);
    expect(alarms.list()[0]!.count).toBe(2);
    // The whole event stands in the quarantine, and nowhere else.
    expect(JSON.stringify(alarms.list())).not.toContain('secret');
    expect(kept.join()).toContain('secret');
    expect(quarantine.why(id)).toContain(digestOf(fork));
    expect(quarantine.count()).toBe(1);
  });

  // Finding F1: after a restart the log went on behind a foreign event.
  test('given a fork, when the service starts again, then the stream gets no further', async () => {
    const id = newAccount();
    await deliver(eventsOf(id, 1, 2));
    // Somebody else wrote version 2: the log goes on behind what the actor did not decide.
    const mine = linked([eventOf(id, 2, { amount: '7.00' }), eventOf(id, 3), eventOf(id, 4)]);
    await deliver(mine.slice(0, 1));
    quarantine = await openQuarantine(memoryQuarantine(kept));
    incoming = appender(parts());
    expect(await deliver([eventOf(id, 3)])).toBe('done');
    expect(await log.latestVersions([id])).toEqual([2]);
    // Without what was kept, its predecessor still tells.
    quarantine = await openQuarantine(memoryQuarantine());
    incoming = appender(parts());
    expect(await deliver(mine.slice(1))).toBe('done');
    expect(await log.latestVersions([id])).toEqual([2]);
    expect(quarantine.why(id)).toContain('follows');
  });

  test('given one leg that is a fork, then both streams are in quarantine', async () => {
    const [anna, ben, fine] = [newAccount(), newAccount(), newAccount()];
    await deliver([eventOf(anna, 1), ...eventsOf(ben, 1, 2)]);
    const legs = jointly([eventOf(anna, 2), eventOf(ben, 2, { amount: '7.00' })]);
    expect(await deliver([...legs, eventOf(fine, 1)])).toBe('done');
    expect(await log.latestVersions([anna, ben, fine])).toEqual([1, 2, 1]);
    expect([anna, ben, fine].map((id) => quarantine.why(id) !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    // What had been in the log before is no reason against anybody.
    const before = jointly([eventOf(fine, 2), eventOf(newAccount(), 1)]);
    await deliver(before);
    await quarantine.add([{ stream: before[1]!.stream as never, reason: 'x', content: '{}' }]);
    expect(await deliver(before)).toBe('done');
    expect(quarantine.why(fine)).toBeUndefined();
  });

  test('given a quarantine that cannot be written, then the broker keeps the fork', async () => {
    const store = memoryQuarantine(kept);
    let isFull = true;
    quarantine = await openQuarantine({
      ...store,
      append: (lines) => (isFull ? Promise.reject(new Error('disk full')) : store.append(lines)),
    });
    incoming = appender(parts());
    const id = newAccount();
    await deliver([eventOf(id, 1)]);
    const fork = eventOf(id, 1, { amount: '7.00' });
    expect(await deliver([fork])).toBe('retry');
    isFull = false;
    expect(await deliver([fork])).toBe('done');
    expect(kept).toHaveLength(1);
  });

  test('given a log that is away, then nothing is lost', async () => {
    const inner = log;
    let away = true;
    log = {
      ...inner,
      append: (events) =>
        away ? Promise.reject(new LogUnavailable('away')) : inner.append(events),
    };
    incoming = appender(parts());
    const events = eventsOf(newAccount(), 1, 2);
    expect(await deliver(events)).toBe('retry');
    away = false;
    expect(await deliver(events)).toBe('done');
    expect(published).toHaveLength(1);
  });

  test('given deliveries in any order, again and again, then the log is whole', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    console.log(`SEED=${seed}`);
    const random = randomOf(seed);
    const ids = Array.from({ length: 6 }, newAccount);
    const messages = ids.flatMap((id) =>
      [1, 4, 5, 9].map((from, index, all) => eventsOf(id, from, (all[index + 1] ?? 13) - 1)),
    );
    let open = [...messages, ...messages];
    for (let delivery = 0; delivery < 5_000 && open.length > 0; delivery += 1) {
      const next = open[Math.floor(random() * open.length)]!;
      if ((await deliver(next)) === 'done') open = open.filter((one) => one !== next);
    }
    expect(open).toEqual([]);
    await quiet();
    expect(await log.latestVersions(ids)).toEqual(ids.map(() => 12));
    expect(alarms.count()).toBe(0);
    const all = published.flatMap(({ added }) =>
      added.map(({ position, json }) => ({ position, json })),
    );
    expect(all).toEqual(await log.readAfter(0, 1_000));
    published.forEach(({ after }, index) => {
      expect(after).toBe(published[index - 1]?.added.at(-1)?.position ?? 0);
    });
  });
});
