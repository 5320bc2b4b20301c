import { setTimeout as sleep } from 'node:timers/promises';
import {
  changeBlock,
  CHANGES_KEPT_MS,
  type AccountChange,
  type AccountModel,
  type Checkpoint,
} from '../../contracts/account/read-models.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { inParallel } from '../../platform/parallel.ts';
import { Overtaken } from '../follower/projection.ts';
import { ACCOUNTS_BEGINNING, type AccountStore } from '../read-store/read-store.ts';

const WRITE_EVERY_MS = 20_000;
/** A thousand documents at once keep two cores busy for half a second, so they are spread. */
const WRITE_SPREAD_MS = 10_000;
const WRITE_GAP_MS_MAX = 100;
const WRITE_IN_FLIGHT = 4;
/** Accounts whose documents may be behind; readers and this process keep them in memory. */
const UNWRITTEN_ACCOUNTS_MAX = 50_000;
const ACCOUNTS_REMEMBERED = 50_000;

interface Reached extends Checkpoint {
  readonly seq: number;
}

/** Keeps the newest state of the accounts and brings their documents up to date now and then. */
export class AccountWriter {
  private readonly store: AccountStore;
  private readonly now: () => number;
  private readonly unwritten = new Map<string, AccountModel>();
  private readonly upToDate = boundedMap<string, AccountModel>(ACCOUNTS_REMEMBERED);
  /** When the last change of each block was written. */
  private readonly blocks = new Map<number, number>();
  private firstBlock = 0;
  private at: Reached = { seq: 0, position: 0, lastEventId: '', events: 0 };
  /** At this time there was no change after `at`, neither then nor deleted before. */
  private heardAt: number;
  private writtenSeq = 0;
  private flushedAt: number;
  private flushing: Promise<void> | undefined;
  /** Another one writes now, who knows more. */
  private hasLeft = false;
  /** Somebody waits for the run under way, so it is not spread. */
  private isAwaited = false;
  private failure: Error | undefined;

  constructor(store: AccountStore, now = () => performance.now()) {
    this.store = store;
    this.now = now;
    this.flushedAt = this.heardAt = now();
  }

  get reached(): Reached {
    return this.at;
  }

  /** Changes up to this one are in the account documents. */
  get written(): number {
    return this.writtenSeq;
  }

  /** The account, if it is in memory. */
  known(id: string): AccountModel | undefined {
    return this.unwritten.get(id) ?? this.upToDate.get(id);
  }

  /** Brings an account into memory. */
  async load(id: string): Promise<void> {
    const account = await this.store.account(id);
    if (account === undefined) return;
    if (account.position > this.at.position) throw new Overtaken(`account ${id} is further`);
    this.upToDate.set(id, account);
  }

  /**
   * Writes the next change and returns what is stored under its number. All writers apply the same
   * log, so what is stored is correct, and a writer that was overtaken continues from it.
   */
  async append(change: AccountChange): Promise<AccountChange> {
    const beganAt = this.now();
    const isOurs = (await this.store.appendChange(change)) === 'appended';
    // A write that failed may have gone through; then the change that is there is ours.
    const there = isOurs ? change : await this.store.change(change.seq);
    if (there?.after !== change.after || there.position !== change.position) {
      throw new Overtaken(`change ${change.seq} is there already`);
    }
    if (this.now() - this.heardAt > CHANGES_KEPT_MS / 2) await this.requireNew(change.seq, isOurs);
    this.heardAt = beganAt;
    return there;
  }

  /**
   * After a pause the number may be free because the change that had it is in the documents and was
   * deleted. Then what was written is no change: nobody reads it, and it is taken away again.
   */
  private async requireNew(seq: number, isOurs: boolean): Promise<void> {
    if ((await this.writtenInStore()) < seq) return;
    if (isOurs) await this.store.deleteChanges(changeBlock(seq));
    throw new Overtaken(`change ${seq} is in the documents already`);
  }

  /** Applies a change that is written, and writes the documents of the accounts that it opened. */
  accept(change: AccountChange): void {
    const { seq, position, lastEventId, events, accounts, opened } = change;
    this.at = { seq, position, lastEventId, events };
    this.blocks.set(changeBlock(seq), this.now());
    for (const account of accounts.slice(0, opened)) {
      this.upToDate.set(account.accountId, account);
    }
    for (const account of accounts.slice(opened)) this.unwritten.set(account.accountId, account);
  }

  /** Reads the checkpoint and the changes after it, and adds the accounts a crash kept out. */
  async restore(): Promise<Checkpoint> {
    // Another one may have written documents while the changes were read: then some were deleted.
    do await this.readChanges();
    while ((await this.writtenInStore()) > this.at.seq);
    const { seq: _seq, ...reached } = this.at;
    return reached;
  }

  private async writtenInStore(): Promise<number> {
    return ((await this.store.checkpoint()) ?? ACCOUNTS_BEGINNING).settled;
  }

  private async readChanges(): Promise<void> {
    // What was known may be from before another one went on.
    this.unwritten.clear();
    this.upToDate.clear();
    this.blocks.clear();
    const { settled, firstBlock, ...rest } = (await this.store.checkpoint()) ?? ACCOUNTS_BEGINNING;
    this.at = { seq: settled, ...rest };
    this.writtenSeq = settled;
    this.firstBlock = firstBlock;
    this.hasLeft = false;
    for (let block = firstBlock; block <= changeBlock(settled); block += 1) {
      this.blocks.set(block, this.now());
    }
    for (;;) {
      const lookedAt = this.now();
      const change = await this.store.change(this.at.seq + 1);
      this.heardAt = lookedAt;
      if (change === undefined) return;
      await this.store.insertAccounts(change.accounts.slice(0, change.opened));
      this.accept(change);
    }
  }

  /**
   * Writes documents alongside the batches when it is time to; waits only when too many are behind.
   */
  async rest(): Promise<void> {
    const failure = this.failure;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const due = this.now() - this.flushedAt >= WRITE_EVERY_MS;
    const crowded = this.unwritten.size > UNWRITTEN_ACCOUNTS_MAX;
    if (!due && !crowded) return;
    if (crowded) await this.flush();
    // The next call says so; until then the documents are only behind, never wrong.
    else this.run().catch((error: Error) => (this.failure = error));
  }

  /** Writes the documents of all accounts that changed, at once. */
  async flush(): Promise<void> {
    this.isAwaited = true;
    try {
      // The run under way may fail for what was so when it began, and knows nothing newer.
      await this.flushing?.catch(() => undefined);
      await this.run();
    } finally {
      this.isAwaited = false;
    }
  }

  /** Resolves when none of its writes is under way any more, for a successor. */
  async leave(): Promise<void> {
    this.hasLeft = true;
    await this.flushing?.catch(() => undefined);
  }

  /** One run at a time. */
  private run(): Promise<void> {
    this.flushing ??= this.writeAll().finally(() => {
      this.flushing = undefined;
      this.flushedAt = this.now();
    });
    return this.flushing;
  }

  private async writeAll(): Promise<void> {
    const { seq: written, ...until } = this.at;
    const ids = [...this.unwritten.keys()].toReversed();
    const gapMs = (WRITE_SPREAD_MS * WRITE_IN_FLIGHT) / Math.max(ids.length, 1);
    await inParallel(ids, WRITE_IN_FLIGHT, async (id) => {
      if (this.hasLeft) return;
      await this.writeOne(id);
      if (!this.isAwaited)
        await sleep(Math.min(gapMs, WRITE_GAP_MS_MAX), undefined, { ref: false });
    });
    if (this.hasLeft) return;
    if (written > this.writtenSeq) {
      // A block is deleted only after a checkpoint that does not need it.
      await this.store.saveCheckpoint({ ...until, settled: written, firstBlock: this.firstBlock });
      this.writtenSeq = written;
    }
    await this.deleteOldBlocks();
  }

  private async writeOne(id: string): Promise<void> {
    const account = this.unwritten.get(id);
    if (account === undefined) return;
    await this.store.replaceAccount(account);
    // It may have moved on while it was written; then it stays for the next time.
    if (this.unwritten.get(id) !== account) return;
    this.unwritten.delete(id);
    this.upToDate.set(id, account);
  }

  private async deleteOldBlocks(): Promise<void> {
    while (this.firstBlock < changeBlock(this.writtenSeq)) {
      const writtenAt = this.blocks.get(this.firstBlock) ?? this.now();
      if (this.now() - writtenAt < CHANGES_KEPT_MS) return;
      await this.store.deleteChanges(this.firstBlock);
      this.blocks.delete(this.firstBlock);
      this.firstBlock += 1;
    }
  }
}
