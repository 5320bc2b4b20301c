import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { generationNumber, type RegistryRevision } from '../contracts/generations.ts';
import {
  CHANGES_KEPT_MS,
  RETIRED_FOLLOWED_MS,
  type Checkpoint,
  type ReadModelName,
  type SetAsideModel,
} from '../contracts/account/read-models.ts';
import type { LogMessage } from '../contracts/log/topics.ts';
import { balanceProjection } from './balances/balance-projection.ts';
import { Follower, FOLLOWER_PACE, readAhead } from './follower/follower.ts';
import { SetAside } from './follower/set-aside.ts';
import { Dropped, GenerationRegistry } from './generation-registry.ts';
import { historyProjection } from './history/history-projection.ts';
import type { FollowerStatus, LogSource, Projection, Report } from './follower/projection.ts';
import type { ReadStore } from './read-store/read-store.ts';

const REBUILD_LOOK_MS = 50;
/** Longer than any rebuild takes: one that was begun earlier has nobody who builds it. */
const ABANDONED_MS = 24 * 60 * 60 * 1_000;
const NAMED_IN_A_REASON = 5;

/** The state of a rebuild. */
type RebuildState = 'running' | 'done' | 'failed';

/** How far a rebuild is. */
export interface RebuildStatus extends FollowerStatus {
  readonly rebuild: RebuildState;
  readonly generation: string;
}

/** How far the generation in use is. */
export interface GenerationsStatus extends FollowerStatus {
  readonly generation: string;
  readonly rebuilding: boolean;
  readonly setAside: readonly SetAsideModel[];
}

/** Times in milliseconds. */
export interface Times {
  readonly pace: typeof FOLLOWER_PACE;
  /** A switch by another process is noticed within this time. */
  readonly lookMs: number;
  readonly followedMs: number;
  readonly keptMs: number;
  /** What the projections call now, in milliseconds. */
  readonly now: () => number;
}

const TIMES: Times = {
  pace: FOLLOWER_PACE,
  lookMs: 1_000,
  followedMs: RETIRED_FOLLOWED_MS,
  keptMs: CHANGES_KEPT_MS,
  now: () => performance.now(),
};

const NOT_YET: FollowerStatus = {
  state: 'starting',
  checkpoint: 0,
  head: 0,
  lagMs: 0,
  eventsApplied: 0,
};

/**
 * Keeps one read model: follows the log into the generation in use and, when asked to, builds
 * another one alongside it from the beginning of the log. Readers switch once it is complete; the
 * old generation is followed a little longer, until all of them have. Several processes may do so
 * at once: each follows what is in use, and none touches what another one builds.
 */
export class Generations {
  private readonly name: ReadModelName;
  private readonly store: ReadStore;
  private readonly source: LogSource;
  private readonly report: Report;
  private readonly times: Times;
  private readonly registry: GenerationRegistry;
  private readonly followers = new Map<string, Follower>();
  /** When this process first saw that a generation is not in use any more. */
  private readonly retiredAt = new Map<string, number>();
  private current: string | undefined;
  private lastRebuild: RebuildStatus | undefined;
  private rebuilding: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private watching: Promise<void> | undefined;

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
    this.registry = new GenerationRegistry(name, store);
  }

  /** Starts to follow; rejects when the read store cannot be reached. */
  async start(): Promise<void> {
    const now = await this.registry.first(nextName(undefined));
    // What came late to a generation that was dropped, or was left by a crash, lies there still.
    for (const generation of now.dropped) await this.store.drop(this.name, generation);
    this.current = now.inUse;
    this.follow(now.inUse);
    this.watching = this.watch();
  }

  push(message: LogMessage): void {
    for (const follower of this.followers.values()) follower.push(message);
  }

  status(): GenerationsStatus {
    const follower = this.followers.get(this.current ?? '');
    return {
      ...(follower?.status() ?? NOT_YET),
      generation: this.current ?? '',
      rebuilding: this.rebuilding !== undefined,
      setAside: follower?.setAside() ?? [],
    };
  }

  /** Of the current or last rebuild of this process; undefined when there was none. */
  rebuildStatus(): RebuildStatus | undefined {
    return this.lastRebuild;
  }

  /** Starts a rebuild; does nothing while one is under way. */
  rebuild(): void {
    if (this.current === undefined) throw new Error('the projection has not started yet');
    if (this.rebuilding !== undefined) return;
    const generation = nextName(this.current);
    this.lastRebuild = { ...NOT_YET, rebuild: 'running', generation };
    this.rebuilding = this.build(generation)
      .catch((error: unknown) => this.fail(generation, error))
      .finally(() => (this.rebuilding = undefined));
  }

  async end(): Promise<void> {
    this.ending.abort();
    await Promise.all([...this.followers.values()].map((follower) => follower.end()));
    await this.watching;
  }

  private follow(generation: string): Follower {
    const opened = openLater(() => this.open(generation));
    const follower = new Follower(opened, readAhead(this.source), this.report, this.times.pace);
    this.followers.set(generation, follower);
    return follower;
  }

  private async open(generation: string): Promise<Projection> {
    const { name, store, report } = this;
    const { now } = this.times;
    const setAside = new SetAside(await store.setAside(name, generation), report);
    if (name === 'history') {
      return historyProjection({ history: await store.history(generation), setAside, now });
    }
    const persons = await store.persons(generation);
    const accounts = await store.accounts(generation);
    return balanceProjection({ accounts, persons, setAside, now });
  }

  private async build(generation: string): Promise<void> {
    const began = performance.now();
    await this.registry.begin(generation);
    this.report.info('rebuilding', { generation });
    const follower = this.follow(generation);
    let status = follower.status();
    // Caught up is what has been to the end of the log; then pushes keep it there.
    do {
      await this.pause(REBUILD_LOOK_MS);
      status = follower.status();
      this.lastRebuild = { ...status, rebuild: 'running', generation };
      if (status.state === 'stopped' || status.state === 'ended') throw new Error(status.reason);
    } while (!follower.caughtUp());
    this.requireWhole(follower);
    await this.publish(generation);
    this.lastRebuild = { ...status, rebuild: 'done', generation };
    const seconds = Math.round(performance.now() - began) / 1_000;
    this.report.info('rebuilt', { generation, events: status.eventsApplied, seconds });
  }

  /** What sets aside a stream that the generation in use shows is no better than that. */
  private requireWhole(follower: Follower): void {
    const inUse = this.followers.get(this.current ?? '');
    if (inUse === undefined || inUse.status().state === 'stopped') return;
    const before = new Set(inUse.setAside().map(({ stream }) => stream));
    const lost = follower.setAside().filter(({ stream }) => !before.has(stream));
    if (lost.length === 0) return;
    const faults = lost.slice(0, NAMED_IN_A_REASON).map(({ fault }) => fault);
    throw new Error(`${lost.length} streams more are set aside: ${faults.join('; ')}`);
  }

  /** Readers may have switched though the answer was lost, so it goes on until one comes. */
  private async publish(generation: string): Promise<void> {
    for (;;) {
      try {
        await this.registry.publish(generation);
        return this.switchTo(generation);
      } catch (error) {
        if (error instanceof Dropped || this.ending.signal.aborted) throw error;
        this.report.warn('not published yet', { generation, reason: error });
        await this.pause(this.times.pace.retryMsMax);
      }
    }
  }

  private async fail(generation: string, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    this.report.error('ALARM: the rebuild failed; the generation before stays', { reason });
    const follower = this.followers.get(generation);
    this.followers.delete(generation);
    const status = follower?.status() ?? this.status();
    this.lastRebuild = { ...status, reason, rebuild: 'failed', generation };
    await follower?.end().catch((failure: unknown) => this.leftBehind(failure));
    await this.drop(generation).catch((failure: unknown) => this.leftBehind(failure));
  }

  /** Follows what is in use now; what was is followed a little longer. */
  private switchTo(generation: string): void {
    if (this.current === generation) return;
    this.current = generation;
    if (!this.followers.has(generation)) this.follow(generation);
  }

  private async watch(): Promise<void> {
    while (!this.ending.signal.aborted) {
      await this.pause(this.times.lookMs);
      if (this.ending.signal.aborted) return;
      try {
        const now = await this.registry.newest();
        if (now !== undefined) await this.keep(now);
      } catch (error) {
        this.leftBehind(error);
      }
    }
  }

  private async keep(now: RegistryRevision): Promise<void> {
    if (now.inUse !== undefined) this.switchTo(now.inUse);
    for (const { generation } of now.retired) {
      const age = performance.now() - this.seenRetired(generation);
      if (age >= this.times.followedMs) await this.unfollow(generation);
      if (age >= this.times.followedMs + this.times.keptMs) await this.drop(generation);
    }
    for (const generation of now.dropped) await this.unfollow(generation);
    for (const { generation, since } of now.building) {
      if (Date.now() - since > ABANDONED_MS) await this.drop(generation);
    }
  }

  private seenRetired(generation: string): number {
    const at = this.retiredAt.get(generation) ?? performance.now();
    this.retiredAt.set(generation, at);
    return at;
  }

  private async unfollow(generation: string): Promise<void> {
    const follower = this.followers.get(generation);
    this.followers.delete(generation);
    // What it could not write any more is written by its successor, or is not needed.
    await follower?.end().catch((failure: unknown) => this.leftBehind(failure));
  }

  private async drop(generation: string): Promise<void> {
    if (!(await this.registry.drop(generation))) return;
    await this.unfollow(generation);
    await this.store.drop(this.name, generation);
    this.retiredAt.delete(generation);
  }

  private leftBehind(error: unknown): void {
    this.report.warn('the generations are looked after later', { reason: error });
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal: this.ending.signal }).catch(() => undefined);
  }
}

/** Named by who builds it as well, so that two who build the next one never meet. */
const nextName = (before: string | undefined): string =>
  `${before === undefined ? 1 : generationNumber(before) + 1}-${randomBytes(4).toString('hex')}`;

/** A projection whose collections are made when it is restored, so that failing is retried. */
function openLater(open: () => Promise<Projection>): Projection {
  let opened: Projection | undefined;
  const now = (): Projection => {
    if (opened === undefined) throw new Error('the projection was not restored');
    return opened;
  };
  return {
    async restore(): Promise<Checkpoint> {
      opened ??= await open();
      return opened.restore();
    },
    apply: (entries) => now().apply(entries),
    rest: () => now().rest(),
    flush: () => now().flush(),
    setAside: () => opened?.setAside() ?? [],
  };
}
