import { setTimeout as sleep } from 'node:timers/promises';
import { streamOf } from '../../contracts/account/events.ts';
import {
  type Metadata,
  CHANGES_KEPT_MS,
  metadataId,
  PAGE_ACCOUNTS,
  accountPage,
  ownerPage,
  type AccountChange,
  type AccountModel,
  type AccountsOfPage,
} from '../../contracts/account/read-models.ts';
import type { AccountId } from '../../domain/ids.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { generationInUse, Unavailable, type ReadModels } from '../read-models/read-models.ts';

/**
 * An answer is at most this many milliseconds older than the read models, plus one read of them.
 */
export const FRESH_MS = 20;
const ACCOUNTS_REMEMBERED = 50_000;
const METADATA_REMEMBERED = 1_000;
/** A new generation is followed on its own, so it may be behind the one before it. */
const BEHIND_MS_MAX = 3_000;
const LOOK_AGAIN_MS = 20;

/** The place of an account in its owner's list, or in that of all. */
export const placeIn = (
  ownerId: string | undefined,
  { ownerIndex, index }: AccountModel,
): number => (ownerId === undefined ? index : ownerIndex);

/**
 * The accounts as of the newest change. It follows the changes, which name every account that
 * changed, so its cache of all others stays valid: one small read now and then keeps thousands of
 * answers per second fresh.
 */
export class AccountView {
  private readonly models: ReadModels;
  private readonly now: () => number;
  private readonly pause: (ms: number) => Promise<unknown>;
  /** Never change, but can be large, so only few are remembered. */
  private readonly metadata = boundedMap<string, Metadata>(METADATA_REMEMBERED);
  private readonly published: () => Promise<string>;
  /** Accounts whose documents may be behind, in the order of their last change. */
  private readonly unwritten = new Map<string, { seq: number; account: AccountModel }>();
  private readonly remembered = boundedMap<string, AccountModel>(ACCOUNTS_REMEMBERED);
  /** Accounts that the newest change opened: their documents are written right after it. */
  private opening: readonly AccountModel[] = [];
  private generation = '';
  /** How often it started again: what was read before that is not comparable with the cache. */
  private begun = 0;
  private seq = 0;
  /** How far in the log the changes came that were read, and those that answers were made of. */
  private position = 0;
  private answered = 0;
  /** At this time there was no change after `seq`. */
  private confirmedAt = -Infinity;
  private looking: Promise<void> | undefined;

  constructor(
    models: ReadModels,
    now = () => performance.now(),
    pause: (ms: number) => Promise<unknown> = sleep,
  ) {
    this.models = models;
    this.now = now;
    this.pause = pause;
    this.published = generationInUse(models, 'balances', now);
  }

  async account(accountId: string): Promise<AccountModel | undefined> {
    await this.fresh();
    const known = this.known(accountId);
    if (known !== undefined) return known;
    const { generation, begun } = this;
    const found = await this.models.account(generation, accountId);
    if (found === undefined) return this.known(accountId);
    return this.shown(found, begun);
  }

  /** An owner's accounts, or all, in the order of opening, from a place in that list. */
  async listed(ownerId: string | undefined, from: number, limit: number): Promise<AccountModel[]> {
    const isAll = ownerId === undefined;
    const pageWith = (place: number): AccountsOfPage =>
      isAll ? { page: accountPage(place) } : { ownerPage: ownerPage(ownerId, place) };
    await this.fresh();
    const { generation, begun } = this;
    const own = this.opening.filter((account) => isAll || account.ownerId === ownerId);
    const places = new Map(own.map((account) => [placeIn(ownerId, account), account]));
    const found: AccountModel[] = [];
    for (let place = from; found.length < limit; place += 1) {
      if (place === from || place % PAGE_ACCOUNTS === 0) {
        const page = await this.models.accounts(generation, pageWith(place));
        for (const account of page) places.set(placeIn(ownerId, account), account);
      }
      const account = places.get(place);
      // Documents are inserted in any order: what comes after a hole waits for what is missing.
      if (account === undefined) break;
      found.push(this.shown(account, begun));
    }
    // What was known of changes that no document has was forgotten meanwhile.
    return begun === this.begun ? found : this.listed(ownerId, from, limit);
  }

  /** The metadata of an account as it was returned; undefined when it has none. */
  async metadataOf({ accountId, metadataVersion }: AccountModel): Promise<Metadata | undefined> {
    if (metadataVersion === undefined) return undefined;
    const id = metadataId(accountId, metadataVersion);
    const known = this.metadata.get(id);
    if (known !== undefined) return known;
    const generation = await this.generationInUse();
    const found = await this.models.metadata(generation, accountId, metadataVersion);
    if (found === undefined) throw new Unavailable('the read models moved on while they were read');
    this.metadata.set(id, found);
    return found;
  }

  /** Whether the projection could never follow the account. */
  async isSetAside(accountId: AccountId): Promise<boolean> {
    return this.models.isSetAside('balances', await this.generationInUse(), streamOf(accountId));
  }

  /** The generation that answers are made of; persons are in it too. */
  async generationInUse(): Promise<string> {
    await this.fresh();
    return this.generation;
  }

  /** How far in the log the balances are: a position. */
  async reached(): Promise<number> {
    await this.fresh();
    return this.position;
  }

  /** Looks for new changes unless it just did; concurrent callers share one look. */
  async fresh(): Promise<void> {
    if (this.now() - this.confirmedAt <= FRESH_MS) return;
    this.looking ??= this.look().finally(() => (this.looking = undefined));
    await this.looking;
  }

  private async look(): Promise<void> {
    const began = this.now();
    const generation = await this.published();
    const isNew = generation !== this.generation || this.isStale();
    try {
      if (isNew) await this.reload(generation);
      await this.readOn(isNew ? began : this.confirmedAt);
      if (isNew && (await this.models.settled(this.generation)) > this.seq) {
        throw new Unavailable('the read models moved on while they were read');
      }
    } catch (error) {
      // What was read in part would pass for the whole, when the rest is written and deleted.
      if (isNew) this.generation = '';
      throw error;
    }
    this.answered = this.position;
    this.confirmedAt = began;
  }

  /** Takes in the changes that are there; those before `since` were known or are written. */
  private async readOn(since: number): Promise<void> {
    // What was seen stays seen. But a log that was restored is shorter, perhaps permanently.
    let until: number | undefined;
    for (;;) {
      const change = await this.models.change(this.generation, this.seq + 1);
      if (change !== undefined) this.accept(change);
      else if (this.position >= this.answered) break;
      else if (this.now() >= (until ??= this.now() + BEHIND_MS_MAX)) break;
      else await this.pause(LOOK_AGAIN_MS);
    }
    // Changes are deleted when they are old, so a look that took that long proves nothing.
    if (this.now() - since > CHANGES_KEPT_MS / 2) {
      this.generation = '';
      throw new Unavailable('the read models answer too slowly');
    }
  }

  private isStale(): boolean {
    return this.now() - this.confirmedAt > CHANGES_KEPT_MS / 2;
  }

  private async reload(generation: string): Promise<void> {
    const settled = await this.models.settled(generation);
    // The last change that the documents have is kept, however old it is.
    const last = await this.models.change(generation, settled);
    this.unwritten.clear();
    this.remembered.clear();
    this.opening = [];
    this.generation = generation;
    this.begun += 1;
    this.seq = settled;
    this.position = last?.position ?? 0;
  }

  private accept(change: AccountChange): void {
    for (const account of change.accounts) {
      const { accountId } = account;
      const newest = this.newer(account);
      this.remembered.delete(accountId);
      this.unwritten.delete(accountId);
      this.unwritten.set(accountId, { seq: change.seq, account: newest });
    }
    for (const [accountId, { seq, account }] of this.unwritten) {
      if (seq > change.settled) break;
      this.unwritten.delete(accountId);
      this.remembered.set(accountId, account);
    }
    this.opening = change.accounts.slice(0, change.opened);
    this.seq = change.seq;
    this.position = change.position;
  }

  private known(accountId: string): AccountModel | undefined {
    return this.unwritten.get(accountId)?.account ?? this.remembered.get(accountId);
  }

  /** A document may be ahead of the changes read so far, or behind them. */
  private newer(account: AccountModel): AccountModel {
    const known = this.known(account.accountId);
    return known !== undefined && known.position > account.position ? known : account;
  }

  /** A document may be ahead of the changes that were read: what it shows is not taken back. */
  private shown(account: AccountModel, begun: number): AccountModel {
    const newest = this.newer(account);
    if (begun !== this.begun) return newest;
    const { accountId } = account;
    const late = this.unwritten.get(accountId);
    if (late === undefined) this.remembered.set(accountId, newest);
    else this.unwritten.set(accountId, { ...late, account: newest });
    return newest;
  }
}
