import { encodeAccount } from '../contracts/account-state.ts';
import { isAccountEvent, isRefusalEvent, streamOfEvent } from '../contracts/bank-events.ts';
import type { BankEvent } from '../contracts/bank-events.ts';
import { balanceOf, sameBalance } from '../contracts/balances.ts';
import { decodeEvent, type LoggedEvent } from '../contracts/events.ts';
import type { RefusalsState } from '../contracts/refusal-events.ts';
import type { PositionedEvent } from '../contracts/topics.ts';
import { evolve, NO_ACCOUNT, type ExistingAccount } from '../domain/account.ts';
import { evolvePerson, NO_PERSON, type KnownPerson } from '../domain/person.ts';
import type { StreamId } from '../domain/ids.ts';
import type { RowContent } from './journal.ts';
import { afterRecord } from './refusal-kind.ts';

/** Streams that one reading of the log holds in memory; about 2 KB each. */
export const STREAMS_AT_ONCE_MAX = 200_000;

/** The log does not hold what the bank would have written. */
export class LogUnsound extends Error {}

/** What the log tells of one stream: as much as its actor needs to go on. */
export interface FoldedStream {
  readonly stream: StreamId;
  readonly version: number;
  /** The state after the last event, and the events of the last command. */
  readonly content: RowContent;
}

interface Folded {
  state: ExistingAccount | KnownPerson | RefusalsState;
  last: BankEvent[];
}

/**
 * Folds the log into the states of its streams. When there are more than fit, the streams that
 * begin after the memory is full are put off: the next reading begins where the first of them
 * does, and takes only streams that begin there or later. So no reading needs to know what the
 * ones before it had.
 */
export function logFold(streamsMax = STREAMS_AT_ONCE_MAX, isFirstReading = true) {
  const streams = new Map<StreamId, Folded>();
  let putOffAfter: number | undefined;

  return {
    take({ position, event }: PositionedEvent): void {
      const stream = streamOfEvent(event);
      const known = streams.get(stream);
      if (known !== undefined) return add(known, event);
      if (event.version > 1) {
        // It belongs to a reading before this one, or was put off just now.
        if (!isFirstReading || putOffAfter !== undefined) return;
        throw new LogUnsound(`${event.id} has no event before it in the log`);
      }
      if (streams.size < streamsMax) {
        streams.set(stream, { state: stateAfter(undefined, event), last: [event] });
      } else {
        putOffAfter ??= position - 1;
      }
    },
    size: (): number => streams.size,
    *streams(): Generator<FoldedStream> {
      for (const [stream, { state, last }] of streams) {
        yield { stream, version: state.version, content: contentOf(state, last) };
      }
    },
    /** The position after which the next reading begins; undefined when nothing was put off. */
    putOffAfter: (): number | undefined => putOffAfter,
  };
}

function add(known: Folded, event: BankEvent): void {
  if (event.version !== known.state.version + 1) {
    throw new LogUnsound(`${event.id} follows version ${known.state.version} in the log`);
  }
  known.state = stateAfter(known.state, event);
  // A command's events are committed together, so a retry must find all of them together.
  if (known.last[0]?.commandId === event.commandId) known.last.push(event);
  else known.last = [event];
}

function stateAfter(state: Folded['state'] | undefined, event: BankEvent): Folded['state'] {
  try {
    if (isRefusalEvent(event)) {
      return afterRecord(state as RefusalsState | undefined, event.at);
    }
    if (!isAccountEvent(event)) {
      return evolvePerson((state as KnownPerson | undefined) ?? NO_PERSON, {
        type: event.type,
        at: event.at,
      });
    }
    const before = (state as ExistingAccount | undefined) ?? NO_ACCOUNT;
    const after = evolve(before, decodeEvent(event));
    checkBalance(event, after);
    return after;
  } catch (error) {
    throw new LogUnsound(`${event.id} cannot follow what the log has before it: ${String(error)}`);
  }
}

/** Every event says the balance that its actor saw: a fold that differs must not be served. */
function checkBalance({ data }: LoggedEvent, after: ExistingAccount): void {
  const [said, folded] = [data.balance, balanceOf(after)];
  if (sameBalance(said, folded)) return;
  throw new Error(`it says ${JSON.stringify(said)}, not ${JSON.stringify(folded)}`);
}

function contentOf(state: Folded['state'], events: BankEvent[]): RowContent {
  if ('currency' in state) return { account: encodeAccount(state), events };
  return 'onDay' in state ? { refusals: state, events } : { person: { ...state }, events };
}
