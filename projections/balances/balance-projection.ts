import { accountOfStream } from '../../contracts/events.ts';
import { OWNER_PAGE_ACCOUNTS, ownerPage } from '../../contracts/read-models.ts';
import type { AccountChange, AccountModel } from '../../contracts/read-models.ts';
import { isOfAccount, type PositionedAccountEvent } from '../../contracts/topics.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import { AccountWriter } from './account-writer.ts';
import { foldAccount } from './balances.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { inParallel } from '../../platform/parallel.ts';
import { countByPages } from './page-count.ts';
import { personWriter } from './person-writer.ts';
import { Overtaken, type Projection } from '../follower/projection.ts';
import type { AccountStore, PersonStore } from '../read-store/read-store.ts';

const OWNERS_REMEMBERED = 20_000;
const COLD_READS_IN_FLIGHT = 8;

/**
 * Writes one change document per batch, which is the checkpoint and what readers see at once,
 * and the account documents lazily, because to replace one costs as much as ten events of a
 * batch. An account that is opened gets its document at once, and so does whatever becomes of a
 * person: that is rare.
 */
export function balanceProjection(store: AccountStore, persons: PersonStore): Projection {
  const writePersons = personWriter(persons);
  const writer = new AccountWriter(store);
  const owned = boundedMap<string, number>(OWNERS_REMEMBERED);

  const countOwned = (ownerId: string): Promise<number> => {
    const size = (page: number) =>
      store.ownerPageSize(ownerPage(ownerId, page * OWNER_PAGE_ACCOUNTS));
    return countByPages(size, OWNER_PAGE_ACCOUNTS);
  };
  /** How many accounts each owner had before the batch that opens more for them. */
  const countAll = async (
    entries: readonly PositionedAccountEvent[],
  ): Promise<Map<string, number>> => {
    const openings = entries.flatMap(({ event }) =>
      event.type === 'account-opened' ? [event.data.ownerId] : [],
    );
    const counts = new Map<string, number>();
    await inParallel(new Set(openings), COLD_READS_IN_FLIGHT, async (ownerId) => {
      counts.set(ownerId, owned.get(ownerId) ?? (await countOwned(ownerId)));
    });
    return counts;
  };

  const fold = async (
    entries: readonly PositionedAccountEvent[],
  ): Promise<AccountChange['accounts']> => {
    await preload(entries, writer);
    const after = new Map<string, AccountModel>();
    const places = await countAll(entries);
    for (const entry of entries) {
      const { event } = entry;
      const id = accountOfStream(event.stream);
      let place = 0;
      if (event.type === 'account-opened') {
        const { ownerId } = event.data;
        place = places.get(ownerId)!;
        places.set(ownerId, place + 1);
      }
      after.set(id, foldAccount(after.get(id) ?? writer.known(id), entry, place));
    }
    return [...after.values()];
  };

  const append = async (change: AccountChange): Promise<AccountChange> => {
    crashPoint('projection:before-checkpoint');
    if ((await store.appendChange(change)) === 'appended') return change;
    // A write that failed may have gone through; then the change that is there is ours.
    const there = await store.change(change.seq);
    const ours = there?.after === change.after && there.position === change.position;
    if (there !== undefined && ours) return there;
    // Or it was a batch of another size: of this projection, or of one that writes here too. All
    // of them fold the same log, so what is there is right, and is gone on from.
    await writer.leave();
    throw new Overtaken(`change ${change.seq} is there already`);
  };

  return {
    restore: () => writer.restore(),
    async apply(entries) {
      await writePersons(entries);
      const ofAccounts = entries.filter(isOfAccount);
      const accounts = await fold(ofAccounts);
      const openings = ofAccounts.filter(({ event }) => event.type === 'account-opened');
      const opened = new Set<string>(openings.map(({ event }) => accountOfStream(event.stream)));
      const isNew = (account: AccountModel): boolean => opened.has(account.accountId);
      const last = entries.at(-1)!;
      const before = writer.reached;
      const change = await append({
        seq: before.seq + 1,
        after: before.position,
        position: last.position,
        lastEventId: last.event.id,
        events: before.events + entries.length,
        settled: writer.settled,
        accounts: [...accounts.filter(isNew), ...accounts.filter((account) => !isNew(account))],
        opened: opened.size,
      });
      crashPoint('projection:before-accounts');
      const added = change.accounts.slice(0, change.opened);
      await store.insertAccounts(added);
      for (const { ownerId, ownerIndex } of added) owned.set(ownerId, ownerIndex + 1);
      writer.accept(change);
    },
    rest: () => writer.rest(),
    settle: () => writer.settle(),
  };
}

/** Reads the accounts of a batch that are not in memory, some at a time. */
async function preload(
  entries: readonly PositionedAccountEvent[],
  writer: AccountWriter,
): Promise<void> {
  const ids = new Set(entries.map(({ event }) => accountOfStream(event.stream)));
  // When a batch is tried again, the document of an account that it opens may be there already.
  for (const { event } of entries) {
    if (event.version === 1) ids.delete(accountOfStream(event.stream));
  }
  const cold = [...ids].filter((id) => writer.known(id) === undefined);
  await inParallel(cold, COLD_READS_IN_FLIGHT, (id) => writer.load(id));
}
