import { canonicalJson } from '../../contracts/canonical-json.ts';
import { eventDigest } from '../../contracts/digest.ts';
import { streamOfEvent, type BankEvent } from '../../contracts/log/bank-events.ts';
import { LOG_PAGE_EVENTS_MAX, type LogPage } from '../../contracts/log/entries.ts';
import { TRANSACTION_POSITIONS, type PositionedEvent } from '../../contracts/log/topics.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Journal, StoredStream } from '../journal/journal.ts';
import { digestAt } from './replay.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a restarted host waits for the log before it goes on without it. */
const LOG_PATIENCE_MS = 5_000;
const LOOK_MS_MAX = 1_000;
/** A host that still serves when its journal is taken away ends within this time. */
const LOOK_AGAIN_MS = 5_000;

type Found = 'fits' | 'log-away' | 'unfit' | 'away';

/** What the guard needs. `logPatienceMs` and `lookAgainMs` are milliseconds. */
export interface JournalWatch {
  readonly check: () => Promise<'fits' | 'log-away'>;
  readonly marks: Pick<Journal, 'mark'>;
  readonly logger: Logger;
  /** Called when the journal turned out unfit after commands were taken. */
  readonly onUnfit: () => void;
  readonly logPatienceMs?: number;
  readonly lookAgainMs?: number;
}

/** Keeps a host from serving a journal that must not be served. */
export function watchJournal({ check, marks, logger, onUnfit, ...times }: JournalWatch) {
  const { logPatienceMs = LOG_PATIENCE_MS, lookAgainMs = LOOK_AGAIN_MS } = times;
  let waitingFor: string | undefined = 'the journal has not been read yet';

  const look = async (): Promise<Found> => {
    try {
      const found = await check();
      if (found === 'log-away') waitingFor = 'the log is away';
      return found;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isUnfit = error instanceof JournalUnfit;
      if (isUnfit && reason !== waitingFor) logger.error(`ALARM: no command is taken: ${reason}`);
      else if (!isUnfit) logger.info('waiting for the journal', { reason: reason.slice(0, 200) });
      waitingFor = reason.slice(0, 500);
      return isUnfit ? 'unfit' : 'away';
    }
  };

  /**
   * A journal that was taken away, or is being restored, must not be written by who remembers
   * the one before. And commands go on while the log is away, but not on an old copy of the
   * journal once the log is back.
   */
  const goOnLooking = async (found: Found): Promise<void> => {
    for (let last = found; ;) {
      await sleep(lookAgainMs, undefined, { ref: false });
      const next = last === 'log-away' ? await look() : await lookAtMark();
      if (next === 'unfit') return onUnfit();
      if (next !== 'away') last = next;
    }
  };
  const lookAtMark = async (): Promise<Found> => {
    try {
      if ((await marks.mark())?.state === 'whole') return 'fits';
      logger.error('ALARM: the journal was taken away: this host ends');
      return 'unfit';
    } catch {
      // Without the journal no command is decided either.
      return 'away';
    }
  };

  return {
    /** Resolves when the journal may be served; looks again and again, for it may be restored. */
    async untilFit(): Promise<void> {
      const began = performance.now();
      for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, LOOK_MS_MAX)) {
        const found = await look();
        const isPatient = performance.now() - began <= logPatienceMs;
        if (found === 'fits' || (found === 'log-away' && !isPatient)) {
          if (found === 'log-away') logger.warn('the log is away: the journal is believed for now');
          return void goOnLooking(found);
        }
        await sleep(waitMs);
      }
    },
    /** Why commands are not taken yet. */
    waitingFor: (): string | undefined => waitingFor,
  };
}

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
  /** Events after a position; an empty page is the end. */
  readAfter(position: number, limit?: number): Promise<LogPage>;
}

/** The journal must not be served: what would be decided on it could never enter the log. */
export class JournalUnfit extends Error {}

/**
 * Rejects with JournalUnfit when the journal was lost, is an old copy, has another history, or is
 * being restored. All of these show in one place: an event is committed to the journal before the
 * log has it, so a journal without the last events of the log lacks everything since some moment.
 * @returns 'log-away' when the log did not answer: until it does, a journal whose mark says that it
 *   is whole is believed.
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
