import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import { APPEND_EVENTS_MAX, PAGE_BYTES_MAX, type EventLog, type LogEntry } from './event-log.ts';
import { digestOf, eventOf, eventsOf, linked, newAccount } from './events-for-tests.ts';
import { personLike, randomOf, refusalsLike } from './events-for-tests.ts';
import {
  deliveriesContract,
  jointEventsContract,
  type LogContext,
} from './joint-events-contract.ts';
import { lastUntil } from './version-at-time.ts';

/** What every log must do; `open` opens the same log once more, as another process would. */
export function eventLogContract(open: () => Promise<EventLog>): void {
  const context = contextOf(open);
  beforeEach(async () => {
    context.log = await open();
  });
  afterEach(() => context.log.close());
  appending(context);
  refusing(context);
  jointEventsContract(context);
  deliveriesContract(context);
  finding(context);
  racing(context);
  reading(context);
  versions(context);
  timing(context);
}

const parse = (entry: LogEntry) => JSON.parse(entry.json.toString()) as BankEvent;
const stored = ({ position, json }: LogEntry): LogEntry => ({ position, json });

function contextOf(open: () => Promise<EventLog>): LogContext {
  const context: LogContext = {
    open,
    log: undefined as unknown as EventLog,
    async outcomesOf(events: BankEvent[], on = context.log): Promise<string[]> {
      return (await on.append(events)).outcomes.map(({ outcome }) => outcome);
    },
    async readAll(after: number, limit: number): Promise<LogEntry[]> {
      const read: LogEntry[] = [];
      for (;;) {
        const page = await context.log.readAfter(read.at(-1)?.position ?? after, limit);
        if (page.length === 0) return read;
        read.push(...page);
      }
    },
  };
  return context;
}

function appending(context: LogContext): void {
  const { outcomesOf } = context;

  test('given new accounts, when events are appended, then they stand in order', async () => {
    const before = context.log.head();
    const [anna, ben] = [newAccount(), newAccount()];
    const events = [...eventsOf(anna, 1, 3), ...eventsOf(ben, 1, 2), eventOf(anna, 4)];
    const result = await context.log.append(events);
    expect(result.outcomes.map(({ outcome }) => outcome)).toEqual(events.map(() => 'appended'));
    expect(result.after).toBe(before);
    expect(result.added.map(parse)).toEqual(events);
    expect(context.log.head()).toBe(result.added.at(-1)!.position);
    expect(await context.log.readAfter(before, 100)).toEqual(result.added.map(stored));
    expect(result.added[0]!.json.toString()).toBe(canonicalJson(events[0]));
    expect((await context.log.readStream(anna, 2, 10)).map(parse)).toEqual(
      events.filter((event) => event.stream.endsWith(anna) && event.version > 1),
    );
    expect(await context.log.latestVersions([ben, newAccount(), anna])).toEqual([2, 0, 4]);
  });

  test('given other streams with the id of an account, then each is of its own', async () => {
    const account = newAccount();
    const person = personLike(account);
    const refusals = refusalsLike(account);
    const events = [
      ...eventsOf(account, 1, 2),
      ...eventsOf(person, 1, 3),
      ...eventsOf(refusals, 1, 2),
    ];
    const before = context.log.head();
    expect(await outcomesOf(events)).toEqual(events.map(() => 'appended'));
    const again = await context.open();
    expect(await again.latestVersions([person, account, refusals])).toEqual([3, 2, 2]);
    expect((await again.readStream(person, 2, 10)).map(parse)).toEqual(events.slice(3, 5));
    expect((await again.readStream(refusals, 1, 10)).map(parse)).toEqual(events.slice(5));
    expect((await again.readAfter(before, 100)).map(parse)).toEqual(events);
    await again.close();
  });

  test('given an appended event, when it comes again, then it is a duplicate there', async () => {
    const id = newAccount();
    const events = eventsOf(id, 1, 3);
    await context.log.append(events);
    const again = await context.log.append([...events].reverse());
    expect(again.outcomes).toEqual(events.map(() => ({ outcome: 'duplicate' })));
    expect(again.added).toEqual([]);
    // Another order of members is the same event: a broker may re-order them.
    const { data, ...rest } = events[2]!;
    expect(await outcomesOf([{ data, ...rest } as BankEvent])).toEqual(['duplicate']);
    const other = await context.open();
    expect(await outcomesOf([...events, eventOf(id, 4)], other)).toEqual([
      'duplicate',
      'duplicate',
      'duplicate',
      'appended',
    ]);
    await other.close();
  });
}

function refusing(context: LogContext): void {
  const { outcomesOf } = context;

  test('given an event twice in one batch, then it goes in once', async () => {
    const id = newAccount();
    const twice = [eventOf(id, 1), eventOf(id, 1), eventOf(id, 1, { commandId: 'other' })];
    const { outcomes } = await context.log.append([...twice, eventOf(id, 2)]);
    const [{ position }] = (await context.log.readStream(id, 1, 10)) as [LogEntry];
    expect(outcomes.slice(0, 2)).toEqual([
      { outcome: 'appended', position },
      { outcome: 'duplicate' },
    ]);
    expect(outcomes.slice(2).map(({ outcome }) => outcome)).toEqual(['fork', 'fork']);
  });

  test('given a missing version, when later ones come, then only they wait', async () => {
    const [behind, fine] = [newAccount(), newAccount()];
    await context.log.append([eventOf(behind, 1)]);
    const late = [eventOf(behind, 3), eventOf(behind, 4)];
    const others = [eventOf(fine, 1), eventOf(newAccount(), 2)];
    const { outcomes } = await context.log.append([...late, ...others]);
    expect(outcomes[0]).toEqual({ outcome: 'gap', latestVersion: 1 });
    expect(outcomes[1]).toEqual({ outcome: 'gap', latestVersion: 1 });
    expect(outcomes[2]!.outcome).toBe('appended');
    expect(outcomes[3]).toEqual({ outcome: 'gap', latestVersion: 0 });
    expect(await outcomesOf([eventOf(behind, 2), ...late])).toEqual(Array(3).fill('appended'));
  });

  test('given an event, when another has its version, then it never goes in', async () => {
    const id = newAccount();
    await context.log.append(eventsOf(id, 1, 2));
    const other = eventOf(id, 2, { amount: '9.00', description: 'a secret' });
    const { outcomes } = await context.log.append([other, eventOf(id, 3)]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['fork', 'fork']);
    const why = outcomes.map((one) => (one.outcome === 'fork' ? one.why : ''));
    expect(why[0]).toContain(digestOf(eventOf(id, 2)));
    expect(why.join()).not.toContain('secret');
    expect(await context.log.latestVersions([id])).toEqual([2]);
    expect((await context.log.readStream(id, 2, 10)).map(parse)).toEqual([eventOf(id, 2)]);
  });

  test.each(['this process', 'another one'])(
    'given an event that follows another one than %s has logged, then it is a fork',
    async (who) => {
      const id = newAccount();
      await context.log.append(eventsOf(id, 1, 2));
      const log = who === 'this process' ? context.log : await context.open();
      const mine = eventOf(id, 2, { amount: '9.00' });
      const next = eventOf(id, 3, { prev: digestOf(mine) });
      const fine = eventOf(newAccount(), 1);
      expect(await outcomesOf([next, fine, eventOf(id, 3)], log)).toEqual([
        'fork',
        'appended',
        'fork',
      ]);
      expect(await outcomesOf([eventOf(id, 3)], log)).toEqual(['appended']);
      if (log !== context.log) await log.close();
    },
  );

  test('given a stream in quarantine, then nothing new of it goes in', async () => {
    const [id, fine] = [newAccount(), newAccount()];
    await context.log.append(eventsOf(id, 1, 2));
    const refused = (stream: StreamId) => (stream === id ? 'it is in quarantine' : undefined);
    const batch = [eventOf(id, 2), eventOf(id, 3), eventOf(fine, 1)];
    const { outcomes } = await context.log.append(batch, refused);
    expect(outcomes.slice(0, 2)).toEqual([
      { outcome: 'duplicate' },
      { outcome: 'fork', why: 'it is in quarantine' },
    ]);
    expect(outcomes[2]!.outcome).toBe('appended');
  });
}

function finding(context: LogContext): void {
  test('given events of several streams, then they and their digests are found', async () => {
    const [id, other] = [newAccount(), newAccount()];
    const events = eventsOf(id, 1, 3);
    await context.log.append([...events, eventOf(other, 1)]);
    const places = [
      { stream: id, version: 3 },
      { stream: id, version: 1 },
      { stream: other, version: 2 },
      { stream: newAccount(), version: 1 },
      { stream: other, version: 1 },
    ];
    const expected = [events[2]!, events[0]!, undefined, undefined, eventOf(other, 1)];
    for (const log of [context.log, await context.open()]) {
      expect(await log.digests(places)).toEqual(expected.map((event) => event && digestOf(event)));
      const found = await log.find(places);
      expect(found.map((entry) => entry && parse(entry))).toEqual(expected);
      if (log !== context.log) await log.close();
    }
  });
}

function racing(context: LogContext): void {
  const { outcomesOf } = context;

  test('given 20 writers of one version, then exactly one wins', async () => {
    const id = newAccount();
    await context.log.append([eventOf(id, 1)]);
    const logs = await Promise.all(Array.from({ length: 20 }, context.open));
    for (let version = 2; version <= 6; version += 1) {
      const prev = (await logs[0]!.digests([{ stream: id, version: version - 1 }]))[0]!;
      const results = await Promise.all(
        logs.map((each, index) => {
          const commandId = `writer-${index}-${version}`;
          return outcomesOf([eventOf(id, version, { commandId, prev })], each);
        }),
      );
      expect(results.flat().sort()).toEqual(['appended', ...Array<string>(19).fill('fork')]);
    }
    await context.log.check();
    const stream = await context.log.readStream(id, 1, 100);
    expect(stream.map((entry) => parse(entry).version)).toEqual([1, 2, 3, 4, 5, 6]);
    await Promise.all(logs.map((each) => each.close()));
  });
}

function versions(context: LogContext): void {
  test('given a stream, then its versions are read, and one that lacks is missed', async () => {
    const id = newAccount();
    const events = eventsOf(id, 1, 9);
    await context.outcomesOf(events);
    const found = await context.log.readVersions(id, [9, 1, 5, 5]);
    expect(found.map(parse)).toEqual([9, 1, 5, 5].map((version) => events[version - 1]));
    expect(await context.log.readVersions(id, [])).toEqual([]);
    await expect(context.log.readVersions(id, [1, 10])).rejects.toThrow('is missing');
  });
}

function timing(context: LogContext): void {
  test('given events, then the last until a time is found, also of one instant', async () => {
    const id = newAccount();
    const moment = (seconds: number) => 1_790_000_000_000 + 1_000 * seconds;
    // More than fit between two probes, with many events of one instant.
    const seconds = [0, 0, 1, 5, 5, 5, 9, ...Array.from({ length: 201 }, () => 13), 20, 20];
    const events = linked(
      eventsOf(id, 1, seconds.length).map((event, index) => ({
        ...event,
        at: new Date(moment(seconds[index]!)).toISOString(),
      })),
    );
    const half = events.length / 2;
    await context.outcomesOf(events.slice(0, half));
    await context.outcomesOf(events.slice(half));
    const { log } = context;
    const found: (number | undefined)[] = [];
    for (let second = -1; second <= 21; second += 1) {
      const { entry, latestVersion } = await lastUntil(log, id, moment(second));
      expect(latestVersion).toBe(seconds.length);
      found.push(entry && parse(entry).version);
    }
    const expected = found.map((_, index) => seconds.filter((at) => at <= index - 1).length);
    expect(found.map((version) => version ?? 0)).toEqual(expected);
    expect(await lastUntil(log, newAccount(), moment(0))).toEqual({
      entry: undefined,
      latestVersion: 0,
    });
  });
}

function reading(context: LogContext): void {
  const { outcomesOf, readAll } = context;

  test('given random batches, then every page size reads the same log', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    console.log(`SEED=${seed}`);
    const random = randomOf(seed);
    const start = context.log.head();
    const versions = new Map(Array.from({ length: 20 }, () => [newAccount(), 0]));
    const expected: BankEvent[] = [];
    for (let batch = 0; batch < 30; batch += 1) {
      const events = Array.from({ length: 1 + Math.floor(random() * 40) }, () => {
        const id = [...versions.keys()][Math.floor(random() * versions.size)]!;
        versions.set(id, versions.get(id)! + 1);
        return eventOf(id, versions.get(id)!);
      });
      expected.push(...events);
      expect(new Set(await outcomesOf(events))).toEqual(new Set(['appended']));
    }
    for (const limit of [1_000, 7, 1 + Math.floor(random() * 90)]) {
      const read = await readAll(start, limit);
      expect(read.map(parse)).toEqual(expected);
      const positions = read.map(({ position }) => position);
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      // From anywhere, also from between two pages of somebody else.
      const cut = Math.floor(random() * read.length);
      const few = await context.log.readAfter(read[cut]!.position, 5);
      expect(few).toEqual(read.slice(cut + 1, cut + 6));
      // Up to anywhere, also to where nothing is.
      const end = cut + Math.floor(random() * (read.length - cut));
      for (const until of [read[end]!.position, (read[end + 1]?.position ?? Infinity) - 1]) {
        const some = await context.log.readAfter(read[cut]!.position, 1_000, until);
        expect(some).toEqual(read.slice(cut + 1, end + 1));
      }
    }
    expect(await context.log.latestVersions([...versions.keys()])).toEqual([...versions.values()]);
  });

  test('given the largest batch of large events, then pages stay within their bytes', async () => {
    const start = context.log.head();
    const description = 'ž'.repeat(5_000);
    const events = Array.from({ length: APPEND_EVENTS_MAX }, () =>
      eventOf(newAccount(), 1, { amount: '1.00', description }),
    );
    expect(new Set(await outcomesOf(events))).toEqual(new Set(['appended']));
    const page = await context.log.readAfter(start, 1_000);
    const bytes = page.reduce((sum, { json }) => sum + json.length, 0);
    expect(bytes).toBeLessThanOrEqual(PAGE_BYTES_MAX);
    expect((await readAll(start, 1_000)).map(parse)).toEqual(events);
  });
}
