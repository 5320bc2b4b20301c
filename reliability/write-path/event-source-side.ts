import { alarmBook } from '../../event-source/alarms.ts';
import { appender, type Appender } from '../../event-source/intake/appender.ts';
import { readDelivery } from '../../event-source/intake/deliveries.ts';
import { eventOfEntry, type EventLog } from '../../event-source/log/event-log.ts';
import {
  memoryQuarantine,
  openQuarantine,
  type Quarantine,
} from '../../event-source/quarantine.ts';
import type { LogDigests } from '../../bank-account-actor/outbox/relay.ts';
import type { LogReader } from '../../bank-account-actor/turn/facts.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { AccountEventsMessage } from '../../contracts/log/topics.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { IsSigned } from '../../platform/signatures.ts';
import type { Logger } from '../../platform/logger.ts';
import type { House } from './house.ts';
import { isHostSigned } from './signing.ts';
import { newLife, WALL_START, type Life } from './timeline.ts';

const REDELIVER_AFTER_MS = 3_000;

type Verdict = Awaited<ReturnType<Appender['deliver']>>;
export type EventSourceSide = Awaited<ReturnType<typeof createEventSourceSide>>;

/** The broker, and event-source with its real appender on a log in memory that it shares. */
export async function createEventSourceSide(house: House, log: EventLog, logger: Logger) {
  const { timeline, chance, weather, link, judge, seen, bug } = house;
  const store = memoryQuarantine();
  /** What was let go with an alarm, which may be over again. */
  const alarmed = new Set<string>();
  const alarms = alarmBook(logger, ({ subject }) => alarmed.add(subject));
  let life = newLife('source0');
  let quarantine: Quarantine = await openQuarantine(store, timeline.now);
  let current: Appender = newAppender(life);
  let starts = 0;

  /** The log over a way on which calls get lost, for one life of event-source. */
  function newAppender(own: Life): Appender {
    const far: EventLog = {
      ...log,
      append: (events, refused) =>
        link(own, `append ${events.length}`, async () => {
          const result = await log.append(events, refused);
          judge.appended(result.added.map((entry) => ({ ...entry, event: eventOfEntry(entry) })));
          return result;
        }),
    };
    const now = () => WALL_START + timeline.now();
    return appender({
      log: far,
      feed: { offer: () => undefined },
      quarantine,
      alarms,
      logger,
      now,
    });
  }
  const restart = (): void => {
    if (life.isAlive) return;
    starts += 1;
    life = newLife(`source${starts}`);
    const own = life;
    void openQuarantine(store, timeline.now).then((opened) => {
      if (own !== life) return;
      quarantine = opened;
      current = newAppender(own);
    });
  };
  const crash = (): void => {
    if (!life.isAlive) return;
    life.isAlive = false;
    seen('event-source crash');
    timeline.note(() => `${life.name} crashes`);
    timeline.after(chance.between(50, 2_500), restart);
  };

  /** As event-source takes what the broker brings. */
  const take = async (data: string): Promise<Verdict> => {
    const isSigned: IsSigned = bug === 'take what no host signed' ? () => true : isHostSigned;
    const body = Buffer.from(JSON.stringify({ id: '1', data }));
    const [own, parts] = [current, { alarms, quarantine, isSigned }];
    return own.deliver(await readDelivery(body, parts));
  };
  /** The same events as if other commands had made them, from somebody who is no host. */
  const deliverForged = (text: string): void => {
    if (!life.isAlive) return;
    const message = JSON.parse(text) as AccountEventsMessage;
    const events = message.events.map((event) => ({ ...event, commandId: 'forged' }));
    seen('forged message');
    void take(JSON.stringify({ ...message, events })).catch(() => undefined);
  };
  const deliver = (text: string): void => {
    let isOver = false;
    const again = (ms: number): void => {
      if (isOver) return;
      isOver = true;
      timeline.after(ms, () => deliver(text));
    };
    if (!life.isAlive) return again(300);
    const own = life;
    const { events } = JSON.parse(text) as AccountEventsMessage;
    timeline.note(() => `${own.name} is brought ${placesOf(events)}`);
    // The broker brings again what nobody answered in time.
    timeline.after(REDELIVER_AFTER_MS, () => again(0), undefined, true);
    const held = judge.mayBeHeld(events);
    const said = bug === 'acknowledge before the append' ? 'done' : undefined;
    const verdict = take(text);
    void (said === undefined ? verdict : Promise.resolve(said)).then((answered) => {
      if (!own.isAlive || isOver) return;
      if (chance.hits(weather.crashes)) return crash();
      if (answered === 'retry') return again(chance.between(200, 1_000));
      isOver = true;
      const isLetGo = (stream: string): boolean =>
        alarmed.has(stream) || quarantine.why(stream as StreamId) !== undefined;
      judge.acknowledgedToBroker(events, held, isLetGo);
    });
  };
  const accept = (text: string): void => {
    const fate = chance.hits(weather.faults)
      ? chance.weighted({ lost: 2, twice: 2, delayed: 3 })
      : 'fine';
    if (fate !== 'fine') seen(`broker ${fate}`);
    if (fate === 'lost') return;
    if (chance.hits(weather.faults * 0.2)) timeline.after(0, () => deliverForged(text));
    const slowMs = fate === 'delayed' ? 4_000 : 8;
    timeline.after(chance.between(1, slowMs), () => deliver(text));
    if (fate === 'twice') timeline.after(chance.between(1, 2_500), () => deliver(text));
  };

  /** What an actor host asks the log, and how it publishes. */
  const portsOf = (host: Life) => {
    const client: LogReader & LogDigests = {
      digests: (events) =>
        link(host, 'digests', async () => {
          const digests = (await log.digests(events)).map((digest) => digest ?? null);
          const streams = [...new Set(events.map(({ stream }) => stream))];
          const quarantined = streams.flatMap((stream) => {
            const reason = quarantine.why(stream);
            return reason === undefined ? [] : [{ stream, reason }];
          });
          return { digests, quarantined };
        }),
      read: (events) =>
        link(host, 'read', async () =>
          (await log.find(events)).map((entry) =>
            entry === undefined ? null : eventOfEntry(entry),
          ),
        ),
    };
    return {
      log: client,
      publish: (message: string) =>
        link(host, 'publish', () => {
          accept(message);
          return Promise.resolve();
        }),
    };
  };
  return { portsOf, crash, restart };
}

const placesOf = (events: readonly BankEvent[]): string =>
  events
    .map(({ stream, version, joint }) => {
      const together = joint === undefined ? '' : ` (${joint.events} of ${joint.id.slice(-6)})`;
      return `${stream.slice(0, 4)}..${stream.slice(-4)}/${version}${together}`;
    })
    .join(', ');
