import { setTimeout as sleep } from 'node:timers/promises';
import { CHANGES_KEPT_MS, RETIRED_FOLLOWED_MS } from '../contracts/read-models.ts';
import type { Checkpoint, ReadModelName } from '../contracts/read-models.ts';
import type { LedgerMessage } from '../contracts/topics.ts';
import { balanceProjection } from './balances/balance-projection.ts';
import { Follower, FOLLOWER_PACE } from './follower/follower.ts';
import { readAhead } from './follower/read-ahead.ts';
import { historyProjection } from './history/history-projection.ts';
import type { FollowerStatus, LogSource, Projection, Report } from './follower/projection.ts';
import type { ReadStore } from './read-store/read-store.ts';

const REBUILD_LOOK_MS = 50;

export type RebuildState = 'running' | 'done' | 'failed';

export interface RebuildStatus extends FollowerStatus {
  readonly rebuild: RebuildState;
  readonly generation: number;
}

export interface GenerationsStatus extends FollowerStatus {
  readonly generation: number;
  readonly rebuilding: boolean;
}

interface Times {
  readonly pace: typeof FOLLOWER_PACE;
  readonly followedMs: number;
  readonly keptMs: number;
}

const TIMES: Times = {
  pace: FOLLOWER_PACE,
  followedMs: RETIRED_FOLLOWED_MS,
  keptMs: CHANGES_KEPT_MS,
};

/**
 * Keeps one read model: follows the log into the generation in use and, when asked to, builds
 * the next one beside it from the beginning of the log. Readers switch when it has caught up;
 * the old generation is followed a little longer, until all of them have.
 */
export class Generations {
  private readonly name: ReadModelName;
  private readonly store: ReadStore;
  private readonly source: LogSource;
  private readonly report: Report;
  private readonly times: Times;
  private readonly followers = new Map<number, Follower>();
  private current = 0;
  private lastRebuild: RebuildStatus | undefined;
  private rebuilding: Promise<void> | undefined;

  constructor(
    name: ReadModelName,
    store: ReadStore,
    source: LogSource,
    report: Report,
    times = TIMES,
  ) {
    this.name = name;
    this.store = store;
    this.source = source;
    this.report = report;
    this.times = times;
  }

  /** Begins to follow; rejects when the read store cannot be reached. */
  async start(): Promise<void> {
    const known = await this.store.generation(this.name);
    this.current = known ?? 1;
    if (known === undefined) await this.store.publish(this.name, this.current);
    // What a rebuild that was interrupted, or the one before, left behind.
    await this.store.drop(this.name, this.current + 1);
    if (this.current > 1) await this.store.drop(this.name, this.current - 1);
    this.follow(this.current);
  }

  push(message: LedgerMessage): void {
    for (const follower of this.followers.values()) follower.push(message);
  }

  status(): GenerationsStatus {
    const follower = this.followers.get(this.current);
    const status: FollowerStatus = follower?.status() ?? {
      state: 'starting',
      checkpoint: 0,
      head: 0,
      lagMs: 0,
      eventsApplied: 0,
    };
    return { ...status, generation: this.current, rebuilding: this.rebuilding !== undefined };
  }

  /** Of the rebuild under way or the last one of this process. */
  rebuildStatus(): RebuildStatus | undefined {
    return this.lastRebuild;
  }

  /** Starts a rebuild; does nothing while one is under way. */
  rebuild(): void {
    if (this.current === 0) throw new Error('the projection has not started yet');
    this.rebuilding ??= this.build(this.current + 1)
      .catch((error: unknown) => this.fail(String(error)))
      .finally(() => (this.rebuilding = undefined));
  }

  async end(): Promise<void> {
    await Promise.all([...this.followers.values()].map((follower) => follower.end()));
  }

  private follow(generation: number): Follower {
    const opened = openLater(() => this.open(generation));
    const follower = new Follower(opened, readAhead(this.source), this.report, this.times.pace);
    this.followers.set(generation, follower);
    return follower;
  }

  private async open(generation: number): Promise<Projection> {
    if (this.name === 'history') return historyProjection(await this.store.history(generation));
    const persons = await this.store.persons(generation);
    return balanceProjection(await this.store.accounts(generation), persons);
  }

  private async build(generation: number): Promise<void> {
    const began = performance.now();
    await this.store.drop(this.name, generation);
    this.report.info('rebuilding', { generation });
    const follower = this.follow(generation);
    let status = follower.status();
    // Caught up is what has been to the end of the log; then pushes keep it there.
    do {
      await sleep(REBUILD_LOOK_MS);
      status = follower.status();
      this.lastRebuild = { ...status, rebuild: 'running', generation };
      if (status.state === 'stopped' || status.state === 'ended') throw new Error(status.reason);
    } while (!follower.caughtUp());
    await this.publish(generation);
    const old = this.current;
    this.current = generation;
    this.lastRebuild = { ...status, rebuild: 'done', generation };
    const seconds = Math.round(performance.now() - began) / 1_000;
    this.report.info('rebuilt', { generation, events: status.eventsApplied, seconds });
    void this.retire(old);
  }

  /** Readers may have switched though the answer was lost, so it goes on until one comes. */
  private async publish(generation: number): Promise<void> {
    for (;;) {
      try {
        return await this.store.publish(this.name, generation);
      } catch (error) {
        this.report.warn('not published yet', { generation, reason: String(error) });
        await sleep(this.times.pace.retryMsMax, undefined, { ref: false });
      }
    }
  }

  private async fail(reason: string): Promise<void> {
    const generation = this.current + 1;
    this.report.error('ALARM: the rebuild failed; the generation before stays', { reason });
    const follower = this.followers.get(generation);
    this.followers.delete(generation);
    const status = follower?.status() ?? this.status();
    this.lastRebuild = { ...status, reason, rebuild: 'failed', generation };
    await follower?.end();
  }

  private async retire(generation: number): Promise<void> {
    try {
      await sleep(this.times.followedMs, undefined, { ref: false });
      await this.followers.get(generation)?.end();
      this.followers.delete(generation);
      await sleep(this.times.keptMs, undefined, { ref: false });
      await this.store.drop(this.name, generation);
    } catch (error) {
      const reason = String(error);
      this.report.warn('an old generation stays until the next start', { generation, reason });
    }
  }
}

/** A projection whose collections are made when it is restored, so that failing is retried. */
function openLater(open: () => Promise<Projection>): Projection {
  let opened: Projection | undefined;
  const now = (): Projection => {
    if (opened === undefined) throw new Error('the projection was not restored');
    return opened;
  };
  return {
    async restore(): Promise<Checkpoint> {
      opened = await open();
      return opened.restore();
    },
    apply: (entries) => now().apply(entries),
    rest: () => now().rest(),
    settle: () => now().settle(),
  };
}
