import type { LogMessage } from '../../contracts/log/topics.ts';
import { logMessage } from '../../contracts/log/topics.ts';
import { createLogger } from '../../platform/logger.ts';
import { eventOf, newAccount } from '../log/events-for-tests.ts';
import type { LogEntry } from '../log/event-log.ts';
import { logFeed } from './log-feed.ts';

const logger = createLogger('test', 'error');
logger.silent = true;

const entry = (position: number, description = 'rent'): LogEntry => ({
  position,
  json: Buffer.from(JSON.stringify(eventOf(newAccount(), 1, { amount: '1.00', description }))),
});
const positions = ({ entries }: LogMessage): number[] => entries.map((one) => one.position);

describe('what followers are sent', () => {
  let sent: LogMessage[];
  let failures: number;
  const feed = () =>
    logFeed(async (message) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (failures > 0) {
        failures -= 1;
        throw new Error('no broker');
      }
      sent.push(logMessage.parse(JSON.parse(message.toString())));
    }, logger);

  beforeEach(() => {
    sent = [];
    failures = 0;
  });

  test('given batches while one is published, then the next message has them all', async () => {
    const told = feed();
    told.offer(0, [entry(10), entry(11)]);
    told.offer(11, [entry(20)]);
    told.offer(20, [entry(30), entry(31)]);
    await told.idle();
    expect(sent.map(positions)).toEqual([
      [10, 11],
      [20, 30, 31],
    ]);
    expect(sent.map(({ after }) => after)).toEqual([0, 11]);
  });

  test('given a hole between batches, then no message hides it', async () => {
    const told = feed();
    told.offer(0, [entry(10)]);
    told.offer(10, [entry(20)]);
    told.offer(25, [entry(30)]);
    await told.idle();
    expect(sent.map(({ after }) => after)).toEqual([0, 10, 25]);
  });

  test('given many large events, then no message is too large for the broker', async () => {
    const told = feed();
    const large = Array.from({ length: 700 }, (_, index) => entry(index + 1, 'x'.repeat(200)));
    told.offer(0, large);
    await told.idle();
    expect(sent.flatMap(positions)).toEqual(large.map(({ position }) => position));
    const bytes = sent.map((message) => JSON.stringify(message).length);
    expect(Math.max(...bytes)).toBeLessThan(700 * 1024);
    expect(sent.length).toBeGreaterThan(1);
  });

  test('given more bytes than may wait, then the oldest are left to the log', async () => {
    const raw: LogMessage[] = [];
    const told = logFeed(async (message) => {
      raw.push(JSON.parse(message.toString()) as LogMessage);
    }, logger);
    const large = Array.from({ length: 40 }, (_, index) =>
      entry(index + 1, 'x'.repeat(1024 * 1024)),
    );
    told.offer(0, large);
    await told.idle();
    expect(raw.length).toBeLessThan(40);
    expect(raw.flatMap(positions).at(-1)).toBe(40);
    expect(raw[0]!.after).toBe(positions(raw[0]!)[0]! - 1);
  });

  test('given a broker that fails once, then it is published again', async () => {
    failures = 1;
    const told = feed();
    told.offer(0, [entry(10)]);
    await told.idle();
    expect(sent.map(positions)).toEqual([[10]]);
  });

  test('given a broker that is away, then followers see by the next message', async () => {
    failures = 3;
    const told = feed();
    told.offer(0, [entry(10)]);
    await told.idle();
    told.offer(10, [entry(20)]);
    await told.idle();
    expect(sent).toMatchObject([{ after: 10 }]);
  });
});
