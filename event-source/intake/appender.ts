import type { BankEvent } from '../../contracts/log/bank-events.ts';
import type { EventSignature } from '../../contracts/log/event-signatures.ts';
import type { StreamId } from '../../domain/ids.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Alarms } from '../alarms.ts';
import { candidateOf, unitsOf, type Candidate } from '../log/append-plan.ts';
import {
  APPEND_BYTES_MAX,
  APPEND_EVENTS_MAX,
  type EventLog,
  type Outcome,
  type SignedEvent,
} from '../log/event-log.ts';
import { heldEvents } from './held-events.ts';
import type { LogFeed } from '../feeds/log-feed.ts';
import { outcomeJudge, type Verdict } from './delivery-verdict.ts';
import type { Offence, Quarantine } from '../quarantine.ts';

/** What may wait for its append; more is sent back to the broker. */
const WAITING_MAX: Load = { events: 5_000, bytes: 32 * 1024 * 1024 };
/** The same of one stream, so that it leaves room for the others. */
const WAITING_OF_STREAM_MAX: Load = { events: 1_000, bytes: 8 * 1024 * 1024 };

/** What the appender needs; `now` is milliseconds since the epoch. */
export interface AppenderParts {
  readonly log: EventLog;
  readonly feed: Pick<LogFeed, 'offer'>;
  readonly quarantine: Quarantine;
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly now?: () => number;
}

interface Load {
  readonly events: number;
  readonly bytes: number;
}
const NO_LOAD: Load = { events: 0, bytes: 0 };
const sum = (one: Load, other: Load, sign: 1 | -1 = 1): Load => ({
  events: one.events + sign * other.events,
  bytes: one.bytes + sign * other.bytes,
});
const fits = (load: Load, most: Load): boolean =>
  load.events <= most.events && load.bytes <= most.bytes;
const loadOf = (events: readonly Candidate[]): Load => ({
  events: events.length,
  bytes: events.reduce((bytes, { json }) => bytes + json.length, 0),
});

interface Delivery {
  readonly events: readonly Candidate[];
  readonly load: Load;
  readonly streams: ReadonlyMap<StreamId, Load>;
  readonly resolve: (verdict: Verdict) => void;
}

/**
 * Appends what deliveries bring: one append at a time, and what arrives meanwhile forms the next
 * one. A delivery is acknowledged when each of its events is in the log, can never be, or is held
 * until those before it arrive.
 * @example
 * const { deliver } = appender({ log, feed, quarantine, alarms, logger });
 * const verdict = await deliver(await readDelivery(body, { alarms, quarantine, isSigned }));
 */
export function appender(parts: AppenderParts) {
  const { log, feed, quarantine, alarms, logger, now = Date.now } = parts;
  const waiting: Delivery[] = [];
  /** Of the events that are under way here. */
  const signatures = new WeakMap<BankEvent, EventSignature>();
  const judge = outcomeJudge({ alarms, logger, now });
  const held = heldEvents(now);
  /** What was held and may go in now. */
  let released: Candidate[] = [];
  const queue = waitingLoad();
  let appended = 0;
  let running = false;

  const take = (): Delivery[] => {
    const most = { events: APPEND_EVENTS_MAX, bytes: APPEND_BYTES_MAX };
    let load = NO_LOAD;
    let count = 0;
    for (; count < waiting.length; count += 1) {
      load = sum(load, waiting[count]!.load);
      if (count > 0 && !fits(load, most)) break;
    }
    const batch = waiting.splice(0, count);
    batch.forEach(queue.left);
    return batch;
  };
  const appendAll = async (
    events: readonly Candidate[],
  ): Promise<ReadonlyMap<Candidate, Outcome>> => {
    const all = new Map<Candidate, Outcome>();
    for (const part of wholeUnits(events)) {
      crashPoint('event-source:before-append');
      const next = part.map(({ event }) => event);
      const { outcomes, after, added } = await log.append(next, quarantine.why, (event) =>
        signatures.get(event),
      );
      crashPoint('event-source:after-append');
      feed.offer(after, added);
      part.forEach((one, at) => all.set(one, outcomes[at]!));
    }
    return all;
  };
  /** An event alone on a stream in quarantine affects nothing else, so the log is not asked. */
  const mayGoIn = ({ event, stream }: Candidate): boolean => {
    const why = event.joint === undefined ? quarantine.why(stream) : undefined;
    if (why !== undefined) alarms.raise('fork', stream, why);
    return why === undefined;
  };
  const appendBatch = async (batch: readonly Delivery[]): Promise<Verdict[]> => {
    // What was sent again goes in once, or two of it would be taken for more than a whole group.
    const once = new Map<string, Candidate>();
    const same = (one: Candidate): Candidate => {
      const key = `${one.stream}/${one.version}/${one.digest}`;
      const known = once.get(key) ?? one;
      once.set(key, known);
      return known;
    };
    const kept = batch.map(({ events }) => events.filter(mayGoIn).map(same));
    [...released.filter(mayGoIn), ...held.companionsOf([...once.values()])].forEach(same);
    released = [];
    const outcomes = await appendAll([...once.values()]);
    const verdicts = new Map<Candidate, ReturnType<typeof judge.verdict>>();
    for (const [one, outcome] of outcomes) {
      if (outcome.outcome === 'appended') appended += 1;
      verdicts.set(one, judge.verdict(one, outcome));
    }
    holdAndRelease(outcomes);
    const offences = [...verdicts.values()].filter((said) => typeof said === 'object');
    const isSafe = await isolated(offences);
    return kept.map((events) => {
      const isOpen = events.some((one) => verdicts.get(one) !== 'done' && !isSafe);
      return isOpen ? 'retry' : 'done';
    });
  };
  const holdAndRelease = (outcomes: ReadonlyMap<Candidate, Outcome>): void => {
    const early = [...outcomes].filter(([, { outcome }]) => outcome === 'gap');
    const units = unitsOf(early, ([{ event }]) => event.joint);
    for (const unit of units) held.hold(unit.map(([one]) => one));
    for (const [one, { outcome }] of outcomes) {
      if (outcome === 'appended') released.push(...held.after(one));
    }
  };
  const isolated = async (offences: readonly Offence[]): Promise<boolean> => {
    try {
      await quarantine.add(offences);
      return true;
    } catch (error) {
      logger.error('the quarantine cannot be written', { error });
      return false;
    }
  };
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length + released.length > 0) {
      const batch = take();
      try {
        const verdicts = await appendBatch(batch);
        batch.forEach(({ resolve }, index) => resolve(verdicts[index]!));
      } catch (error) {
        logger.warn('an append failed, the broker keeps the events', { error });
        for (const { resolve } of batch) resolve('retry');
      }
    }
    running = false;
  };

  return {
    deliver(delivered: readonly SignedEvent[]): Promise<Verdict> {
      if (delivered.length === 0) return Promise.resolve('done');
      for (const { event, signature } of delivered) signatures.set(event, signature);
      const events = delivered.map(({ event }) => candidateOf(event));
      const streams = new Map<StreamId, Load>();
      for (const one of events) {
        streams.set(one.stream, sum(streams.get(one.stream) ?? NO_LOAD, loadOf([one])));
      }
      const load = loadOf(events);
      if (!queue.hasRoom(load, streams)) return Promise.resolve('retry');
      return new Promise((resolve) => {
        const delivery = { events, load, streams, resolve };
        waiting.push(delivery);
        queue.came(delivery);
        if (!running) void run();
      });
    },
    /** Events appended since this process started. */
    appended: (): number => appended,
    waiting: (): number => queue.total().events + held.count() + released.length,
  };
}

export type Appender = ReturnType<typeof appender>;

/** How much waits, in all and of each stream. One delivery always finds room in an empty queue. */
function waitingLoad() {
  const ofStream = new Map<StreamId, Load>();
  let total = NO_LOAD;
  const count = ({ load, streams }: Delivery, sign: 1 | -1): void => {
    total = sum(total, load, sign);
    for (const [stream, part] of streams) {
      const left = sum(ofStream.get(stream) ?? NO_LOAD, part, sign);
      if (left.events === 0) ofStream.delete(stream);
      else ofStream.set(stream, left);
    }
  };
  return {
    total: (): Load => total,
    hasRoom: (load: Load, streams: ReadonlyMap<StreamId, Load>): boolean =>
      total.events === 0 ||
      (fits(sum(total, load), WAITING_MAX) &&
        [...streams].every(([stream, part]) => {
          const waits = ofStream.get(stream);
          return waits === undefined || fits(sum(waits, part), WAITING_OF_STREAM_MAX);
        })),
    came: (delivery: Delivery): void => count(delivery, 1),
    left: (delivery: Delivery): void => count(delivery, -1),
  };
}

/**
 * Parts of about the size of an append, none of which has a part of a joint group. A group may be
 * scattered over all that came, so its events move together; an append minds no order.
 */
function wholeUnits(events: readonly Candidate[]): Candidate[][] {
  const most = { events: APPEND_EVENTS_MAX, bytes: APPEND_BYTES_MAX };
  const parts: Candidate[][] = [];
  for (const unit of unitsOf(events, ({ event }) => event.joint)) {
    const last = parts.at(-1);
    if (last !== undefined && fits(loadOf([...last, ...unit]), most)) last.push(...unit);
    else parts.push(unit);
  }
  return parts;
}
