import { setTimeout as sleep } from 'node:timers/promises';
import { changeBlock, CHANGES_KEPT_MS } from '../../contracts/read-models.ts';
import type { AccountChange, AccountModel, Checkpoint } from '../../contracts/read-models.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { inParallel } from '../../platform/parallel.ts';
import type { AccountStore } from '../read-store/read-store.ts';

const SETTLE_EVERY_MS = 20_000;
/** A thousand documents at once keep two cores busy for half a second, so they are spread. */
const SETTLE_SPREAD_MS = 10_000;
const SETTLE_GAP_MS_MAX = 100;
const SETTLE_IN_FLIGHT = 4;
/** Accounts whose documents may be behind; readers and this process keep them in memory. */
export const UNSETTLED_ACCOUNTS_MAX = 50_000;
const ACCOUNTS_REMEMBERED = 50_000;

interface Reached extends Checkpoint {
  readonly seq: number;
}

/** Keeps the newest state of the accounts and brings their documents up to it now and then. */
export class AccountWriter {
  private readonly store: AccountStore;
  private readonly now: () => number;
  private readonly unsettled = new Map<string, AccountModel>();
  private readonly settledOnes = boundedMap<string, AccountModel>(ACCOUNTS_REMEMBERED);
  /** When the last change of each block was written. */
  private readonly blocks = new Map<number, number>();
  private firstBlock = 0;
  private at: Reached = { seq: 0, position: 0, lastEventId: '', events: 0 };
  private settledSeq = 0;
  private settledAt: number;
  private settling: Promise<void> | undefined;
  /** Another one writes now, who knows more. */
  private hasLeft = false;
  /** Somebody waits for the run under way, so it is not spread. */
  private isAwaited = false;
  private failure: Error | undefined;

  constructor(store: AccountStore, now = () => performance.now()) {
    this.store = store;
    this.now = now;
    this.settledAt = now();
  }

  get reached(): Reached {
    return this.at;
  }

  /** Changes up to this one are in the account documents. */
  get settled(): number {
    return this.settledSeq;
  }

  /** The account as far as memory holds it. */
  known(id: string): AccountModel | undefined {
    return this.unsettled.get(id) ?? this.settledOnes.get(id);
  }

  /** Brings an account into memory that memory does not know. */
  async load(id: string): Promise<void> {
    const account = await this.store.account(id);
    if (account !== undefined) this.settledOnes.set(id, account);
  }

  /** Takes in a change that is written, and the documents of the accounts that it opened too. */
  accept(change: AccountChange): void {
    const { seq, position, lastEventId, events, accounts, opened } = change;
    this.at = { seq, position, lastEventId, events };
    this.blocks.set(changeBlock(seq), this.now());
    for (const account of accounts.slice(0, opened)) {
      this.settledOnes.set(account.accountId, account);
    }
    for (const account of accounts.slice(opened)) this.unsettled.set(account.accountId, account);
  }

  /** Reads the checkpoint and the changes after it, and adds the accounts a crash kept out. */
  async restore(): Promise<Checkpoint> {
    this.hasLeft = false;
    const checkpoint = await this.store.checkpoint();
    if (checkpoint !== undefined) {
      const { settled, firstBlock, ...rest } = checkpoint;
      this.at = { seq: settled, ...rest };
      this.settledSeq = settled;
      this.firstBlock = firstBlock;
    }
    for (let block = this.firstBlock; block <= changeBlock(this.at.seq); block += 1) {
      this.blocks.set(block, this.now());
    }
    for (;;) {
      const change = await this.store.change(this.at.seq + 1);
      if (change === undefined) break;
      await this.store.insertAccounts(change.accounts.slice(0, change.opened));
      this.accept(change);
    }
    const { seq: _seq, ...reached } = this.at;
    return reached;
  }

  /** Settles beside the batches when it is time to; waits only when too much is unsettled. */
  async rest(): Promise<void> {
    const failure = this.failure;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    const due = this.now() - this.settledAt >= SETTLE_EVERY_MS;
    const crowded = this.unsettled.size > UNSETTLED_ACCOUNTS_MAX;
    if (!due && !crowded) return;
    if (crowded) await this.settle();
    // The next call says so; until then the documents are only behind, never wrong.
    else this.run().catch((error: Error) => (this.failure = error));
  }

  /** Writes the documents of all accounts that moved, at once. */
  async settle(): Promise<void> {
    this.isAwaited = true;
    await this.run().finally(() => (this.isAwaited = false));
  }

  /** Resolves when nothing of it is being written any more, for whoever goes on in its place. */
  async leave(): Promise<void> {
    this.hasLeft = true;
    await this.settling?.catch(() => undefined);
  }

  /** One run at a time. */
  private run(): Promise<void> {
    this.settling ??= this.settleAll().finally(() => {
      this.settling = undefined;
      this.settledAt = this.now();
    });
    return this.settling;
  }

  private async settleAll(): Promise<void> {
    const { seq: settled, ...until } = this.at;
    const ids = [...this.unsettled.keys()].toReversed();
    const gapMs = (SETTLE_SPREAD_MS * SETTLE_IN_FLIGHT) / Math.max(ids.length, 1);
    await inParallel(ids, SETTLE_IN_FLIGHT, async (id) => {
      if (this.hasLeft) return;
      await this.settleOne(id);
      if (!this.isAwaited)
        await sleep(Math.min(gapMs, SETTLE_GAP_MS_MAX), undefined, { ref: false });
    });
    if (this.hasLeft) return;
    if (settled > this.settledSeq || this.blocks.size > 1) {
      // A block is deleted only after a checkpoint that does not need it, so a crash may leave
      // the deletion of some blocks to the next run.
      await this.store.saveCheckpoint({ ...until, settled, firstBlock: this.firstBlock });
      this.settledSeq = settled;
    }
    await this.deleteOldBlocks();
  }

  private async settleOne(id: string): Promise<void> {
    const account = this.unsettled.get(id);
    if (account === undefined) return;
    await this.store.replaceAccount(account);
    // It may have moved on while it was written; then it stays for the next time.
    if (this.unsettled.get(id) !== account) return;
    this.unsettled.delete(id);
    this.settledOnes.set(id, account);
  }

  private async deleteOldBlocks(): Promise<void> {
    while (this.firstBlock < changeBlock(this.settledSeq)) {
      const writtenAt = this.blocks.get(this.firstBlock) ?? this.now();
      if (this.now() - writtenAt < CHANGES_KEPT_MS) return;
      await this.store.deleteChanges(this.firstBlock);
      this.blocks.delete(this.firstBlock);
      this.firstBlock += 1;
    }
  }
}
