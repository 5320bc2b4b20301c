import { streamOfEvent, type BankEvent } from '../../contracts/bank-events.ts';
import { agreementOf } from '../../contracts/batch-content.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { namesOf } from '../../contracts/events.ts';
import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../../contracts/log.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { ExecutedName, Journal, SecretChange, StoredStream } from '../journal/journal.ts';
import { decodeState, dueOf, encodeState, isPersonState } from '../turn/stream-state.ts';
import type { StreamState } from '../turn/stream-state.ts';
import type { LogPages } from './journal-guard.ts';
import { LogUnsound, stateAfter } from './replay.ts';

/** Characters of states that are held at once; what is beyond is written and read again. */
const HELD_SIZE_MAX = 128 * 1024 * 1024;
const LOAD_STREAMS_MAX = 500;
const WRITE_STREAMS_MAX = 500;
const NAMED_MAX = 20;

export interface RestorationPorts {
  readonly journal: Pick<Journal, 'load' | 'restore' | 'mark' | 'setMark'>;
  readonly log: LogPages;
  /** Keys of persons out of a backup of them. */
  readonly keys: ReadonlyMap<StreamId, string>;
  readonly now: () => Date;
  /** Told after each page: the position that was reached, where the log ends, and the events. */
  readonly progress: (position: number, head: number, events: number) => void;
  readonly heldSizeMax?: number;
}

export interface Restored {
  events: number;
  accounts: number;
  persons: number;
  /** Accounts whose records of refusals were restored. */
  refusals: number;
  /** Streams that the journal had already, as far as the log or further. */
  there: number;
  /** Persons who are registered and whose key is neither in the journal nor in the backup. */
  withoutKey: number;
}

/** A stream as log and journal tell it so far. */
interface Replayed {
  readonly stream: StreamId;
  version: number;
  digest: string;
  state: StreamState;
  /** The last version that the log has shown. */
  seen: number;
  /** The row that was there; its digests are compared with the log's. */
  readonly row: StoredStream | undefined;
  size: number;
}

/**
 * Writes into the journal what the log has and it lacks: rows only move forward, and what is ahead
 * of the log stays, because it is nowhere else. So it may be killed and run again. Where journal
 * and log tell different stories nothing of that stream is written and it rejects with LogUnsound.
 * Until it has ended well, the journal's mark keeps every actor host from serving. The log is read
 * once, whatever it holds; memory is bounded by `heldSizeMax` characters of states.
 */
export async function restoreJournal(ports: RestorationPorts): Promise<Restored> {
  const { journal, log, keys, now, progress, heldSizeMax = HELD_SIZE_MAX } = ports;
  // A clock that was set back must not keep the journal closed.
  const marked = Date.parse((await journal.mark())?.at ?? '1970-01-01T00:00:00.000Z');
  const at = (): string => new Date(Math.max(now().getTime(), marked + 1)).toISOString();
  await journal.setMark({ state: 'restoring', at: at() });
  const streams = new Map<StreamId, Replayed>();
  const ahead = new Set<StreamId>();
  const written = new Set<StreamId>();
  const there = new Set<StreamId>();
  const withoutKey = new Set<StreamId>();
  const wrong = new Map<StreamId, string>();
  let [events, size] = [0, 0];

  const load = async (ids: readonly StreamId[]): Promise<Map<StreamId, StoredStream>> => {
    const rows = new Map<StreamId, StoredStream>();
    for (let at = 0; at < ids.length; at += LOAD_STREAMS_MAX) {
      const found = await journal.load(ids.slice(at, at + LOAD_STREAMS_MAX));
      for (const row of found.streams) rows.set(row.stream, row);
    }
    return rows;
  };
  const replay = (event: BankEvent, row: StoredStream | undefined): void => {
    const stream = streamOfEvent(event);
    if (wrong.has(stream)) return;
    const known = streams.get(stream) ?? openedBy(stream, row);
    if (known !== undefined && !streams.has(stream)) size += known.size;
    const digest = eventDigest(canonicalJson(event));
    if (known !== undefined && event.version <= known.version) {
      known.seen = event.version;
      const said = digestAt(known.row, event.version);
      if (said !== undefined && said !== digest) {
        wrong.set(stream, `${event.id} is another event in the journal than in the log`);
      }
      streams.set(stream, known);
      return;
    }
    if (event.version !== (known?.version ?? 0) + 1 || event.prev !== known?.digest) {
      throw new LogUnsound(`${event.id} does not follow what is before it`);
    }
    const state = stateAfter(known?.state, event);
    const length = encodeState(state).length;
    size += length - (known?.size ?? 0);
    const { version } = event;
    streams.set(stream, {
      ...{ stream, version, digest, state, seen: version, row: known?.row, size: length },
    });
  };

  const write = async (all: readonly Replayed[]): Promise<void> => {
    for (let at = 0; at < all.length; at += WRITE_STREAMS_MAX) {
      const rows = all.slice(at, at + WRITE_STREAMS_MAX).map((one) => {
        const { stream, version, digest, state } = one;
        const secret = secretOf(one, keys);
        if (secret === 'unknown') withoutKey.add(stream);
        else withoutKey.delete(stream);
        if (one.version > (one.row?.version ?? 0)) written.add(stream);
        else there.add(stream);
        const more = secret === undefined || secret === 'unknown' ? {} : { secret };
        return { stream, version, digest, state: encodeState(state), due: dueOf(state), ...more };
      });
      await journal.restore(rows, []);
    }
  };
  const flush = async (): Promise<void> => {
    const all = [...streams.values()].filter(({ stream }) => !wrong.has(stream));
    await write(all);
    for (const { stream, seen, row } of all) {
      if (seen < (row?.logged ?? 0)) ahead.add(stream);
      else ahead.delete(stream);
    }
    streams.clear();
    size = 0;
  };

  for await (const { entries, head } of pagesOf(log)) {
    const ids = new Set(entries.map(({ event }) => streamOfEvent(event)));
    const rows = await load([...ids].filter((id) => !streams.has(id)));
    for (const { event } of entries) replay(event, rows.get(streamOfEvent(event)));
    await journal.restore(
      [],
      entries.flatMap(({ event }) => namesIn(event)),
    );
    events += entries.length;
    progress(entries.at(-1)!.position, head, events);
    if (size > heldSizeMax) await flush();
  }
  await flush();
  for (const stream of ahead) wrong.set(stream, `the log ends ${stream} before the journal's log`);
  if (wrong.size > 0) throw new LogUnsound(differences([...wrong.values()]));
  await journal.setMark({ state: 'whole', at: at() });
  const count = (kind: string): number =>
    [...written].filter((stream) => stream.startsWith(kind)).length;
  return {
    // What an earlier piece of this reading wrote was not there.
    there: [...there].filter((stream) => !written.has(stream)).length,
    ...{ events, withoutKey: withoutKey.size },
    ...{ accounts: count('acct/'), persons: count('person/'), refusals: count('refusal/') },
  };
}

/** The next page is on its way while one is worked on. */
async function* pagesOf(log: LogPages): AsyncGenerator<LogPage> {
  let next = log.readAfter(0, LOG_PAGE_EVENTS_MAX);
  for (;;) {
    const page = await next;
    const last = page.entries.at(-1);
    if (last === undefined) return;
    next = log.readAfter(last.position, LOG_PAGE_EVENTS_MAX);
    // The rejection is observed when this page is awaited, if it ever is.
    next.catch(() => undefined);
    yield page;
  }
}

function openedBy(stream: StreamId, row: StoredStream | undefined): Replayed | undefined {
  if (row === undefined) return undefined;
  const { version, digest, state } = row;
  const decoded = decodeState(stream, state);
  const size = row.unlogged.reduce((sum, json) => sum + json.length, state.length);
  return { stream, version, digest, state: decoded, seen: 0, row, size };
}

/** What the row says of the event at a version, where it can: each names the one before it. */
function digestAt(row: StoredStream | undefined, version: number): string | undefined {
  if (row === undefined || version < row.logged) return undefined;
  if (version === row.version) return row.digest;
  const next = row.unlogged[version - row.logged];
  return next === undefined ? undefined : (JSON.parse(next) as BankEvent).prev;
}

/** Who was erased stays erased, whichever of log and journal knows of it. */
function secretOf(
  { stream, state, row }: Replayed,
  keys: ReadonlyMap<StreamId, string>,
): SecretChange | 'unknown' | undefined {
  if (!isPersonState(state)) return undefined;
  if (state.status !== 'registered') return 'forget';
  const key = row?.secret ?? keys.get(stream);
  return key === undefined ? 'unknown' : { keep: key };
}

const namesIn = (event: BankEvent): ExecutedName[] => [
  ...namesOf(event).map((name) => ({
    ...{ stream: streamOfEvent(event), name, version: event.version },
  })),
  ...(event.batch === undefined ? [] : [agreementOf(event.batch)]),
];

const differences = (all: readonly string[]): string => {
  const more = all.length > NAMED_MAX ? ` and ${all.length - NAMED_MAX} more` : '';
  return (
    `Journal and log tell different stories of ${all.length} streams: ` +
    `${all.slice(0, NAMED_MAX).join('; ')}${more} (docs/restore.md).`
  );
};
