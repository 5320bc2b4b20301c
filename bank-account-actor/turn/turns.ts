import type { StreamId } from '../../domain/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import { errorText, type Logger } from '../../platform/logger.ts';
import { TURN_BYTES_MAX, type Journal, type TurnOutcome } from '../journal/journal.ts';
import { createDraft, type Committed, type Draft } from './draft.ts';
import { createFacts, type Facts, type FactsPorts, type LogReader } from './facts.ts';
import type { HeldStreams } from './held-streams.ts';
import { unavailable, type TooLarge, type Unavailable, type Work } from './work.ts';

/** Turns under way at the same time; their streams are disjoint as far as that is known before. */
const TURNS_AT_ONCE_MAX = 2;
const TURN_COMMANDS_MAX = 512;
/** What is decided beyond this goes into the next turn; a commit takes twice as much. */
const TURN_CUT_BYTES = TURN_BYTES_MAX / 2;
/** A work makes somewhat more of events than its commands are long, and must fit alone. */
const WORK_SIZE_MAX = TURN_BYTES_MAX / 2;
/** What may wait in all, and of one stream, so that it leaves room for the others. */
const WAITING_MAX: Load = { commands: 10_000, size: 64 * 1024 * 1024 };
const WAITING_OF_STREAM_MAX: Load = { commands: 5_000, size: 32 * 1024 * 1024 };
/** Bounds a turn whose rival is always first, or that always lacks another fact. */
const DECISIONS_MAX = 12;
/**
 * After commits that a rival was ahead of it waits so long, then twice as long, up to the most; but
 * not after the first, which may only show that another host had the stream before.
 */
const RIVAL_PAUSE_MS = 2;
const RIVAL_PAUSE_MS_MAX = 64;
/**
 * A stream of which the log lacks more events than this is held back for a while, so that its row
 * stays small and a hot account goes as fast as the log, and no faster.
 */
const BEHIND_EVENTS = 400;
const HELD_BACK_MS_MAX = 1_000;
const LOOK_AGAIN_MS = 10;
/** A command whose caller gave up longer ago than this is not executed any more. */
export const GIVEN_UP_MS = 30_000;

/** What turns need of their host. */
export interface TurnPorts {
  readonly journal: Pick<Journal, 'load' | 'commit'>;
  readonly log: LogReader;
  readonly held: HeldStreams;
  /** Takes committed events, joint ones in a row, before their caller is answered. */
  readonly relay: FactsPorts['relay'] & {
    add(events: readonly Committed[]): void;
    isFull(): boolean;
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

type Load = Pick<Work<unknown>, 'commands' | 'size'>;
type Results = readonly unknown[];

interface Decided {
  readonly draft: Draft;
  /** Of each work that was decided, in order. */
  readonly results: Results[];
}

interface Waiting {
  readonly work: Work<unknown>;
  readonly resolve: (results: Results) => void;
  /** When it came, on the steady clock. */
  readonly since: number;
}

export type Turns = ReturnType<typeof createTurns>;

/**
 * Takes all works that wait, decides them one after the other in memory, commits what they touch
 * with one call, and then answers them (group commit; DeWitt et al., 1984). The turn is the host's,
 * not the account's, so a hot account, a transfer and many single commands all cost one call.
 * @example
 * const turns = createTurns({ journal, log, held, relay, clock, logger });
 * const work = { streams: [stream], commands: 1, size, deadlineMs, decide };
 * const [result] = await turns.execute(work);
 * if (result.ok === false) return result.refusal;
 */
export function createTurns(ports: TurnPorts) {
  const { journal, relay, held, clock, logger } = ports;
  let waiting: Waiting[] = [];
  const load = waitingLoad();
  let underWay = 0;
  let isScheduled = false;
  const busy = new Set<StreamId>();

  /**
   * Decides works one after the other, as many as fit a turn: the results tell how many. A bug that
   * one of them meets is its own; the others are decided without it.
   */
  const decide = (facts: Facts, works: readonly Waiting[], broken: Set<Waiting>): Decided => {
    const draft = createDraft(facts);
    const wall = clock.wall();
    const now = new Date(wall).toISOString();
    const results: Results[] = [];
    for (const each of works) {
      try {
        // Looked at whenever it is decided: fetching, or a pause, may have taken long.
        const isGivenUp = wall > each.work.deadlineMs + GIVEN_UP_MS;
        const refusal = broken.has(each) ? BROKEN : isGivenUp ? GIVEN_UP : undefined;
        const decided = refusal === undefined ? each.work.decide(draft, now) : undefined;
        results.push(refusal === undefined ? (decided ?? []) : refuseAll(each, refusal));
      } catch (error) {
        logger.error('a command could not be decided', { error: errorText(error, true) });
        return decide(facts, works, broken.add(each));
      }
      if (draft.size() > TURN_CUT_BYTES && results.length > 1) {
        return decide(facts, works.slice(0, results.length - 1), broken);
      }
    }
    return { draft, results };
  };

  /** Decides works again and again, until no fact is missing and the commit succeeds. */
  const decideAndCommit = async (works: readonly Waiting[]): Promise<Results[]> => {
    const facts = createFacts(ports);
    const broken = new Set<Waiting>();
    let pauseMs = 0;
    for (let tries = 0; tries < DECISIONS_MAX; tries += 1) {
      const { draft, results } = decide(facts, works, broken);
      if (!facts.isLacking()) {
        const outcome = await commit(draft, facts);
        if (outcome === 'committed') return results;
        if (outcome === 'overtaken') {
          if (pauseMs > 0) await clock.sleep(pauseMs);
          pauseMs = Math.min(2 * pauseMs || RIVAL_PAUSE_MS, RIVAL_PAUSE_MS_MAX);
        }
      }
      // What a rival committed, also in the pause, is decided on.
      if (facts.isLacking()) await facts.fetch();
    }
    // One of them may be contended; the others must not fail with it.
    if (works.length > 1) throw new RangeError(CONTENDED);
    return works.map((each) => refuseAll(each, CONTENDED));
  };

  const commit = async (draft: Draft, facts: Facts): Promise<TurnOutcome['outcome']> => {
    const turn = draft.turn();
    const { writes, guards, names, unknown } = turn;
    if (writes.length + guards.length + names.length + unknown.length === 0) return 'committed';
    for (const { event } of draft.decided()) crashPoint(`actor:before-commit ${event.type}`);
    const outcome = await journal.commit(turn);
    switch (outcome.outcome) {
      case 'committed':
        break;
      case 'overtaken':
        for (const stream of outcome.streams) facts.overtaken(stream);
        return outcome.outcome;
      case 'known':
        for (const { stream, name, version } of outcome.names) facts.learn(stream, name, version);
        return outcome.outcome;
    }
    if (writes.length === 0) return 'committed';
    crashPoint('actor:after-commit');
    for (const { event } of draft.decided()) crashPoint(`actor:after-commit ${event.type}`);
    for (const stream of draft.held()) held.take(stream);
    relay.add(draft.decided());
    return 'committed';
  };

  const run = async (works: readonly Waiting[]): Promise<void> => {
    try {
      const results = await decideAndCommit(works);
      works.slice(0, results.length).forEach(({ resolve }, index) => resolve(results[index]!));
      // What did not fit comes first in the next turn: nothing of its streams may overtake it.
      putBack(works.slice(results.length));
    } catch (error) {
      // The commit may still be applied: what is held here is fetched again before it is used.
      for (const { work } of works) for (const stream of work.streams) held.forget(stream);
      // Certainly nothing was written; one of them is to blame, so each must show it alone.
      const isBound = error instanceof RangeError;
      if (isBound && works.length > 1) {
        for (const each of works) await run([each]);
        return;
      }
      const [first] = works;
      if (isBound && first !== undefined && first.work.commands > 1) {
        first.resolve(inParts(first.work));
        return;
      }
      logger.warn('a turn ended without a known outcome', { error: errorText(error, true) });
      for (const each of works) each.resolve(refuseAll(each, LOST));
    }
  };

  const putBack = (works: readonly Waiting[]): void => {
    waiting.unshift(...works);
    for (const { work } of works) load.count(work, 1);
  };

  /** The works that may go now: those whose streams nobody has, in order, up to a turn's size. */
  const take = (): Waiting[] => {
    const patientSince = clock.steady() - HELD_BACK_MS_MAX;
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    const blocked = new Set(busy);
    let [commands, size] = [0, 0];
    for (const each of waiting) {
      const { work } = each;
      const fits =
        taken.length === 0 ||
        (commands + work.commands <= TURN_COMMANDS_MAX && size + work.size <= TURN_CUT_BYTES);
      const mayNot = (stream: StreamId): boolean =>
        blocked.has(stream) || (each.since > patientSince && isBehind(stream));
      if (!fits || work.streams.some(mayNot)) {
        for (const stream of work.streams) blocked.add(stream);
        left.push(each);
        continue;
      }
      load.count(work, -1);
      commands += work.commands;
      size += work.size;
      taken.push(each);
    }
    waiting = left;
    return taken;
  };

  const isBehind = (stream: StreamId): boolean =>
    (held.get(stream)?.unlogged.length ?? 0) > BEHIND_EVENTS;

  const next = (): void => {
    isScheduled = false;
    while (underWay < TURNS_AT_ONCE_MAX && waiting.length > 0) {
      const works = take();
      if (works.length === 0) {
        // All that waits is held back: the log's confirmations wake nobody.
        if (underWay === 0 && !isScheduled) void clock.sleep(LOOK_AGAIN_MS).then(next);
        isScheduled ||= underWay === 0;
        return;
      }
      const streams = new Set(works.flatMap(({ work }) => work.streams));
      for (const stream of streams) busy.add(stream);
      underWay += 1;
      void run(works).finally(() => {
        for (const stream of streams) busy.delete(stream);
        underWay -= 1;
        next();
      });
    }
  };

  return {
    /** One result for each command of the work, in order; refusals are results. */
    execute<Result>(work: Work<Result>): Promise<readonly (Result | Unavailable | TooLarge)[]> {
      if (relay.isFull()) return Promise.resolve(many(work.commands, BEHIND));
      if (work.size > WORK_SIZE_MAX) return Promise.resolve(inParts(work));
      if (!load.hasRoom(work)) return Promise.resolve(many(work.commands, CROWDED));
      return new Promise((done) => {
        waiting.push({ work, resolve: done as Waiting['resolve'], since: clock.steady() });
        load.count(work, 1);
        // What comes in the same round of the event loop goes into the same turn.
        if (!isScheduled) clock.soon(next);
        isScheduled = true;
      });
    },
    waiting: (): number => load.commands(),
  };
}

/** How much waits, in all and of each stream. */
function waitingLoad() {
  const ofStream = new Map<StreamId, Load>();
  let total: Load = { commands: 0, size: 0 };
  const sum = (before: Load, { commands, size }: Load, sign: 1 | -1): Load => ({
    commands: before.commands + sign * commands,
    size: before.size + sign * size,
  });
  const fits = (before: Load, work: Load, most: Load): boolean =>
    before.commands + work.commands <= most.commands && before.size + work.size <= most.size;
  return {
    commands: (): number => total.commands,
    hasRoom: (work: Work<unknown>): boolean =>
      fits(total, work, WAITING_MAX) &&
      work.streams.every((stream) => {
        const waits = ofStream.get(stream);
        return waits === undefined || fits(waits, work, WAITING_OF_STREAM_MAX);
      }),
    count(work: Work<unknown>, sign: 1 | -1): void {
      total = sum(total, work, sign);
      for (const stream of work.streams) {
        const left = sum(ofStream.get(stream) ?? { commands: 0, size: 0 }, work, sign);
        if (left.commands === 0) ofStream.delete(stream);
        else ofStream.set(stream, left);
      }
    },
  };
}

const BROKEN = 'the command could not be decided';
const GIVEN_UP = 'its caller had given up';
const LOST = 'the outcome could not be confirmed';
const CONTENDED = 'other hosts use the same accounts';
const BEHIND = 'the log is too far behind';
const CROWDED = 'too many commands wait';

/** Commands that go together make a row that is larger than any can be. */
const IN_PARTS: TooLarge = {
  ok: false,
  refusal: {
    code: 'invalid-request',
    at: '',
    message: 'it makes more at once than a commit can be: send it in parts',
  },
};
const inParts = ({ commands }: Work<unknown>): TooLarge[] =>
  Array.from({ length: commands }, () => IN_PARTS);

const many = (count: number, reason: string): Unavailable[] =>
  Array.from({ length: count }, () => unavailable(reason));
const refuseAll = ({ work }: Waiting, reason: string): Unavailable[] => many(work.commands, reason);
