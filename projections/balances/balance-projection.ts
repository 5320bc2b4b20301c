import { accountOfStream, type LoggedEvent } from '../../contracts/account/events.ts';
import {
  changeBytesOf,
  type SaidMetadata,
  CHANGE_BYTES_MAX,
  PAGE_ACCOUNTS,
  accountPage,
  ownerListOf,
  ownerPage,
  type AccountModel,
  type AccountsOfPage,
  type SetAsideModel,
} from '../../contracts/account/read-models.ts';
import type { BankEvent } from '../../contracts/log/bank-events.ts';
import { isOfAccount, type PositionedAccountEvent } from '../../contracts/log/topics.ts';
import type { TermsEvent } from '../../domain/account-events.ts';
import type { AccountId } from '../../domain/ids.ts';
import { crashPoint } from '../../platform/crash-points.ts';
import { AccountWriter } from './account-writer.ts';
import { accountAfter, type AccountPlace } from './balances.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { inParallel } from '../../platform/parallel.ts';
import { countByPages } from '../../platform/page-count.ts';
import { personWriter } from './person-writer.ts';
import { isReadable, Overtaken } from '../follower/projection.ts';
import type { LogEntry, Projection } from '../follower/projection.ts';
import { faultAt, faultOf, UNREADABLE, type SetAside } from '../follower/set-aside.ts';
import type { AccountStore, PersonStore } from '../read-store/read-store.ts';

const OWNERS_REMEMBERED = 20_000;
/** The list of all accounts, among those of owners; no owner is called so. */
const ALL = '';
const COLD_READS_IN_FLIGHT = 8;

/** Where the projection writes. */
export interface BalanceStores {
  readonly accounts: AccountStore;
  readonly persons: PersonStore;
  readonly setAside: SetAside;
  readonly now?: () => number;
  readonly changeBytesMax?: number;
}

/** What some entries of the log make of the accounts. */
interface Replayed {
  readonly entries: readonly LogEntry[];
  readonly opened: ReadonlyMap<string, AccountModel>;
  readonly moved: ReadonlyMap<string, AccountModel>;
  readonly faults: readonly SetAsideModel[];
}

/**
 * Writes one change document per batch, which is the checkpoint and is visible to readers at once,
 * and the account documents lazily, because replacing one costs as much as ten events of a batch. A
 * newly opened account gets its document at once, and so does every change of a person: both are
 * rare.
 *
 * An account whose event cannot be applied stays as it was before, marked as set aside.
 */
export function balanceProjection({
  accounts: store,
  persons,
  setAside,
  now,
  changeBytesMax = CHANGE_BYTES_MAX,
}: BalanceStores): Projection {
  const personsOfBatch = personWriter(persons);
  const writer = new AccountWriter(store, now);
  const counted = boundedMap<string, number>(OWNERS_REMEMBERED);

  const countIn = (list: string): Promise<number> => {
    const pageWith = (place: number): AccountsOfPage =>
      list === ALL ? { page: accountPage(place) } : { ownerPage: ownerPage(list, place) };
    const size = (page: number) => store.pageSize(pageWith(page * PAGE_ACCOUNTS));
    return countByPages(size, PAGE_ACCOUNTS);
  };
  /** How many accounts there are, and each owner had, before the batch that opens more. */
  const countAll = async (entries: readonly LogEntry[]): Promise<Map<string, number>> => {
    const openings = entries.flatMap((entry) =>
      isReadable(entry) && entry.event.type === 'account-opened'
        ? [ALL, ownerListOf(entry.event.data)]
        : [],
    );
    const counts = new Map<string, number>();
    await inParallel(new Set(openings), COLD_READS_IN_FLIGHT, async (list) => {
      counts.set(list, counted.get(list) ?? (await countIn(list)));
    });
    return counts;
  };

  /** Replays as many of the entries as fit into one change, one at least. */
  const replay = (entries: readonly LogEntry[], places: Map<string, number>): Replayed => {
    const opened = new Map<string, AccountModel>();
    const moved = new Map<string, AccountModel>();
    const faults: SetAsideModel[] = [];
    let bytes = 0;
    for (const [at, entry] of entries.entries()) {
      if (bytes > changeBytesMax) return { entries: entries.slice(0, at), opened, moved, faults };
      const id = idOf(entry);
      if (id === undefined) {
        if (!isReadable(entry)) faults.push(faultAt(entry, UNREADABLE));
        continue;
      }
      const before = opened.get(id) ?? moved.get(id) ?? writer.known(id);
      const { after, fault } = afterEntry(before, entry, places);
      if (fault !== undefined) faults.push(faultAt(entry, fault));
      if (after === undefined) continue;
      if (!opened.has(id) && !moved.has(id)) bytes += changeBytesOf(after);
      (before === undefined || opened.has(id) ? opened : moved).set(id, after);
    }
    return { entries, opened, moved, faults };
  };

  const write = async ({ entries, opened, moved, faults }: Replayed): Promise<void> => {
    const last = entries.at(-1)!;
    const before = writer.reached;
    await setAside.add(faults);
    await store.insertMetadata(metadataIn(entries));
    crashPoint('projection:before-checkpoint');
    const change = await writer.append({
      seq: before.seq + 1,
      after: before.position,
      position: last.position,
      lastEventId: last.event.id,
      events: before.events + entries.length,
      settled: writer.written,
      accounts: [...opened.values(), ...moved.values()],
      opened: opened.size,
    });
    crashPoint('projection:before-accounts');
    const added = change.accounts.slice(0, change.opened);
    await store.insertAccounts(added);
    for (const account of added) countWith(counted, account);
    writer.accept(change);
  };

  const apply = async (entries: readonly LogEntry[]): Promise<void> => {
    await setAside.add(await personsOfBatch.write(entries));
    // Of a batch that is tried again some parts may be written.
    let rest = entries.filter(({ position }) => position > writer.reached.position);
    await preload(rest, writer);
    const places = await countAll(rest);
    while (rest.length > 0) {
      const part = replay(rest, places);
      await write(part);
      rest = rest.slice(part.entries.length);
    }
  };

  return {
    async restore() {
      counted.clear();
      personsOfBatch.forget();
      const reached = await writer.restore();
      // Faults are written before the changes that are made without them, so read after them.
      await setAside.restore();
      return reached;
    },
    async apply(entries) {
      try {
        await apply(entries);
      } catch (error) {
        if (error instanceof Overtaken) await writer.leave();
        throw error;
      }
    },
    rest: () => writer.rest(),
    flush: () => writer.flush(),
    setAside: () => setAside.list(),
  };
}

/** The account that an entry is about. */
function idOf(entry: LogEntry): string | undefined {
  const isOfOne = isReadable(entry) ? isOfAccount(entry) : entry.event.stream.startsWith('acct/');
  return isOfOne ? entry.event.stream.slice('acct/'.length) : undefined;
}

/** The account after the entry, or as it was before it and marked. */
function afterEntry(
  before: AccountModel | undefined,
  entry: LogEntry,
  places: Map<string, number>,
): { after?: AccountModel; fault?: string } {
  if (before?.setAside !== undefined) return {};
  if (!isReadable(entry) || !isOfAccount(entry)) return setAsideAt(before, entry, UNREADABLE);
  try {
    const after = accountAfter(before, entry, placeOf(entry, places));
    if (before === undefined) countWith(places, after);
    return { after };
  } catch (error) {
    return setAsideAt(before, entry, faultOf(error));
  }
}

const setAsideAt = (before: AccountModel | undefined, entry: LogEntry, fault: string) => ({
  ...(before && {
    after: { ...before, position: entry.position, setAside: Math.max(1, entry.event.version) },
  }),
  fault,
});

/** The places that an opening takes. */
const placeOf = ({ event }: PositionedAccountEvent, places: Map<string, number>): AccountPlace =>
  event.type === 'account-opened'
    ? { ownerIndex: places.get(ownerListOf(event.data))!, index: places.get(ALL)! }
    : { ownerIndex: 0, index: 0 };

/** Counts an account that was opened. */
function countWith(
  counts: { set(list: string, count: number): unknown },
  account: AccountModel,
): void {
  const { ownerIndex, index } = account;
  counts.set(ownerListOf(account), ownerIndex + 1);
  counts.set(ALL, index + 1);
}

type WithMetadata<Event> = Event extends LoggedEvent
  ? 'metadata' extends keyof Event['data']
    ? Event
    : never
  : never;
/** What says the metadata of the account itself, not that of a movement. */
type SaysMetadata = Extract<WithMetadata<LoggedEvent>, { type: TermsEvent['type'] }>;
const SAYS_METADATA: Readonly<Record<SaysMetadata['type'], true>> = {
  'account-opened': true,
  'details-set': true,
};
const saysMetadata = (event: BankEvent): event is SaysMetadata => event.type in SAYS_METADATA;

const metadataIn = (entries: readonly LogEntry[]): SaidMetadata[] =>
  entries.filter(isReadable).flatMap(({ event }) => {
    if (!saysMetadata(event)) return [];
    const { metadata } = event.data;
    const accountId: AccountId = accountOfStream(event.stream);
    return metadata === undefined ? [] : [{ accountId, version: event.version, metadata }];
  });

/** Reads the accounts of a batch that are not in memory, some at a time. */
async function preload(entries: readonly LogEntry[], writer: AccountWriter): Promise<void> {
  const ids = new Set<string>();
  const opened = new Set<string>();
  for (const entry of entries) {
    const id = idOf(entry);
    if (id === undefined) continue;
    ids.add(id);
    // When a batch is tried again, the document of an account that it opens may be there already.
    if (entry.event.version === 1) opened.add(id);
  }
  const cold = [...ids].filter((id) => !opened.has(id) && writer.known(id) === undefined);
  await inParallel(cold, COLD_READS_IN_FLIGHT, (id) => writer.load(id));
}
