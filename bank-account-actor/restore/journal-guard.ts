import { streamOfEvent } from '../../contracts/bank-events.ts';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../../contracts/log.ts';
import { TRANSACTION_POSITIONS, type PositionedEvent } from '../../contracts/topics.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Journal } from '../journal/journal.ts';

/** Four transactions of the log. */
const TAIL_POSITIONS = 4 * TRANSACTION_POSITIONS;
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
  const last = new Map<StreamId, PositionedEvent['event']>();
  for (const { event } of tail) last.set(streamOfEvent(event), event);
  const { streams } = await journal.load([...last.keys()]);
  const rows = new Map(streams.map((row) => [row.stream, row]));
  for (const [stream, event] of last) {
    const row = rows.get(stream);
    const version = row?.version ?? 0;
    if (version > event.version) continue;
    const isSame = row?.digest === eventDigest(canonicalJson(event));
    if (version === event.version && isSame) continue;
    const what =
      version === event.version
        ? 'has another event there'
        : version === 0
          ? 'knows nothing of it'
          : `ends it at ${version}`;
    throw new JournalUnfit(
      `The journal is lost or an old copy: the log has ${stream} up to version ` +
        `${event.version}, the journal ${what}. ${REMEDY}`,
    );
  }
  if (mark === undefined) await journal.setMark({ state: 'whole', at: now().toISOString() });
  return 'fits';
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
