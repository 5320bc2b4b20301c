import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../../contracts/log/entries.ts';
import { TRANSACTION_POSITIONS, type PositionedEvent } from '../../contracts/log/topics.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Journal, StoredStream } from '../journal/journal.ts';
import { digestAt } from './story-difference.ts';

/**
 * So many transactions of the log: after it was away the last ones may bring what was decided
 * long before, and only what was decided last tells an old copy.
 */
const TAIL_POSITIONS = 64 * TRANSACTION_POSITIONS;
/** Rows may have 1.5 MiB each. */
const LOAD_STREAMS_MAX = 64;
const REMEDY = 'Stop the bank and run "npm run restore" (docs/restore.md).';

/** The whole log, in log order; an empty page is its end. */
export interface LogPages {
  readAfter(position: number, limit?: number): Promise<LogPage>;
}

/** The journal must not be served: what would be decided on it could never enter the log. */
export class JournalUnfit extends Error {}

/**
 * Rejects with JournalUnfit when the journal was lost, is an old copy, tells another history, or is
 * being restored. All of these show in one place: an event is committed to the journal before the
 * log has it, so a journal that lacks the last events of the log lacks everything since some
 * moment. Gives whether the log was asked: when it is away, a journal that says it is whole is
 * believed until then.
 */
export async function checkJournal(
  journal: Pick<Journal, 'load' | 'mark' | 'setMark'>,
  log: LogPages,
  now: () => Date,
): Promise<'fits' | 'log-away'> {
  const mark = await journal.mark();
  if (mark?.state === 'restoring') {
    throw new JournalUnfit(
      `A restore of the journal that began at ${mark.at} has not ended. ` +
        'Run "npm run restore" again: it goes on where it was (docs/restore.md).',
    );
  }
  let tail: PositionedEvent[];
  try {
    tail = await tailOf(log);
  } catch (error) {
    if (mark === undefined) throw error;
    return 'log-away';
  }
  const last = new Map<StreamId, BankEvent>();
  for (const { event } of tail) last.set(streamOfEvent(event), event);
  const streams = [...last.keys()];
  for (let at = 0; at < streams.length; at += LOAD_STREAMS_MAX) {
    const part = streams.slice(at, at + LOAD_STREAMS_MAX);
    const rows = new Map((await journal.load(part)).streams.map((row) => [row.stream, row]));
    for (const stream of part) refuseUnfit(last.get(stream)!, rows.get(stream));
  }
  if (mark === undefined) await journal.setMark({ state: 'whole', at: now().toISOString() });
  return 'fits';
}

function refuseUnfit(event: BankEvent, row: StoredStream | undefined): void {
  // What is known to differ takes no command, and must not keep the others from it.
  if (row?.quarantine !== undefined) return;
  const { version } = event;
  let what = 'knows nothing of it';
  if (row !== undefined) {
    const digest = eventDigest(canonicalJson(event));
    const isThere = version <= row.version && (digestAt(row, version) ?? digest) === digest;
    if (isThere) return;
    what = version <= row.version ? 'has another event there' : `ends it at ${row.version}`;
  }
  throw new JournalUnfit(
    `The journal is lost or an old copy: the log has ${event.stream} up to version ${version}, ` +
      `the journal ${what}. ${REMEDY}`,
  );
}

async function tailOf(log: LogPages): Promise<PositionedEvent[]> {
  const { head } = await log.readAfter(0, 1);
  const tail: PositionedEvent[] = [];
  for (let position = Math.max(0, head - TAIL_POSITIONS); position < head;) {
    const { entries } = await log.readAfter(position, LOG_PAGE_EVENTS_MAX);
    if (entries.length === 0) break;
    tail.push(...entries);
    position = entries.at(-1)!.position;
  }
  return tail;
}
