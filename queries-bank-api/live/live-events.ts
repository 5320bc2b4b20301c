import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountPage } from '../../contracts/log/entries.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { AccountLog } from '../log/account-log.ts';
import { HEADS_PACE, LogHeads, type HeadsPace } from '../log/log-heads.ts';
import { Unavailable } from '../read-models/read-models.ts';

export const LIVE_PAGE_EVENTS = 50;

/** The events of accounts as they come, read from the log and from nowhere else. */
export class LiveEvents {
  private readonly log: AccountLog;
  private readonly logger: Logger;
  private readonly heads: LogHeads;
  private readonly pace: HeadsPace;
  /** Streams of one account mostly stand at the same place: one read serves them all. */
  private readonly reads = new Map<string, Promise<AccountPage>>();

  constructor(log: AccountLog, logger: Logger, pace: HeadsPace = HEADS_PACE) {
    this.log = log;
    this.logger = logger;
    this.pace = pace;
    this.heads = new LogHeads(log, logger, pace);
  }

  /** Version of the account's last event in the log, 0 when there is no such account. */
  async head(accountId: AccountId): Promise<number> {
    const [head = 0] = await this.log.heads([accountId]);
    return head;
  }

  /**
   * Every event after a version, once and in order, until the signal is aborted. While the log
   * is away it waits.
   */
  async *after(
    accountId: AccountId,
    version: number,
    signal: AbortSignal,
  ): AsyncGenerator<PositionedAccountEvent, void, undefined> {
    let last = version;
    let head = version;
    while (!signal.aborted) {
      if (head <= last) await this.heads.reached(accountId, last + 1, signal);
      const page = await this.page(accountId, last + 1, signal);
      for (const entry of page.entries) {
        if (entry.event.version !== last + 1) {
          throw new Error(`${entry.event.id} came after version ${last}`);
        }
        if (signal.aborted) return;
        yield entry;
        last += 1;
      }
      head = page.headVersion;
      // The log says that there is more and gives nothing: not to be asked without a pause.
      if (page.entries.length === 0) await sleep(this.pace.everyMs);
    }
  }

  private async page(id: AccountId, from: number, signal: AbortSignal): Promise<AccountPage> {
    for (let pauseMs = this.pace.everyMs; !signal.aborted;) {
      try {
        return await this.shared(id, from);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        this.logger.debug('a stream waits for the log', { accountId: id, error: String(error) });
        await sleep(pauseMs);
        pauseMs = Math.min(2 * pauseMs, this.pace.awayMsMax);
      }
    }
    return { entries: [], headVersion: from };
  }

  private shared(id: AccountId, from: number): Promise<AccountPage> {
    const key = `${id}/${from}`;
    const known = this.reads.get(key);
    if (known !== undefined) return known;
    const read = this.log.events(id, from, LIVE_PAGE_EVENTS).finally(() => {
      this.reads.delete(key);
    });
    this.reads.set(key, read);
    return read;
  }
}
