import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';
import type { Journal } from '../journal/journal.ts';
import { JournalUnfit } from './journal-guard.ts';

/** How long a restarted host waits for the log before it goes on without it. */
const LOG_PATIENCE_MS = 5_000;
const LOOK_MS_MAX = 1_000;
/** A host that still serves when its journal is taken away ends within this time. */
const LOOK_AGAIN_MS = 5_000;

type Found = 'fits' | 'log-away' | 'unfit' | 'away';

export interface JournalWatch {
  readonly check: () => Promise<'fits' | 'log-away'>;
  readonly marks: Pick<Journal, 'mark'>;
  readonly logger: Logger;
  /** The journal turned out unfit after commands were taken. */
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
