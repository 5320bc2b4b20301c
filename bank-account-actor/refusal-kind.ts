import type { RefusalEvent, RefusalsState } from '../contracts/refusal-events.ts';
import { dayOf } from '../domain/account.ts';
import type { StreamId } from '../domain/ids.ts';
import type { ActorKind, Named } from './actor-kind.ts';

/**
 * Records of one account and day of UTC. A client that is refused in a loop could else fill the
 * log, where nothing is ever deleted.
 */
export const REFUSALS_PER_DAY_MAX = 1_000;

/** A refusal that is to be recorded; its `commandId` is the record's own. */
export interface RefusedCommand extends Named {
  readonly commandHash: string;
  readonly traceparent?: string | undefined;
  /** When it was decided, by the account's actor. */
  readonly at: string;
  readonly data: Pick<RefusalEvent['data'], 'command' | 'refusal' | 'seen'>;
}

export interface Recorded {
  readonly ok: true;
  /** Id of the record's event; null when the day is full. */
  readonly refusalId: string | null;
}

type Refusals = RefusalsState | undefined;
export type RefusalKind = ActorKind<Refusals, RefusalEvent, RefusedCommand, Recorded>;

/**
 * What makes an actor the records of an account: it refuses nothing and counts. It is reached from
 * the account's actor only, and fenced by the journal like any other.
 */
export const refusalKind: RefusalKind = {
  nothing: undefined,
  changedAt: (refusals) => refusals?.changedAt,
  stateOf: (row) => {
    if (!('refusals' in row)) throw new Error('a row of refusals holds something else');
    return row.refusals;
  },
  rowOf: (refusals, events) => ({ refusals: refusals as RefusalsState, events: [...events] }),
  decide(stream, { state, memory }, commands) {
    let refusals = state;
    const events: RefusalEvent[] = [];
    const results = commands.map((command): Recorded => {
      // A write of ours whose answer was in doubt may have gone through.
      const [known] = memory.find(command.commandId) ?? [];
      if (known !== undefined) return { ok: true, refusalId: known.id };
      const next = afterRecord(refusals, command.at);
      if (next.onDay > REFUSALS_PER_DAY_MAX) return { ok: true, refusalId: null };
      refusals = next;
      const event = recordOf(stream, next, command);
      events.push(event);
      return { ok: true, refusalId: event.id };
    });
    return Promise.resolve({ results, events, state: refusals });
  },
};

/** The count after one more record; also folds what the log has. */
export function afterRecord(before: Refusals, decidedAt: string): RefusalsState {
  if (before === undefined) return { version: 1, changedAt: decidedAt, onDay: 1 };
  const { changedAt } = before;
  const at = decidedAt > changedAt ? decidedAt : changedAt;
  const onDay = dayOf(at) === dayOf(changedAt) ? before.onDay + 1 : 1;
  return { version: before.version + 1, changedAt: at, onDay };
}

function recordOf(
  stream: StreamId,
  { version, changedAt, onDay }: RefusalsState,
  { commandId, commandHash, traceparent, data }: RefusedCommand,
): RefusalEvent {
  return {
    id: `${stream}/${version}`,
    stream,
    version,
    type: 'command-refused',
    schema: 1,
    commandId,
    commandHash,
    ...(traceparent === undefined ? {} : { traceparent }),
    at: changedAt,
    data: { ...data, ...(onDay === REFUSALS_PER_DAY_MAX ? { dayIsFull: true } : {}) },
  };
}
