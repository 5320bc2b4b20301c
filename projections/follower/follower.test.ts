import { setTimeout as sleep } from 'node:timers/promises';
import type { Checkpoint } from '../../contracts/account/read-models.ts';
import type { PositionedEvent } from '../../contracts/log/topics.ts';
import { Follower, pushBuffer } from './follower.ts';
import { LogFault, type LogEntry, type LogSource, type Projection } from './projection.ts';
import { logForTests, randomLog, randomOf, seedOfRun, sourceOf } from '../events-for-tests.ts';

const PACE = { spacingMs: 1, pollMs: 20, retryMs: 2, retryMsMax: 10 };

/** Remembers what it was given. */
function recorder(from: Checkpoint = { position: 0, lastEventId: '', events: 0 }) {
  const applied: LogEntry[] = [];
  const faults: Error[] = [];
  const projection: Projection = {
    restore: async () => from,
    async apply(entries) {
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      applied.push(...entries);
    },
    rest: async () => undefined,
    flush: async () => undefined,
    setAside: () => [],
  };
  return { applied, faults, projection };
}

const alarms: string[] = [];
const report = {
  info: () => undefined,
  warn: () => undefined,
  error: (message: string) => void alarms.push(message),
};

const followers: Follower[] = [];
const follow = (projection: Projection, source: LogSource, pace = PACE): Follower => {
  const follower = new Follower(projection, source, report, pace);
  followers.push(follower);
  return follower;
};
afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.end()));
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 1_000) throw new Error('it never came');
    await sleep(2);
  }
}

const logOf = (count: number) => {
  const log = logForTests();
  log.open(log.id(1));
  while (log.entries.length < count) log.deposit(log.id(1), 100n);
  return log;
};

const checkpointAt = ({ position, event }: PositionedEvent, events: number): Checkpoint => ({
  position,
  lastEventId: event.id,
  events,
});

test('given a log, a new follower pulls all of it in order, page by page', async () => {
  const log = logOf(2_500);
  const { applied, projection } = recorder();
  const follower = follow(projection, sourceOf(log));
  await until(() => follower.caughtUp());
  expect(applied).toEqual(log.entries);
  expect(follower.status()).toMatchObject({
    state: 'following',
    checkpoint: log.entries.at(-1)?.position,
    lagMs: 0,
    eventsApplied: 2_500,
  });
});

test('a push that continues the position is applied without a pull', async () => {
  const log = logOf(10);
  const source = sourceOf({ entries: log.entries.slice(0, 10) });
  const { applied, projection } = recorder();
  const follower = follow(projection, source, { ...PACE, pollMs: 60_000 });
  await until(() => follower.caughtUp() && applied.length === 10);
  const { pulls } = source;
  log.deposit(log.id(1), 5n);
  follower.push(log.message(10));
  await until(() => applied.length === 11);
  expect(source.pulls).toBe(pulls);
});

test('random pushes, lost, doubled, torn, out of order: applied once each, in order', async () => {
  const seed = seedOfRun();
  const random = randomOf(seed);
  const log = randomLog(random, 3_000, 50);
  const there: typeof log.entries = [];
  const { applied, projection } = recorder();
  const follower = follow(projection, sourceOf({ entries: there }));
  while (there.length < log.entries.length) {
    const from = there.length;
    there.push(...log.entries.slice(from, from + 1 + random(40)));
    const message = log.message(from, there.length);
    const fate = random(5);
    if (fate < 3) follower.push(message);
    if (fate === 1) follower.push(message);
    if (fate === 2) follower.push(log.message(Math.max(0, from - random(60)), there.length));
    if (random(4) === 0) await sleep(1);
  }
  await until(() => applied.length >= log.entries.length);
  expect({ seed, same: applied.every((entry, at) => entry === log.entries[at]) }).toEqual({
    seed,
    same: true,
  });
  expect(applied).toHaveLength(log.entries.length);
});

test('when writing fails it tries the same entries again and says why it waits', async () => {
  const log = logOf(5);
  const { applied, faults, projection } = recorder();
  faults.push(new Error('MongoDB is away'), new Error('MongoDB is away'));
  const follower = follow(projection, sourceOf(log));
  await until(() => follower.status().reason === 'MongoDB is away');
  await until(() => applied.length === 5);
  await until(() => follower.status().state === 'following');
});

test('when the log contradicts itself it stops for good, with an alarm', async () => {
  const log = logOf(5);
  const { applied, faults, projection } = recorder();
  faults.push(new LogFault('version 3 follows 1'));
  const follower = follow(projection, sourceOf(log));
  await until(() => follower.status().state === 'stopped');
  follower.push(log.message(0));
  await sleep(30);
  expect(applied).toEqual([]);
  expect(follower.status().reason).toBe('version 3 follows 1');
  expect(alarms).toContain('ALARM: the projection stopped');
});

test.each([
  ['is empty', 0, 10],
  ['is shorter', 5, 10],
  ['has another event there', 20, 3],
])('a log that %s is not taken for the one that was followed', async (_what, length, from) => {
  const before = logOf(10);
  const other = logForTests({ firstSerial: 500 });
  if (length > 0) other.open(other.id(1));
  while (other.entries.length < length) other.deposit(other.id(1), 7n);
  const { applied, projection } = recorder(checkpointAt(before.entries[from - 1]!, from));
  const follower = follow(projection, sourceOf(other));
  await until(() => follower.status().state === 'stopped');
  expect(follower.status().reason).toMatch(/this is another log, or it was cut/);
  expect(applied).toEqual([]);
});

test('a log that is cut while it is followed is noticed', async () => {
  const log = logOf(10);
  const there = [...log.entries];
  const { projection } = recorder();
  const follower = follow(projection, sourceOf({ entries: there }));
  await until(() => follower.caughtUp());
  there.splice(4);
  await until(() => follower.status().state === 'stopped');
});

test('a log that does not know its own end yet is waited for', async () => {
  const log = logOf(10);
  const source = sourceOf(log);
  let asleep = false;
  const sleepy: LogSource = {
    async readAfter(position, limit) {
      const page = await source.readAfter(position, limit);
      return asleep ? { ...page, head: 0 } : page;
    },
  };
  const { projection } = recorder();
  const follower = follow(projection, sleepy);
  await until(() => follower.caughtUp());
  asleep = true;
  await until(() => follower.status().state === 'waiting');
  asleep = false;
  await until(() => follower.status().state === 'following');
});

test('a push of what the log does not have is not applied, nor always asked for', async () => {
  const log = logOf(10);
  const source = sourceOf({ entries: log.entries.slice(0, 5) });
  const { applied, projection } = recorder();
  const follower = follow(projection, source, { ...PACE, pollMs: 60_000 });
  await until(() => follower.caughtUp());
  follower.push(log.message(7));
  await until(() => source.pulls >= 2);
  await sleep(30);
  expect(applied).toHaveLength(5);
  expect(source.pulls).toBeLessThanOrEqual(3);
});

test('pushes beyond the bound are forgotten', () => {
  const log = logOf(30);
  const buffer = pushBuffer(20);
  buffer.add(log.message(0, 15));
  buffer.add(log.message(15, 30));
  expect(buffer.isEmpty()).toBe(true);
});
