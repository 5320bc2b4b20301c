import { setTimeout as sleep } from 'node:timers/promises';
import { streamOf, type LoggedEvent } from '../../contracts/account/events.ts';
import { refusalsOf } from '../../contracts/log/bank-events.ts';
import { LOG_CALLS, readEvents } from '../../contracts/log/calls.ts';
import {
  accountEventsAnswer,
  accountPage,
  refusalsPage,
  type AccountPage,
  type RefusalsPage,
} from '../../contracts/log/entries.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import { askServices } from '../other-services.ts';

/** The immutable log of one account; rejects with Unavailable while the log is away. */
export interface AccountLog {
  /** Events from a version on, oldest first. */
  events(accountId: AccountId, fromVersion: number, limit: number): Promise<AccountPage>;
  /** The events of these versions, in the same order; rejects when the log lacks one of them. */
  read(accountId: AccountId, versions: readonly number[]): Promise<readonly LoggedEvent[]>;
  /**
   * Only the last event at that time (milliseconds of UTC) or before it; no entry if all are later.
   */
  until(accountId: AccountId, timeMs: number): Promise<AccountPage>;
  /** The last version of each account in the log, 0 when it has none; same order. */
  latestVersions(accountIds: readonly AccountId[]): Promise<readonly number[]>;
  /** Records of refused commands from a number on, oldest first. */
  refusals(accountId: AccountId, from: number, limit: number): Promise<RefusalsPage>;
}

const READ_EVENTS = { ...LOG_CALLS.streamEvents, answer: accountPage };
const READ_UNTIL = { ...LOG_CALLS.streamUntil, answer: accountPage };
const READ_REFUSALS = { ...LOG_CALLS.streamEvents, answer: refusalsPage };
const READ_SOME = { ...LOG_CALLS.read, answer: accountEventsAnswer };

/** The log of an account from event-source. */
export function eventSourceAccountLog(dapr: ServiceInvoker): AccountLog {
  const ask = askServices(dapr);
  return {
    events: (id, fromVersion, limit) =>
      ask(READ_EVENTS, { stream: streamOf(id), fromVersion, limit }),
    refusals: (id, from, limit) =>
      ask(READ_REFUSALS, { stream: refusalsOf(id), fromVersion: from, limit }),
    read: (id, versions) =>
      readEvents(
        versions.map((version) => ({ stream: streamOf(id), version })),
        (events) => ask(READ_SOME, { events }),
      ),
    until: (id, time) => ask(READ_UNTIL, { stream: streamOf(id), time }),
    latestVersions: async (ids) =>
      (await ask(LOG_CALLS.latestVersions, { streams: ids.map(streamOf) })).versions,
  };
}

export interface VersionsPace {
  readonly everyMs: number;
  /** While the log is away the pause doubles up to this. */
  readonly awayMsMax: number;
}

export const VERSIONS_PACE: VersionsPace = { everyMs: 100, awayMsMax: 2_000 };

interface Waiter {
  readonly accountId: AccountId;
  readonly version: number;
  readonly done: () => void;
}

/**
 * Tells when the log has a version of an account. One call asks for all accounts that anybody
 * waits for, and the log answers it from memory, so the price depends neither on how many wait
 * nor on the traffic of others. With nobody waiting nothing is asked.
 */
export class LatestVersions {
  private readonly log: AccountLog;
  private readonly logger: Logger;
  private readonly pace: VersionsPace;
  private readonly waiters = new Set<Waiter>();
  private looking = false;

  constructor(log: AccountLog, logger: Logger, pace: VersionsPace = VERSIONS_PACE) {
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
        this.logger.warn('the log does not answer, streams wait', { error });
      }
    }
    this.looking = false;
  }

  private async lookOnce(): Promise<void> {
    const ids = [...new Set([...this.waiters].map(({ accountId }) => accountId))];
    const versions = await this.log.latestVersions(ids);
    const latestVersions = new Map(ids.map((id, at) => [id, versions[at] ?? 0]));
    for (const { accountId, version, done } of this.waiters) {
      if ((latestVersions.get(accountId) ?? 0) >= version) done();
    }
  }
}
