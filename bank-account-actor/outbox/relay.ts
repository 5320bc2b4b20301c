import { eventDigest } from '../../contracts/digest.ts';
import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { OUTBOX_EVENTS_MAX } from '../../contracts/log/topics.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import type { Logger } from '../../platform/logger.ts';
import { repeat } from '../../platform/repeat.ts';
import type { Signer } from '../../platform/signatures.ts';
import type { Journal, StoredStream } from '../journal/journal.ts';
import type { Committed } from '../turn/draft.ts';
import type { HeldStreams } from '../turn/held-streams.ts';
import { eventMessage } from './event-message.ts';
import { createSendWindow, PATIENCE_MS_MAX } from './send-window.ts';
import { unconfirmed, type Entry } from './unconfirmed.ts';

/**
 * Between messages: each costs every part on its way some 15 ms of CPU in all, however few its
 * events.
 */
const SEND_EVERY_MS = 30;
const MESSAGE_SIZE_MAX = 1024 * 1024;
const LOOK_MS = 10;
const RETRY_MS = 200;
const CONFIRM_EVERY_MS = 250;
/** What was sent is asked about after this time, and sent again when the log still lacks it. */
const ASK_AFTER_MS = 30;
const SEND_AGAIN_MS = 2_000;
const ASK_STREAMS_MAX = 500;
/** A stream that rests for so long is settled; a busy one takes it along with its next commit. */
const SETTLE_AFTER_MS = 2_500;
const SETTLE_EVERY_MS = 500;
const SETTLE_STREAMS_MAX = 500;
/** Rows that nobody has looked after for so long were left by a host that is gone. */
const SWEEP_IDLE_MS = 4_000;
const SWEEP_EVERY_MS = 500;
const SWEEP_STREAMS_MAX = 500;
const EVENTS_MAX = 50_000;
const SIZE_MAX = 64 * 1024 * 1024;

/** What the log knows of single events. */
export interface LogDigests {
  digests(events: readonly { readonly stream: StreamId; readonly version: number }[]): Promise<{
    /** Digest of the event, null while the log has none. */
    readonly digests: readonly (string | null)[];
    readonly quarantined: readonly { readonly stream: StreamId; readonly reason: string }[];
  }>;
}

/** What the relay needs of its host. */
export interface RelayPorts {
  readonly journal: Pick<Journal, 'load' | 'settle' | 'quarantine' | 'claimUnsettled'>;
  readonly log: LogDigests;
  readonly held: HeldStreams;
  /** Signs what this host decided. */
  readonly signer: Signer;
  /** Resolves once the broker has stored the message, JSON of `accountEventsMessage`. */
  readonly publish: (message: string) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The outbox relay (transactional outbox; Richardson, Microservices Patterns, 2018): brings
 * committed events to the log. An event leaves the outbox only when the log has confirmed its
 * digest; what is not confirmed in time is published again, whatever the broker said. Rows that
 * another host left unsettled are swept up.
 * @example
 * const relay = createRelay({ journal, log, held, signer, publish, clock, logger });
 * relay.start();
 * relay.add(committed); // after the commit, before the answer
 */
export function createRelay({ journal, log, held, signer, publish, clock, logger }: RelayPorts) {
  const open = unconfirmed();
  /** The event of a stream that the log is asked about, and since when it is waited for. */
  const probes = new Map<StreamId, { readonly entry: Entry; since: number; patienceMs: number }>();
  const confirmed = new Map<StreamId, { version: number; digest: string; at: number }>();
  let queue: Entry[] = [];
  const window = createSendWindow(clock);
  let [isSending, isAskedSoon, sendAt] = [false, false, 0];

  const warn =
    (what: string) =>
    (error: unknown): void =>
      void logger.warn(`${what} failed, will be tried again`, { error });

  /** Takes an event; undefined when it is there already, or the log is known to have it. */
  const take = (one: Committed): Entry | undefined => {
    const stream = streamOfEvent(one.event);
    if ((confirmed.get(stream)?.version ?? 0) >= one.event.version) return undefined;
    const entry = open.take(stream, one);
    if (entry !== undefined) confirmed.delete(stream);
    return entry;
  };
  /** What is joint leaves together, or waits until all of it is known here. */
  const enqueue = (entry: Entry): void => {
    if (!open.isWhole(entry) || open.isOver(entry)) return;
    for (const each of open.unitOf(entry).filter(({ isQueued }) => !isQueued)) {
      each.isQueued = true;
      queue.push(each);
    }
  };

  /** Forgets what the log has of a stream, up to a version. */
  const confirm = (stream: StreamId, version: number): void => {
    const last = open.of(stream).find((entry) => entry.version === version);
    const left = open.confirm(stream, version);
    held.confirmed(stream, version);
    if (left.length > 0) return;
    probes.delete(stream);
    if (last === undefined) return;
    confirmed.set(stream, { version, digest: last.digest, at: clock.steady() });
  };

  /** The next message: whole groups, up to its limits. */
  const takeBatch = (): Entry[] => {
    const batch: Entry[] = [];
    let bytes = 0;
    let at = 0;
    while (at < queue.length) {
      const first = queue[at]!;
      const joint = first.joint?.id;
      let end = at + 1;
      while (joint !== undefined && queue[end]?.joint?.id === joint) end += 1;
      const group = queue.slice(at, end);
      bytes += sizeOf(group);
      const isTooMuch = batch.length + group.length > OUTBOX_EVENTS_MAX || bytes > MESSAGE_SIZE_MAX;
      if (batch.length > 0 && isTooMuch) break;
      batch.push(...group);
      at = end;
    }
    queue = queue.slice(at);
    for (const entry of batch) entry.isQueued = false;
    return batch.filter((entry) => !open.isOver(entry));
  };

  const send = async (): Promise<void> => {
    if (isSending) return;
    isSending = true;
    while (queue.length > 0) {
      const waitMs = sendAt - clock.steady();
      if (waitMs > 0) await clock.sleep(waitMs);
      while (window.isClosed()) await clock.sleep(LOOK_MS);
      sendAt = clock.steady() + SEND_EVERY_MS;
      const batch = takeBatch();
      if (batch.length === 0) continue;
      crashPoint('actor:before-publish');
      try {
        await publish(eventMessage(batch, signer));
        window.sent(batch.filter(({ sentAt }) => sentAt === undefined));
        for (const entry of batch) entry.sentAt = clock.steady();
        askSoon();
      } catch (error) {
        const context = { events: batch.length, error };
        logger.warn('publishing failed, will be tried again', context);
        for (const entry of batch) enqueue(entry);
        await clock.sleep(RETRY_MS);
      }
    }
    isSending = false;
  };

  /** Sends a stream's events again, each with those that belong to it. */
  const sendAgain = async (entries: readonly Entry[]): Promise<void> => {
    // The log is asked about them from now on, and they are sent once more, if this fails.
    for (const entry of entries) entry.sentAt = clock.steady();
    for (const entry of entries) {
      for await (const rows of rowsOfUnit(open, journal, entry)) rows.forEach(restore);
      for (const each of open.unitOf(entry)) each.sentAt = clock.steady();
      enqueue(entry);
    }
    void send();
  };
  /** Takes what a row holds beyond what is known here; gives what is new. */
  const takeRow = ({ logged, unlogged }: StoredStream): Entry[] => {
    const found = unlogged.map((json, index) => {
      const event = JSON.parse(json) as BankEvent;
      if (event.version !== logged + 1 + index) throw new Error(`${event.id} is out of its place`);
      return { event, json, digest: eventDigest(json) };
    });
    return found.flatMap((one) => take(one) ?? []);
  };
  /** What a row holds that is not known here is asked about, and sent when the log lacks it. */
  const restore = (row: StoredStream): void => {
    for (const entry of takeRow(row)) entry.sentAt = clock.steady();
  };

  const quarantine = async (stream: StreamId, reason: string): Promise<void> => {
    logger.error('ALARM: the log has another history of a stream', { stream, reason });
    await journal.quarantine(stream, reason);
    open.drop(stream);
    probes.delete(stream);
    confirmed.delete(stream);
    held.quarantine(stream, reason);
  };

  /**
   * Asks the log about one event of each stream: the last one that was sent, and then the same
   * until it is there, or a stream that goes on would never be confirmed or sent again.
   */
  const ask = async (): Promise<void> => {
    const now = clock.steady();
    const asked: Entry[] = [];
    for (const [stream, entries] of open.all()) {
      if (probes.get(stream)?.entry.isConfirmed !== false) {
        const isOut = ({ sentAt }: Entry) => sentAt !== undefined && now - sentAt >= ASK_AFTER_MS;
        const entry = entries.findLast(isOut);
        if (entry === undefined) continue;
        probes.set(stream, { entry, since: entry.sentAt!, patienceMs: SEND_AGAIN_MS });
      }
      asked.push(probes.get(stream)!.entry);
      if (asked.length === ASK_STREAMS_MAX) break;
    }
    if (asked.length === 0) return;
    const { digests, quarantined } = await log.digests(
      asked.map(({ stream, version }) => ({ stream, version })),
    );
    for (const { stream, reason } of quarantined) await quarantine(stream, reason);
    for (const [index, entry] of asked.entries()) {
      const digest = digests[index] ?? null;
      const entries = open.of(entry.stream);
      const probe = probes.get(entry.stream);
      if (entries.length === 0 || probe === undefined || entry.isConfirmed) continue;
      if (digest === entry.digest) confirm(entry.stream, entry.version);
      else if (digest !== null) await quarantine(entry.stream, `another event ${entry.version}`);
      else if (now - probe.since >= Math.max(probe.patienceMs, window.patienceMs())) {
        probe.since = now;
        // Longer each time: a log that is behind would only get further behind.
        probe.patienceMs = Math.min(2 * probe.patienceMs, PATIENCE_MS_MAX);
        // One that cannot be sent again keeps no other from being confirmed.
        await sendAgain(entries).catch(warn('sending again'));
      }
      // Asked again after the others, so that none waits for a stream that the log lacks.
      open.moveBack(entry.stream);
    }
    window.confirmed();
  };

  const askSoon = (): void => {
    if (isAskedSoon) return;
    isAskedSoon = true;
    const failed = warn('asking the log');
    void clock
      .sleep(ASK_AFTER_MS)
      .then(ask)
      .catch(failed)
      .finally(() => (isAskedSoon = false));
  };

  const settle = async (): Promise<void> => {
    const before = clock.steady() - SETTLE_AFTER_MS;
    const due = [...confirmed].filter(([, { at }]) => at <= before).slice(0, SETTLE_STREAMS_MAX);
    if (due.length === 0) return;
    await journal.settle(due.map(([stream, { version, digest }]) => ({ stream, version, digest })));
    for (const [stream, last] of due) {
      if (confirmed.get(stream) === last) confirmed.delete(stream);
    }
  };

  /** Mostly the log has what a stopped host left, and to be asked costs it less than to take it. */
  const askFirst = (left: readonly Entry[]): void => {
    const entry = left.at(-1);
    if (entry === undefined) return;
    for (const each of left) each.sentAt = clock.steady() - ASK_AFTER_MS;
    if (probes.get(entry.stream)?.entry.isConfirmed === false) return;
    probes.set(entry.stream, { entry, since: -Infinity, patienceMs: SEND_AGAIN_MS });
  };
  const sweep = async (): Promise<void> => {
    if (open.events() > EVENTS_MAX / 2 || open.size() > SIZE_MAX / 2) return;
    for (const row of await journal.claimUnsettled(SWEEP_IDLE_MS, SWEEP_STREAMS_MAX)) {
      try {
        askFirst(takeRow(row));
      } catch (error) {
        // One row that cannot be read keeps no other from being swept up.
        const { stream } = row;
        logger.error('a row of the journal cannot be read', { stream, error });
      }
    }
  };

  const looping = (name: string, work: () => Promise<void>, everyMs: number) =>
    repeat(work, everyMs, warn(name), clock);
  const loops = [
    looping('asking the log', ask, CONFIRM_EVERY_MS),
    looping('settling', settle, SETTLE_EVERY_MS),
    looping('sweeping', sweep, SWEEP_EVERY_MS),
  ];

  return {
    /** Takes events that were just committed, joint ones in a row, and sends them off the turn. */
    add(added: readonly Committed[]): void {
      for (const one of added) {
        // Its row may have been loaded before this commit was answered: then it is there, unsent.
        const isSame = ({ version }: Entry): boolean => version === one.event.version;
        const entry = take(one) ?? open.of(streamOfEvent(one.event)).find(isSame);
        if (entry !== undefined) enqueue(entry);
      }
      void send();
    },
    /**
     * Takes what a row that was loaded holds. The host that committed it sends it; this one asks
     * the log about it, and sends it when it does not come.
     */
    restore,
    /** Whether so much waits for the log that no command may be taken. */
    isFull: (): boolean => open.events() > EVENTS_MAX || open.size() > SIZE_MAX,
    counts: () => ({
      unconfirmedEvents: open.events(),
      unconfirmedStreams: open.streams(),
      confirmationMs: window.tookMs(),
    }),
    start: (): void => loops.forEach((loop) => loop.start()),
    stop: (): void => loops.forEach((loop) => loop.stop()),
  };
}

/** The rows of what is joint with an event, as far as they are not known here. */
async function* rowsOfUnit(
  open: ReturnType<typeof unconfirmed>,
  journal: Pick<Journal, 'load'>,
  entry: Entry,
): AsyncGenerator<readonly StoredStream[]> {
  const asked = new Set([entry.stream]);
  while (!open.isWhole(entry)) {
    const others = open.unitOf(entry).flatMap((one) => one.others);
    const unseen = [...new Set(others)].filter((stream) => !asked.has(stream));
    if (unseen.length === 0) return;
    for (const stream of unseen) asked.add(stream);
    yield (await journal.load(unseen)).streams;
  }
}

const sizeOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { json }) => sum + json.length, 0);
