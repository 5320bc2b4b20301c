import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { RestoredStream, StoredStream } from '../journal/journal.ts';
import { decodeState, dueOf, encodeState, type StreamState } from '../turn/stream-state.ts';
import { LogUnsound, stateAfter, differenceAt } from './replay.ts';

/** Of one stream in memory: its objects, and of each character of its texts (measured). */
const HELD_BYTES = 3 * 1024;
const BYTES_OF_CHARACTER = 4;

/** What is remembered of every stream to the end of the log: about 300 bytes. */
export interface LoggedStream {
  /** Of the last event that the log has shown. */
  version: number;
  digest: string;
  /** A person of whom the log has the erasure. */
  isErased: boolean;
  /** The journal lacked something of it. */
  wasWritten: boolean;
  /** The journal knows that the log had more than it has shown. */
  isCutShort: boolean;
  /** Why nothing more of it is written. */
  wrong: string | undefined;
}

/** What is held of a stream until it is written. */
interface HeldStream {
  /** Of the journal's row or of the log, whichever is further. */
  version: number;
  digest: string;
  /** Read out of the row when an event comes that the row lacks. */
  state: StreamState | undefined;
  row: StoredStream | undefined;
  bytes: number;
}

/** Streams as log and journal have them so far; events come in the order of the log. */
export function loggedStreams() {
  const streams = new Map<StreamId, LoggedStream>();
  const held = new Map<StreamId, HeldStream>();
  let bytes = 0;

  const hold = (stream: StreamId, next: HeldStream): void => {
    bytes += next.bytes - (held.get(stream)?.bytes ?? 0);
    held.set(stream, next);
  };
  const letGo = (stream: StreamId): void => {
    bytes -= held.get(stream)?.bytes ?? 0;
    held.delete(stream);
  };
  /** Throws LogUnsound when the event cannot stand there. */
  const add = (logged: LoggedStream, event: BankEvent, row: StoredStream | undefined): void => {
    const stream = streamOfEvent(event);
    if (event.version !== logged.version + 1 || (event.prev ?? '') !== logged.digest) {
      throw new LogUnsound(`${event.id} does not follow what the log has before it`);
    }
    const digest = eventDigest(canonicalJson(event));
    logged.version = event.version;
    logged.digest = digest;
    const known = held.get(stream) ?? (row === undefined ? NOTHING : openedBy(row));
    if (event.version <= known.version) {
      const differing = known.row && differenceAt(known.row, event, digest);
      if (differing !== undefined) throw new LogUnsound(differing);
      return hold(stream, known);
    }
    if (event.version !== known.version + 1 || (event.prev ?? '') !== known.digest) {
      throw new Error(`the row of ${stream} moved while the journal was closed`);
    }
    const state = stateAfter(known.state ?? stateOf(known.row), event);
    const { version } = event;
    hold(stream, {
      version,
      digest,
      state,
      row: known.row && withoutTexts(known.row),
      bytes: HELD_BYTES + BYTES_OF_CHARACTER * encodeState(state).length,
    });
  };

  return {
    all: streams as ReadonlyMap<StreamId, LoggedStream>,
    /** Whether its row need not be loaded. */
    isHeld: (stream: StreamId): boolean =>
      held.has(stream) || streams.get(stream)?.wrong !== undefined,
    bytes: (): number => bytes,
    /** Takes the next event; `row` is the journal's when the stream is not held. */
    take(event: BankEvent, row: StoredStream | undefined): void {
      const stream = streamOfEvent(event);
      const logged = streams.get(stream) ?? { ...NOTHING_LOGGED };
      streams.set(stream, logged);
      if (event.type === 'person-erased') logged.isErased = true;
      if (logged.wrong !== undefined) return;
      try {
        add(logged, event, row);
      } catch (error) {
        if (!(error instanceof LogUnsound)) throw error;
        logged.wrong = error.message;
        letGo(stream);
      }
    },
    /** Lets go of all that is held; gives one after the other what the journal lacks. */
    *release(): Generator<RestoredStream> {
      for (const [stream, { version, digest, state, row }] of held) {
        const logged = streams.get(stream)!;
        logged.isCutShort = logged.version < (row?.logged ?? 0);
        held.delete(stream);
        if (state === undefined) continue;
        logged.wasWritten = true;
        const secret = logged.isErased ? ({ secret: 'forget' } as const) : {};
        yield { stream, version, digest, state: encodeState(state), due: dueOf(state), ...secret };
      }
      bytes = 0;
    },
  };
}

const NOTHING: HeldStream = {
  version: 0,
  digest: '',
  state: undefined,
  row: undefined,
  bytes: 0,
};
const NOTHING_LOGGED: LoggedStream = {
  version: 0,
  digest: '',
  isErased: false,
  wasWritten: false,
  isCutShort: false,
  wrong: undefined,
};

function openedBy(row: StoredStream): HeldStream {
  const { version, digest, state, unlogged } = row;
  const size = unlogged.reduce((sum, json) => sum + json.length, state.length);
  return { version, digest, state: undefined, row, bytes: HELD_BYTES + 2 * size };
}

/** All events that the row can tell of were compared. */
const withoutTexts = (row: StoredStream): StoredStream =>
  row.state === '' ? row : { ...row, state: '', unlogged: [] };

function stateOf(row: StoredStream | undefined): StreamState | undefined {
  if (row === undefined) return undefined;
  try {
    return decodeState(row.stream, row.state);
  } catch (error) {
    throw new LogUnsound(`the journal's row of ${row.stream} cannot be read`, { cause: error });
  }
}
