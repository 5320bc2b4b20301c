import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { EventLog, LogEntry } from './event-log.ts';
import { digestOf, eventOf, eventsOf, jointly, linked } from './events-for-tests.ts';
import { newAccount, randomOf } from './events-for-tests.ts';

/** A log under test, and how its contracts speak to it. */
export interface LogContext {
  readonly open: () => Promise<EventLog>;
  log: EventLog;
  outcomesOf(events: BankEvent[], on?: EventLog): Promise<string[]>;
  readAll(after: number, limit: number): Promise<LogEntry[]>;
}

const parse = (entry: LogEntry) => JSON.parse(entry.json.toString()) as BankEvent;

/** What is joint enters the log together, or waits together. */
export function jointEventsContract(context: LogContext): void {
  const { outcomesOf } = context;
  const versions = (...ids: StreamId[]): Promise<number[]> => context.log.latestVersions(ids);
  const opened = async (): Promise<[StreamId, StreamId]> => {
    const [anna, ben] = [newAccount(), newAccount()];
    await context.log.append([eventOf(anna, 1), eventOf(ben, 1)]);
    return [anna, ben];
  };

  test('given joint events, then they stand side by side, whatever comes between', async () => {
    const [anna, ben] = await opened();
    const legs = jointly([eventOf(anna, 2), eventOf(ben, 3)]);
    const [more] = [eventOf(newAccount(), 1)];
    const { added } = await context.log.append([legs[0]!, more!, eventOf(ben, 2), legs[1]!]);
    expect(added.map(parse)).toEqual([more, eventOf(ben, 2), ...legs]);
    expect(added[3]!.position - added[2]!.position).toBe(1);
    expect(await outcomesOf(legs)).toEqual(['duplicate', 'duplicate']);
    expect(await outcomesOf([legs[1]!])).toEqual(['duplicate']);
    const next = linked([...legs, eventOf(anna, 3), eventOf(ben, 4)]).slice(2);
    expect(await outcomesOf(next)).toEqual(['appended', 'appended']);
  });

  test('given one that must wait, then the others wait too, and so does who follows', async () => {
    const [anna, ben] = await opened();
    const legs = jointly([eventOf(anna, 2), eventOf(ben, 3)]);
    const [follower] = linked([legs[0]!, eventOf(anna, 3)]).slice(1);
    const fine = eventOf(newAccount(), 1);
    expect(await outcomesOf([...legs, follower!, fine])).toEqual(['gap', 'gap', 'gap', 'appended']);
    expect(await versions(anna, ben)).toEqual([1, 1]);
    expect(await outcomesOf([legs[0]!])).toEqual(['gap']);
    expect(await outcomesOf([...legs, follower!, eventOf(ben, 2)])).toEqual(
      Array(4).fill('appended'),
    );
    expect(await versions(anna, ben)).toEqual([3, 3]);
  });

  test('given one that is a fork, then none goes in', async () => {
    const [anna, ben] = await opened();
    await context.log.append([eventOf(ben, 2)]);
    const legs = jointly([eventOf(anna, 2), eventOf(ben, 2, { amount: '5.00' })]);
    expect(await outcomesOf(legs)).toEqual(['fork', 'fork']);
    expect(await versions(anna, ben)).toEqual([1, 2]);
    const refused = (stream: StreamId) => (stream === ben ? 'it is in quarantine' : undefined);
    const others = jointly([eventOf(anna, 2), eventOf(ben, 3)]);
    const { outcomes } = await context.log.append(others, refused);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['fork', 'fork']);
    expect(await versions(anna, ben)).toEqual([1, 2]);
  });

  test('given a part of them in the log already, then the rest is a fork', async () => {
    const [anna, ben] = await opened();
    const legs = jointly([eventOf(anna, 2), eventOf(ben, 2)]);
    const three = legs.map((leg) => ({ ...leg, joint: { ...leg.joint!, events: 1 } }));
    await context.log.append([three[0] as BankEvent]);
    expect(await outcomesOf([three[0] as BankEvent, legs[1]!])).toEqual(['fork', 'fork']);
  });

  test('given a command of several events of one stream, then it goes in whole', async () => {
    const [anna] = await opened();
    const events = jointly(eventsOf(anna, 2, 4));
    expect(await outcomesOf([...events, ...events])).toEqual([
      ...Array<string>(3).fill('appended'),
      ...Array<string>(3).fill('duplicate'),
    ]);
    expect(await outcomesOf(events.slice(1))).toEqual(['duplicate', 'duplicate']);
  });
}

/** Whatever the broker does, the log is whole in the end. */
export function deliveriesContract(context: LogContext): void {
  test('given messages late, repeated and in any order, then the log is whole', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    console.log(`SEED=${seed}`);
    const next = randomOf(seed);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)]!;
    const ids = Array.from({ length: 5 }, newAccount);
    const start = context.log.head();
    const versions = new Map(ids.map((id) => [id, 0]));
    const grow = (id: StreamId): BankEvent => {
      versions.set(id, versions.get(id)! + 1);
      return eventOf(id, versions.get(id)!);
    };
    const plain = Array.from({ length: 60 }, () => {
      const one = grow(pick(ids));
      if (next() < 0.5) return [one];
      const others = ids.filter((id) => id !== one.stream && next() < 0.4).map(grow);
      const all = [one, ...others];
      const joint = { id: one.id, events: all.length };
      return all.length === 1 ? all : all.map((event) => ({ ...event, joint }) as BankEvent);
    });
    const flat = linked(plain.flat());
    let open = plain.map((unit) => flat.splice(0, unit.length));
    for (let append = 0; append < 2_000 && open.length > 0; append += 1) {
      const batch = Array.from({ length: 1 + Math.floor(next() * 8) }, () => pick(open));
      const { outcomes } = await context.log.append(batch.flat());
      const seen = outcomes.map(({ outcome }) => outcome);
      expect(seen).not.toContain('fork');
      let at = 0;
      const told = batch.map((unit) => seen.slice(at, (at += unit.length)));
      for (const outcome of told) expect(new Set(outcome.map((one) => one === 'gap')).size).toBe(1);
      const kept = next() < 0.2;
      const done = batch.filter((_, index) => !told[index]!.includes('gap'));
      if (!kept) open = open.filter((unit) => !done.includes(unit));
    }
    expect(open).toEqual([]);
    expect(await context.log.latestVersions(ids)).toEqual(ids.map((id) => versions.get(id)));
    const read = (await context.readAll(start, 1_000)).map(parse);
    expect(read).toHaveLength(plain.flat().length);
    const last = new Map<string, string>();
    for (const event of read) {
      expect(event.prev).toBe(last.get(event.stream));
      last.set(event.stream, digestOf(event));
    }
  });
}
