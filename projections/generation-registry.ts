import { DROPPED_REMEMBERED, newestRevision } from '../contracts/generations.ts';
import type { RegistryRevision } from '../contracts/generations.ts';
import type { ReadModelName } from '../contracts/account/read-models.ts';
import type { ReadStore } from './read-store/read-store.ts';

/** The generation that was to be published has been dropped by another process. */
export class Dropped extends Error {}

type Content = Omit<RegistryRevision, 'revision'>;

/**
 * The registry of one read model. Several processes change it. Each change is made from the newest
 * revision and inserted as the next one, so it is based on the current state or fails. Every call
 * may be repeated after a lost answer.
 */
export class GenerationRegistry {
  private readonly name: ReadModelName;
  private readonly store: ReadStore;
  private readonly wallClock: () => number;
  private known = 0;

  constructor(name: ReadModelName, store: ReadStore, wallClock = () => Date.now()) {
    this.name = name;
    this.store = store;
    this.wallClock = wallClock;
  }

  async newest(): Promise<RegistryRevision | undefined> {
    const read = (revision: number) => this.store.revision(this.name, revision);
    const newest = await newestRevision(read, this.known);
    this.known = newest?.revision ?? 0;
    return newest;
  }

  /** The generation in use: this one, when there was none. */
  async first(generation: string): Promise<RegistryRevision & { readonly inUse: string }> {
    const now = await this.change((before = EMPTY) =>
      before.inUse === undefined ? { ...before, inUse: generation } : undefined,
    );
    return { ...now, inUse: now.inUse ?? generation };
  }

  /** Records that the generation is going to be built. */
  async begin(generation: string): Promise<void> {
    await this.change((now = EMPTY) =>
      now.building.some((held) => held.generation === generation)
        ? undefined
        : { ...now, building: [...now.building, this.held(generation)] },
    );
  }

  /** Puts a complete generation into use. Rejects with Dropped when it was dropped. */
  async publish(generation: string): Promise<void> {
    await this.change((now) => {
      if (now?.inUse === generation) return undefined;
      if (!now?.building.some((held) => held.generation === generation)) {
        throw new Dropped(`generation ${generation} was dropped by another process`);
      }
      return {
        ...now,
        inUse: generation,
        building: without(now.building, generation),
        retired: [...now.retired, ...(now.inUse === undefined ? [] : [this.held(now.inUse)])],
      };
    });
  }

  /** Whether it may be emptied: it is not in use and never will be again. */
  async drop(generation: string): Promise<boolean> {
    const now = await this.change((before) => {
      if (before === undefined || before.inUse === generation) return undefined;
      if (before.dropped.includes(generation)) return undefined;
      return {
        ...before,
        building: without(before.building, generation),
        retired: without(before.retired, generation),
        dropped: [generation, ...before.dropped].slice(0, DROPPED_REMEMBERED),
      };
    });
    return now.inUse !== generation;
  }

  private held(generation: string): Content['building'][number] {
    return { generation, since: this.wallClock() };
  }

  /** Inserts what `next` makes of the newest revision, until nobody was faster. */
  private async change(
    next: (now: Content | undefined) => Content | undefined,
  ): Promise<RegistryRevision> {
    for (;;) {
      const now = await this.newest();
      const content = next(now);
      if (content === undefined) {
        if (now === undefined) throw new Dropped('there is no registry');
        return now;
      }
      const revision = { ...content, revision: (now?.revision ?? 0) + 1 };
      if ((await this.store.insertRevision(this.name, revision)) === 'inserted') return revision;
    }
  }
}

const EMPTY: Content = { building: [], retired: [], dropped: [] };

const without = <Held extends { readonly generation: string }>(
  held: readonly Held[],
  generation: string,
): Held[] => held.filter((one) => one.generation !== generation);
