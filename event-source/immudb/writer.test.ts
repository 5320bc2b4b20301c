import { createLogger } from '../../platform/logger.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import { alarmBook } from '../alarms.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { candidateOf } from '../log/append-plan.ts';
import { LogUnavailable } from '../log/event-log.ts';
import { eventOf, jointly, newAccount } from '../log/events-for-tests.ts';
import { PreconditionFailed, type ImmudbClient } from './client.ts';
import { immudbTail } from './log-end.ts';
import { immudbLookups, type StreamEnd } from './reads.ts';
import type { Entry, SetRequest, TxEntry } from './wire.ts';
import { immudbWriter } from './writer.ts';

const silent = createLogger('test', 'error');
silent.silent = true;
const zero = Buffer.from([0]);

/** As much of immudb as an append asks; a write can be kept on its way. */
function database() {
  const entries = new Map<string, Entry>();
  const txs: { header: { id: number }; entries: TxEntry[] }[] = [];
  let isNextLate = false;
  let late: SetRequest | undefined;
  let comesWith = '';
  const apply = ({ KVs, preconditions }: SetRequest): { id: number } => {
    for (const one of preconditions) {
      const [key, must] =
        'keyMustExist' in one
          ? [one.keyMustExist.key, true]
          : [one.keyNotModifiedAfterTX.key, false];
      if (entries.has(key.toString()) !== must) throw new PreconditionFailed('not so');
    }
    const header = { id: txs.length + 2 };
    for (const { key, value } of KVs) {
      const rest = { metadata: null, expired: false, revision: 1 };
      entries.set(key.toString(), { tx: header.id, key, value, ...rest });
    }
    const raw = (one: Buffer): Buffer => Buffer.concat([zero, one]);
    const written = KVs.map(({ key, value }) => ({
      key: raw(key),
      value: raw(value),
      metadata: null,
    }));
    txs.push({ header, entries: written as unknown as TxEntry[] });
    return header;
  };
  const get = (key: string): Entry => {
    const found = entries.get(key);
    if (key === comesWith && late !== undefined) apply(late);
    if (key === comesWith) late = undefined;
    if (found === undefined) throw new Error('key not found');
    return found;
  };
  const calls: string[] = [];
  const call = async (name: string, request: never): Promise<unknown> => {
    calls.push(name);
    await Promise.resolve();
    switch (name) {
      case 'Set':
        if (!isNextLate) return apply(request);
        [isNextLate, late] = [false, request];
        throw new LogUnavailable('no answer');
      case 'Get':
        return get((request as { key: Buffer }).key.toString());
      case 'GetAll': {
        const { keys } = request as { keys: readonly Buffer[] };
        return { entries: keys.flatMap((key) => entries.get(key.toString()) ?? []) };
      }
      case 'Scan': {
        const { prefix } = request as { prefix: Buffer };
        const of = [...entries.values()].filter(({ key }) => key.indexOf(prefix) === 0);
        return { entries: of.slice(-1) };
      }
      case 'History':
        return { entries: [] };
      default: {
        const { initialTx } = request as { initialTx: number };
        return { txs: txs.filter(({ header }) => header.id >= initialTx) };
      }
    }
  };
  return {
    client: { call } as unknown as ImmudbClient,
    /** The next write is not answered, and done after this key was read. */
    delay: (key: string): void => void ([isNextLate, comesWith] = [true, key]),
    keys: (): string[] => [...entries.keys()],
    /** What was asked of it since this was called last. */
    calls: (): string[] => calls.splice(0),
  };
}

/** A process that writes; another one on the same database is that after a restart. */
function house({ client, ...rest } = database()) {
  const alarms = alarmBook(silent);
  const [ends, recent] = [boundedMap<StreamId, StreamEnd>(100), boundedMap<string, string>(100)];
  const lookups = immudbLookups(client, alarms, ends, recent);
  const tail = immudbTail(client, lookups, alarms, (id) => ends.delete(id));
  const trust = { rootOf: () => Buffer.alloc(32), wrote: () => undefined };
  const write = immudbWriter(client, lookups, tail, ends, recent, alarms, trust as never);
  const append = async (events: readonly BankEvent[]): Promise<string[]> => {
    const outcomes = await write(events.map(candidateOf));
    return outcomes.map((one) => (one.outcome === 'fork' ? one.why : one.outcome));
  };
  const lacks = async (stream: StreamId, version: number): Promise<boolean> =>
    (await lookups.digests([{ stream, version }]))[0] === undefined;
  return { append, lacks, alarms, ...rest };
}

// A thousand accounts were 7 s behind after a restart: each of these questions was asked of the
// database for each of them, and each message was written in vain first.
describe('given a process that was started again', () => {
  test('when events that it has are brought again, then it tells without a write', async () => {
    const before = database();
    const anna = newAccount();
    const events = [eventOf(anna, 1), eventOf(anna, 2)];
    await house(before).append(events);
    const { append, calls, alarms } = house(before);
    calls();
    expect(await append(events)).toEqual(['duplicate', 'duplicate']);
    expect(calls()).toEqual(['GetAll', 'Get', 'Get']);
    expect(alarms.list()).toEqual([]);
  });

  test.each([
    ['the first of a stream', 0, 1],
    ['the next of a stream', 2, 3],
    ['one far ahead', 2, 9],
    ['one far ahead in a stream that is not there', 0, 9],
  ])(
    'when it is asked about %s again and again, then the database is once',
    async (_what, has, asked) => {
      const before = database();
      const anna = newAccount();
      const events = Array.from({ length: has }, (_, index) => eventOf(anna, index + 1));
      await house(before).append(events);
      const { append, lacks, calls } = house(before);
      expect(await lacks(anna, asked)).toBe(true);
      calls();
      for (let again = 0; again < 5; again += 1) expect(await lacks(anna, asked)).toBe(true);
      expect(calls()).toEqual([]);
      await append([eventOf(anna, has + 1)]);
      expect(await lacks(anna, has + 1)).toBe(false);
      expect(await lacks(anna, has + 2)).toBe(true);
    },
  );
});

describe('given a write that is done while the next round reads what is there', () => {
  test('when it has two legs, then none is taken for a part without the other', async () => {
    const { append, delay, keys, alarms } = house();
    const [anna, ben] = [newAccount(), newAccount()];
    await append([eventOf(anna, 1), eventOf(ben, 1)]);
    const legs = jointly([eventOf(anna, 2), eventOf(ben, 2)]);
    delay(`${anna}/${'2'.padStart(16, '0')}`);
    expect(await append(legs)).toEqual(['duplicate', 'duplicate']);
    expect(keys()).toHaveLength(4);
    expect(alarms.list()).toEqual([]);
  });

  test('when it is a real fork, then that is reported all the same', async () => {
    const { append, delay } = house();
    const anna = newAccount();
    await append([eventOf(anna, 1)]);
    delay(`${anna}/${'2'.padStart(16, '0')}`);
    const other = eventOf(anna, 2, { amount: '9.00' });
    const [outcome] = await append([other]);
    expect(outcome).toBe('duplicate');
    expect(await append([eventOf(anna, 2)])).toEqual([expect.stringContaining('in the log')]);
  });
});
