import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { AccountLog } from './account-log.ts';

/** Times in milliseconds. */
export interface HeadsPace {
  readonly everyMs: number;
  /** While the log is away the pause doubles up to this. */
  readonly awayMsMax: number;
}

/** The times in production. */
export const HEADS_PACE: HeadsPace = { everyMs: 100, awayMsMax: 2_000 };

interface Waiter {
  readonly accountId: AccountId;
  readonly version: number;
  readonly done: () => void;
}

/**
 * Tells when the log has a version of an account. One call asks for all accounts that anyone waits
 * for, and the log answers it from memory, so the cost depends neither on the number of waiters nor
 * on other traffic. While nobody waits, nothing is asked.
 */
export class LogHeads {
  private readonly log: AccountLog;
  private readonly logger: Logger;
  private readonly pace: HeadsPace;
  private readonly waiters = new Set<Waiter>();
  private looking = false;

  constructor(log: AccountLog, logger: Logger, pace: HeadsPace = HEADS_PACE) {
    this.log = log;
    this.logger = logger;
    this.pace = pace;
  }

  /** Resolves when the log has that version, or when the signal is aborted. */
  reached(accountId: AccountId, version: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.waiters.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { accountId, version, done };
      signal.addEventListener('abort', done);
      this.waiters.add(waiter);
      if (!this.looking) void this.look();
    });
  }

  private async look(): Promise<void> {
    this.looking = true;
    let pauseMs = this.pace.everyMs;
    // The pause comes first: under load it is what makes one answer serve many events.
    while ((await sleep(pauseMs), this.waiters.size > 0)) {
      try {
        await this.lookOnce();
        pauseMs = this.pace.everyMs;
      } catch (error) {
        pauseMs = Math.min(2 * pauseMs, this.pace.awayMsMax);
        this.logger.warn('the log does not answer, streams wait', { error: String(error) });
      }
    }
    this.looking = false;
  }

  private async lookOnce(): Promise<void> {
    const ids = [...new Set([...this.waiters].map(({ accountId }) => accountId))];
    const versions = await this.log.heads(ids);
    const heads = new Map(ids.map((id, at) => [id, versions[at] ?? 0]));
    for (const { accountId, version, done } of this.waiters) {
      if ((heads.get(accountId) ?? 0) >= version) done();
    }
  }
}
