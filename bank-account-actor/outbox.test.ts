import type { LoggedEvent } from '../contracts/events.ts';
import { OUTBOX_EVENTS_MAX, type AccountEventsMessage } from '../contracts/topics.ts';
import { ACCOUNT, STREAM, silent } from './actor-fixtures.ts';
import { createOutbox } from './outbox.ts';

const event = (version: number, commandId = `c${version}`): LoggedEvent => ({
  id: `acct/${ACCOUNT}/${version}`,
  stream: `acct/${ACCOUNT}`,
  version,
  type: 'money-deposited',
  schema: 1,
  commandId,
  commandHash: 'h',
  at: '2026-01-02T03:04:05.678Z',
  data: {
    amount: '1.00',
    currency: 'CZK' as never,
    balance: { ledger: '1.00', held: '0.00', available: '1.00' },
  },
});
const range = (from: number, to: number): LoggedEvent[] =>
  Array.from({ length: to - from + 1 }, (_unused, index) => event(from + index));
const soon = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

function outboxFor(
  publish: (message: AccountEventsMessage) => Promise<void>,
  head = () => 0,
  confirmedWithinMs = 40,
) {
  let at = 0;
  const ports = { publish, head: () => Promise.resolve(head()), now: () => at, logger: silent };
  const outbox = createOutbox(ports, { everyMs: 10, confirmedWithinMs });
  return { outbox, pass: (ms: number) => void (at += ms) };
}

test('given events that come soon after others, they travel together in one message', async () => {
  const sent: number[][] = [];
  const { outbox } = outboxFor(async ({ events }) => {
    sent.push(events.map(({ version }) => version));
    await soon(5);
  });
  outbox.add(STREAM, range(1, 1));
  await soon(5);
  outbox.add(STREAM, range(2, 2));
  outbox.add(STREAM, range(3, 4));
  await soon(150);
  expect(sent).toEqual([[1], [2, 3, 4]]);
});

test('given a message that the log has not confirmed, the next one waits and grows', async () => {
  const sent: number[][] = [];
  const publish = ({ events }: AccountEventsMessage): Promise<void> => {
    sent.push(events.map(({ version }) => version));
    return Promise.resolve();
  };
  const { outbox } = outboxFor(publish, () => 0, 5_000);
  outbox.add(STREAM, range(1, 2));
  await soon(5);
  outbox.add(STREAM, range(3, 3));
  await soon(50);
  outbox.confirm(`acct/${ACCOUNT}`, 1);
  outbox.add(STREAM, range(4, 4));
  await soon(50);
  expect(sent).toEqual([[1, 2]]);
  outbox.confirm(`acct/${ACCOUNT}`, 2);
  await soon(50);
  expect(sent).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('given a broker that refuses, the events are published again in order', async () => {
  let fail = true;
  const sent: number[] = [];
  const { outbox } = outboxFor(({ events }) => {
    if (fail) {
      fail = false;
      return Promise.reject(new Error('away'));
    }
    sent.push(...events.map(({ version }) => version));
    return Promise.resolve();
  });
  outbox.add(STREAM, range(1, 3));
  await soon(500);
  expect(sent).toEqual([1, 2, 3]);
});

test('given more events than a message may hold, a command is never torn apart', async () => {
  const sizes: number[] = [];
  const { outbox } = outboxFor(({ events }) => {
    sizes.push(events.length);
    return Promise.resolve();
  });
  const events = range(1, OUTBOX_EVENTS_MAX + 1);
  events[OUTBOX_EVENTS_MAX] = event(OUTBOX_EVENTS_MAX + 1, `c${OUTBOX_EVENTS_MAX}`);
  outbox.add(STREAM, events);
  await soon(150);
  expect(sizes).toEqual([OUTBOX_EVENTS_MAX - 1, 2]);
});

test('given events with much beside the money, no message is too large to publish', async () => {
  const sizes: number[] = [];
  const versions: number[] = [];
  const { outbox } = outboxFor(({ events }) => {
    sizes.push(JSON.stringify(events).length);
    versions.push(...events.map(({ version }) => version));
    return Promise.resolve();
  });
  const heavy = range(1, 100).map((one) => {
    const metadata = Object.fromEntries(
      Array.from({ length: 20 }, (_unused, at) => [`k${at}`, 'x'.repeat(2_000)]),
    );
    return { ...one, data: { ...one.data, metadata } } as LoggedEvent;
  });
  outbox.add(STREAM, heavy);
  while (versions.length < 100) await soon(20);
  expect(Math.max(...sizes)).toBeLessThan(1_100_000);
  expect(versions).toEqual(heavy.map(({ version }) => version));
});

test('given a confirmation, exactly what the log has leaves the outbox', () => {
  const { outbox } = outboxFor(() => Promise.resolve());
  outbox.add(STREAM, range(1, 5));
  outbox.confirm(`acct/${ACCOUNT}`, 3);
  expect(outbox.firstUnconfirmed(STREAM)).toBe(4);
  expect(outbox.size()).toBe(2);
  outbox.confirm(`acct/${ACCOUNT}`, 5);
  expect(outbox.firstUnconfirmed(STREAM)).toBeUndefined();
  expect(outbox.size()).toBe(0);
});

test('given a message that the broker lost, what the log lacks is published again', async () => {
  const sent: number[][] = [];
  const { outbox, pass } = outboxFor(
    ({ events }) => {
      sent.push(events.map(({ version }) => version));
      return Promise.resolve();
    },
    () => 1,
  );
  outbox.start();
  outbox.add(STREAM, range(1, 3));
  await soon(10);
  pass(5_000);
  await soon(700);
  outbox.stop();
  expect(sent).toEqual([
    [1, 2, 3],
    [2, 3],
  ]);
  expect(outbox.size()).toBe(2);
});

test('given events of an activation that the log has, nothing is published', async () => {
  let sent = 0;
  const publish = () => {
    sent += 1;
    return Promise.resolve();
  };
  const { outbox, pass } = outboxFor(publish, () => 3);
  outbox.start();
  pass(5_000);
  outbox.restore(STREAM, range(1, 3));
  await soon(700);
  outbox.stop();
  expect([sent, outbox.size()]).toEqual([0, 0]);
});
