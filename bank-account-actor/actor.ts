import { randomUUID } from 'node:crypto';
import type { BankEvent } from '../contracts/bank-events.ts';
import type { StreamId } from '../domain/ids.ts';
import { crashPoint } from '../platform/crash-points.ts';
import type { Logger } from '../platform/logger.ts';
import { activate, advance, elapsedMs, eventsOf, nextHead } from './activation.ts';
import { PRUNE_AGE_MS, TRUST_MS, type Activation, type Stamp } from './activation.ts';
import type { ActorKind, Decided, Named, Unavailable } from './actor-kind.ts';
import { JournalFull, type Journal, type JournalRow } from './journal.ts';
import type { Joint } from './joint-turn.ts';
import { UNCONFIRMED_EVENTS_MAX, type Outbox } from './outbox.ts';

const COMMIT_TRIES_MAX = 4;

export interface ActorPorts {
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly stamp: () => Stamp;
  /** A write's outcome is unknown: its events, if there are any, must still reach the log. */
  readonly onUnknown: (stream: StreamId) => void;
  readonly openWork: OpenWork;
}

/** What is left to do on streams without a client, as their last rows tell. */
export interface OpenWork {
  /** Takes the last row of the stream that the journal has. */
  note(stream: StreamId, row: JournalRow): void;
  isEmpty(stream: StreamId): boolean;
}

export interface Actor<Event extends BankEvent, Message, Result> {
  /** Answers one result for each command, in order; never throws for a refusal. */
  execute(commands: readonly Message[], joint?: Joint): Promise<(Result | Unavailable)[]>;
  /**
   * What it executed under each name, as far as it remembers; what it does not is in the log, or
   * was not executed. Said only after a fresh look at the journal, because another host may have
   * committed meanwhile. Writes nothing; throws while the journal is away.
   */
  recall(names: readonly string[]): Promise<(Event[] | undefined)[]>;
  /** Resolves when no turn is under way or waiting. */
  idle(): Promise<unknown>;
}

const FULL = 'too many accounts have holds that expire or transfers that are pending';

const unavailable = (reason: string): Unavailable => ({
  ok: false,
  refusal: { code: 'service-unavailable', reason },
});

/**
 * One stream: decides commands one turn at a time and answers only what is committed. Its
 * own queue keeps turns apart, because Dapr's turn lock opens when a caller gives up.
 */
export function createActor<State, Event extends BankEvent, Message extends Named, Result>(
  kind: ActorKind<State, Event, Message, Result>,
  stream: StreamId,
  ports: ActorPorts,
): Actor<Event, Message, Result> {
  const { journal, outbox, logger, stamp } = ports;
  let activation: Activation<State, Event> | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const load = async (): Promise<Activation<State, Event>> => {
    const asked = stamp();
    const loaded = await journal.load(stream);
    outbox.restore(stream, eventsOf(loaded));
    activation = activate(kind, loaded, asked);
    const last = loaded.rows.at(-1);
    if (last !== undefined) ports.openWork.note(stream, last);
    return activation;
  };
  const trusted = async (): Promise<Activation<State, Event>> =>
    activation === undefined || elapsedMs(activation.trustedAt, stamp()) > TRUST_MS
      ? load()
      : activation;

  /** Commits a turn. False when another host was first: then everything is decided again. */
  const commit = async (
    current: Activation<State, Event>,
    turn: Decided<State, Event, Result>,
  ): Promise<boolean> => {
    const sent = stamp();
    const newHead = nextHead(current, outbox.firstUnconfirmed(stream), sent);
    const row = { writer: randomUUID(), ...kind.rowOf(turn.state, turn.events) };
    for (const { type } of turn.events) crashPoint(`actor:before-commit ${type}`);
    const outcome = await journal.commit({
      stream,
      commit: current.commit + 1,
      row,
      head: current.head,
      newHead,
      ...turn.more,
    });
    if (outcome === 'conflict') return false;
    crashPoint('actor:after-commit');
    for (const { type } of turn.events) crashPoint(`actor:after-commit ${type}`);
    // A write that slept past PRUNE_AGE_MS may have found its rival's row pruned and so proves
    // nothing. It is not acknowledged and not published; the log refuses forks besides.
    if (elapsedMs(current.trustedAt, stamp()) > PRUNE_AGE_MS / 2) return false;
    advance(current, turn.state, turn.events, newHead, sent);
    ports.openWork.note(stream, row);
    outbox.add(stream, turn.events);
    current.memory.remember(turn.events, outbox.firstUnconfirmed(stream));
    return true;
  };

  const execute = async (
    commands: readonly Message[],
    joint: Joint,
  ): Promise<(Result | Unavailable)[]> => {
    for (let tries = 1; tries <= COMMIT_TRIES_MAX; tries += 1) {
      const current = await trusted();
      const at = laterOf(ports.now(), kind.changedAt(current.state));
      const turn = await kind.decide(stream, current, commands, at, joint);
      if (turn.events.length === 0 || (await commit(current, turn))) return turn.results;
      logger.info('another host was first, deciding again', { stream, commit: current.commit });
      activation = undefined;
    }
    return commands.map(() => unavailable('several hosts hold this actor'));
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  return {
    execute: (commands, joint = {}) =>
      inTurn(async () => {
        if (outbox.size() > UNCONFIRMED_EVENTS_MAX) {
          return commands.map(() => unavailable('the log is too far behind'));
        }
        try {
          return await execute(commands, joint);
        } catch (error) {
          if (error instanceof JournalFull) return commands.map(() => unavailable(FULL));
          activation = undefined;
          ports.onUnknown(stream);
          logger.warn('a turn ended without a known outcome', { stream, error: String(error) });
          return commands.map(() => unavailable('the outcome could not be confirmed'));
        }
      }),

    recall: (names) =>
      inTurn(async () => {
        const known = names.map((name) => activation?.memory.find(name));
        if (known.every((events) => events !== undefined)) return known;
        const { memory } = await load();
        return names.map((name) => memory.find(name));
      }),

    idle: () => queue,
  };
}

// The actor's clock never runs backwards within a stream.
function laterOf(now: Date, changedAt: string | undefined): string {
  const at = now.toISOString();
  return changedAt === undefined || at > changedAt ? at : changedAt;
}
