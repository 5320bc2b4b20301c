import {
  integrationEventOf,
  type IntegrationEvent,
} from '../../contracts/log/integration-events.ts';
import { eventOf, newAccount } from '../log/events-for-tests.ts';
import type { EventStream } from './event-stream.ts';

const account = newAccount();

/** Integration events `from` to `to`, whose positions are ten times their number. */
const messagesOf = (from: number, to: number): IntegrationEvent[] =>
  Array.from({ length: to - from + 1 }, (_, at) => {
    const event = eventOf(account, from + at);
    return integrationEventOf(event, 10 * (from + at), '/bank-under-test');
  });

export interface StreamUnderTest {
  readonly stream: EventStream;
  /** All that the stream holds now, oldest first. */
  readonly stored: () => Promise<readonly IntegrationEvent[]>;
  /** Takes every message away, as retention does. */
  readonly expire: () => Promise<void>;
}

/** What every stream of integration events must do, in memory and on the broker alike. */
export function eventStreamContract(make: () => Promise<StreamUnderTest>): void {
  let under: StreamUnderTest;
  beforeAll(async () => {
    under = await make();
  });
  afterAll(() => under.stream.close());
  const lastOf = (number: number) => ({ id: `${account}/${number}`, position: 10 * number });

  test('given nothing was stored, then it ends before the first message', async () => {
    expect(await under.stream.end()).toEqual({ sequence: 0 });
  });

  test('given batches, then they are kept in order and the end is reported', async () => {
    await under.stream.append(0, messagesOf(1, 1));
    await under.stream.append(1, messagesOf(2, 300));
    expect(await under.stream.end()).toEqual({ sequence: 300, last: lastOf(300) });
    expect(await under.stored()).toEqual(messagesOf(1, 300));
  });

  test.each([
    ['leaves a hole', 302, 304],
    ['is there already', 299, 300],
    ['was there long ago', 1, 5],
  ])('given a batch that %s, then none of it is stored', async (_what, from, to) => {
    await expect(under.stream.append(from - 1, messagesOf(from, to))).rejects.toThrow();
    expect(await under.stream.end()).toEqual({ sequence: 300, last: lastOf(300) });
  });

  test('given a batch that is there in part, then only the rest is stored', async () => {
    await under.stream.append(298, messagesOf(299, 302));
    expect(await under.stored()).toEqual(messagesOf(1, 302));
  });

  test('given two publishers at once, then every message is there once, in order', async () => {
    const one = under.stream.append(302, messagesOf(303, 310));
    const other = under.stream.append(302, messagesOf(303, 306));
    await Promise.allSettled([one, other]);
    expect(await under.stored()).toEqual(messagesOf(1, 310));
  });

  test('given retention took all, then their number is still told, and it goes on', async () => {
    await under.expire();
    expect(await under.stream.end()).toEqual({ sequence: 310 });
    await under.stream.append(310, messagesOf(311, 311));
    expect(await under.stream.end()).toEqual({ sequence: 311, last: lastOf(311) });
  });
}
