import type { BankEvent } from '../contracts/bank-events.ts';
import type { StreamId } from '../domain/ids.ts';
import { createActor, type Actor, type ActorPorts } from './actor.ts';
import { repeat } from '../platform/repeat.ts';
import type { ActorKind, Named, Unavailable } from './actor-kind.ts';
import type { Joint } from './joint-turn.ts';
import { eventsOf } from './activation.ts';

const SWEEP_EVERY_MS = 1_000;
const SETTLE_EVERY_SWEEPS = 3;
const RECOVER_AT_ONCE_MAX = 16;
/** A write whose answer was lost may still be applied for as long as the store may take. */
const DOUBT_MS = 45_000;

export type Actors = ReturnType<typeof createActors>;

/** The actors of one kind. */
export interface Family<Message, Result, Event extends BankEvent = BankEvent> {
  execute(
    stream: StreamId,
    commands: readonly Message[],
    joint?: Joint,
  ): Promise<(Result | Unavailable)[]>;
  recall(stream: StreamId, names: readonly string[]): Promise<(Event[] | undefined)[]>;
  /** How often the actor was called since it is active; 0 when it is not. */
  calls(stream: StreamId): number;
  /** Forgets the actor when its turns are over; its journal has everything. */
  deactivate(stream: StreamId): Promise<void>;
}

/** All actors that are active on this host, and the streams that a crash left in doubt. */
export function createActors(ports: Omit<ActorPorts, 'onUnknown'>) {
  const { journal, outbox, logger, openWork } = ports;
  const turns = new Map<StreamId, number>();
  const doubtfulUntil = new Map<StreamId, number>();
  const recovered = new Set<StreamId>();
  let active = 0;
  let sweeps = 0;

  const counted = async <T>(stream: StreamId, turn: Promise<T>): Promise<T> => {
    turns.set(stream, (turns.get(stream) ?? 0) + 1);
    try {
      return await turn;
    } finally {
      const left = (turns.get(stream) ?? 1) - 1;
      if (left > 0) turns.set(stream, left);
      else turns.delete(stream);
    }
  };
  const doubt = (stream: StreamId): void => {
    doubtfulUntil.set(stream, performance.now() + DOUBT_MS);
  };

  /** Brings what the journal has and the log may lack to the outbox. Reads only. */
  const recover = async (stream: StreamId): Promise<void> => {
    const loaded = await journal.load(stream);
    outbox.restore(stream, eventsOf(loaded));
    const last = loaded.rows.at(-1);
    if (last !== undefined) openWork.note(stream, last);
    recovered.add(stream);
    if ((doubtfulUntil.get(stream) ?? 0) < performance.now()) doubtfulUntil.delete(stream);
  };
  const sweep = async (): Promise<void> => {
    const doubtful = [...doubtfulUntil.keys()];
    for (let at = 0; at < doubtful.length; at += RECOVER_AT_ONCE_MAX) {
      await Promise.all(doubtful.slice(at, at + RECOVER_AT_ONCE_MAX).map(recover));
    }
    sweeps += 1;
    if (sweeps % SETTLE_EVERY_SWEEPS !== 0) return;
    await journal.settle(
      (stream) =>
        outbox.firstUnconfirmed(stream) === undefined &&
        openWork.isEmpty(stream) &&
        !doubtfulUntil.has(stream) &&
        // A turn that was just committed may not have told the outbox yet.
        !turns.has(stream),
    );
  };
  const sweeping = repeat(sweep, SWEEP_EVERY_MS, (error) =>
    logger.warn('a sweep failed', { error: String(error) }),
  );

  return {
    /** Must end before the first command: it reads what a crash of this host left behind. */
    async start(): Promise<void> {
      const unsettled = await journal.unsettled();
      if (unsettled.length > 0) logger.info('recovering streams', { count: unsettled.length });
      // One look suffices for these: the host that wrote them is gone, and so are its calls.
      for (const stream of unsettled) doubtfulUntil.set(stream, performance.now() + 5_000);
      sweeping.start();
    },
    family<State, Event extends BankEvent, Message extends Named, Result>(
      kind: ActorKind<State, Event, Message, Result>,
    ): Family<Message, Result, Event> {
      const actors = new Map<StreamId, { actor: Actor<Event, Message, Result>; calls: number }>();
      const actorOf = (stream: StreamId): Actor<Event, Message, Result> => {
        const known = actors.get(stream);
        if (known !== undefined) {
          known.calls += 1;
          return known.actor;
        }
        const actor = createActor(kind, stream, { ...ports, onUnknown: doubt });
        actors.set(stream, { actor, calls: 1 });
        active += 1;
        return actor;
      };
      return {
        execute: (stream, commands, joint) =>
          counted(stream, actorOf(stream).execute(commands, joint)),
        recall: (stream, names) => actorOf(stream).recall(names),
        calls: (stream) => actors.get(stream)?.calls ?? 0,
        async deactivate(stream) {
          await actors.get(stream)?.actor.idle();
          if (actors.delete(stream)) active -= 1;
        },
      };
    },
    /** Whether a write of this host may still be applied. */
    inDoubt: (stream: StreamId): boolean => (doubtfulUntil.get(stream) ?? 0) >= performance.now(),
    counts: () => ({ active, inDoubt: doubtfulUntil.size, recovered: recovered.size }),
    stop: sweeping.stop,
  };
}
