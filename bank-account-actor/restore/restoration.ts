import { namesOf } from '../../contracts/account/events.ts';
import { agreementOf } from '../../contracts/batch/content.ts';
import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../../contracts/log/entries.ts';
import type { StreamId } from '../../domain/ids.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import {
  type Journal,
  type RestoredStream,
  type StoredStream,
  rowBytes,
  type ExecutedName,
} from '../journal/journal.ts';
import { decodeState, isPersonState } from '../turn/stream-state.ts';
import type { LogPages } from './journal-guard.ts';
import { LogUnsound } from './replay.ts';
import { type LoggedStream, loggedStreams } from './logged-streams.ts';

/** Rows may have 1.5 MiB each. */
const LOAD_STREAMS_MAX = 64;

/**
 * To be called after the whole log was read, because before that an erasure may still follow.
 * Deletes the keys of persons who are erased in log or journal, whatever else is wrong with the
 * stream, and takes keys from the backup for those who are registered in both.
 * @returns the number of registered persons without a key.
 */
async function restoreKeys(
  journal: Pick<Journal, 'load' | 'restore'>,
  logged: ReadonlyMap<StreamId, LoggedStream>,
  keys: ReadonlyMap<StreamId, string>,
): Promise<number> {
  const persons = [...logged.keys()].filter((stream) => stream.startsWith('person/'));
  let withoutKey = 0;
  const changeOf = (row: StoredStream): RestoredStream[] => {
    const { stream, version, digest, state, secret } = row;
    const change = (made: RestoredStream['secret']): RestoredStream[] =>
      made === undefined ? [] : [{ stream, version, digest, state, due: null, secret: made }];
    const { isErased, wrong } = logged.get(stream)!;
    const status = isErased ? 'erased' : statusOf(row);
    if (status === 'erased') return secret === undefined ? [] : change('forget');
    if (secret !== undefined || status === undefined || wrong !== undefined) return [];
    const key = keys.get(stream);
    if (key === undefined) withoutKey += 1;
    return change(key === undefined ? undefined : { keep: key });
  };
  for (let at = 0; at < persons.length; at += LOAD_STREAMS_MAX) {
    const { streams } = await journal.load(persons.slice(at, at + LOAD_STREAMS_MAX));
    const changes = streams.flatMap(changeOf);
    if (changes.length > 0) await journal.restore(changes, []);
  }
  return withoutKey;
}

/** Undefined for a row that cannot be read. */
function statusOf({ stream, state }: StoredStream): string | undefined {
  try {
    const person = decodeState(stream, state);
    return isPersonState(person) ? person.status : undefined;
  } catch {
    return undefined;
  }
}

/** Of states that are held at once; what is beyond is written and read again. */
const HELD_BYTES_MAX = 256 * 1024 * 1024;
const WRITE_STREAMS_MAX = 500;
const WRITE_BYTES_MAX = 2 * 1024 * 1024;
const NAMED_MAX = 100;

/** What a restore needs. */
export interface RestorationPorts {
  readonly journal: Pick<Journal, 'load' | 'restore' | 'mark' | 'setMark'>;
  readonly log: LogPages;
  /** Keys of persons from a backup of them. */
  readonly keys: ReadonlyMap<StreamId, string>;
  readonly now: () => Date;
  /** Called after each page: the position reached, where the log ends, and the events. */
  readonly progress: (position: number, head: number, events: number) => void;
  readonly heldBytesMax?: number;
}

/** What a restore did. */
export interface Restored {
  events: number;
  accounts: number;
  persons: number;
  /** Accounts whose records of refusals were restored. */
  refusals: number;
  approvals: number;
  /** Streams that the journal already had, as far as the log or further. */
  there: number;
  /** Persons who are registered and whose key is neither in the journal nor in the backup. */
  withoutKey: number;
  /** The time of the log's last event. */
  logEnds: string | undefined;
}

/**
 * Writes into the journal what the log has and it lacks. Rows only move forward, and what is ahead
 * of the log stays, because it is nowhere else: so a restore may be killed and run again. Every
 * event is compared with the journal's of the same version, as far as the row can tell. Where the
 * two differ, or the log contradicts itself, nothing more of that stream is written, the others are
 * restored, and it rejects with LogUnsound, which names each such stream. Until a restore has
 * succeeded, the journal's mark keeps every actor host from serving. The log is read once; memory
 * is bounded by `heldBytesMax`, two pages, `LOAD_STREAMS_MAX` rows, and some 300 bytes per stream.
 */
export async function restoreJournal(ports: RestorationPorts): Promise<Restored> {
  const { journal, log, keys, now, progress, heldBytesMax = HELD_BYTES_MAX } = ports;
  await closeJournal(journal, now);
  crashPoint('restore:marked');
  const logged = loggedStreams();
  let events = 0;
  let logEnds: string | undefined;

  const flush = async (): Promise<void> => {
    for (const part of partsOf(logged.release())) {
      await journal.restore(part, []);
      crashPoint('restore:wrote');
    }
  };
  for await (const { entries, head } of pagesOf(log)) {
    for (const part of partsOfPage(entries.map(({ event }) => event))) {
      const rows = await rowsOf(journal, part, logged.isHeld);
      for (const event of part) logged.take(event, rows.get(streamOfEvent(event)));
      if (logged.bytes() > heldBytesMax) await flush();
    }
    await journal.restore(
      [],
      entries.flatMap(({ event }) => [...executedBy(event), ...agreedBy(event)]),
    );
    crashPoint('restore:named');
    events += entries.length;
    logEnds = entries.at(-1)!.event.at;
    progress(entries.at(-1)!.position, head, events);
  }
  await flush();
  const withoutKey = await restoreKeys(journal, logged.all, keys);
  crashPoint('restore:keys');
  const wrong = differences(logged.all);
  if (wrong !== undefined) throw new LogUnsound(wrong);
  await journal.setMark({ state: 'whole', at: await laterThanMark(journal, now) });
  return { events, withoutKey, logEnds, ...countsOf(logged.all) };
}

/** From now on no actor host serves the journal, until a restore has succeeded. */
export async function closeJournal(journal: Marks, now: () => Date): Promise<void> {
  await journal.setMark({ state: 'restoring', at: await laterThanMark(journal, now) });
}
type Marks = Pick<Journal, 'mark' | 'setMark'>;

/** A clock that was set back must not keep the journal closed. */
async function laterThanMark(journal: Marks, now: () => Date): Promise<string> {
  const marked = Date.parse((await journal.mark())?.at ?? '1970-01-01T00:00:00.000Z');
  return new Date(Math.max(now().getTime(), marked + 1)).toISOString();
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

/** Parts with events of so few streams that their rows may be loaded together. */
function* partsOfPage(events: readonly BankEvent[]): Generator<BankEvent[]> {
  let [part, streams] = [[] as BankEvent[], new Set<string>()];
  for (const event of events) {
    if (streams.size === LOAD_STREAMS_MAX && !streams.has(event.stream)) {
      yield part;
      [part, streams] = [[], new Set()];
    }
    part.push(event);
    streams.add(event.stream);
  }
  yield part;
}

async function rowsOf(
  journal: Pick<Journal, 'load'>,
  events: readonly BankEvent[],
  isHeld: (stream: StreamId) => boolean,
): Promise<Map<StreamId, StoredStream>> {
  const streams = [...new Set(events.map(streamOfEvent))].filter((stream) => !isHeld(stream));
  if (streams.length === 0) return new Map();
  const { streams: rows } = await journal.load(streams);
  // An empty row waits for what the log tells, as a missing one does.
  return new Map(rows.filter(({ digest }) => digest !== '').map((row) => [row.stream, row]));
}

/** Parts that one statement may bring. */
function* partsOf(rows: Iterable<RestoredStream>): Generator<RestoredStream[]> {
  let [part, bytes] = [[] as RestoredStream[], 0];
  for (const row of rows) {
    const more = rowBytes({ ...row, unlogged: [] });
    if (part.length === WRITE_STREAMS_MAX || (part.length > 0 && bytes + more > WRITE_BYTES_MAX)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(row);
    bytes += more;
  }
  if (part.length > 0) yield part;
}

/** The names under which an event was executed. */
export const executedBy = (event: BankEvent): ExecutedName[] =>
  namesOf(event).map((name) => ({ stream: streamOfEvent(event), name, version: event.version }));

// More than its own stream rests on what it recorded for its batch, so that is never undone.
const agreedBy = ({ batch, by }: BankEvent): ExecutedName[] =>
  batch === undefined ? [] : [agreementOf(batch, by)];

type LoggedStreams = ReadonlyMap<StreamId, LoggedStream>;

function countsOf(
  logged: LoggedStreams,
): Pick<Restored, 'accounts' | 'persons' | 'refusals' | 'approvals' | 'there'> {
  const counts = { acct: 0, person: 0, refusal: 0, approval: 0, there: 0 };
  for (const [stream, { wasWritten }] of logged) {
    counts[wasWritten ? (stream.slice(0, stream.indexOf('/')) as 'acct') : 'there'] += 1;
  }
  const { acct: accounts, person: persons, refusal: refusals, approval: approvals, there } = counts;
  return { accounts, persons, refusals, approvals, there };
}

function differences(logged: LoggedStreams): string | undefined {
  const all: string[] = [];
  for (const [stream, { version, wrong, isCutShort }] of logged) {
    const cut = `the log ends ${stream} at version ${version}, and had confirmed more of it`;
    if (wrong !== undefined) all.push(wrong);
    else if (isCutShort) all.push(cut);
  }
  if (all.length === 0) return undefined;
  const more = all.length > NAMED_MAX ? `\nand ${all.length - NAMED_MAX} more` : '';
  return (
    `Journal and log tell different stories of ${all.length} streams (docs/restore.md):\n` +
    `${all.slice(0, NAMED_MAX).join('\n')}${more}`
  );
}
