import {
  accountOfStream,
  defined,
  keyOf,
  type LoggedEvent,
} from '../../contracts/account/events.ts';
import {
  begunTransactionId,
  begunTransferId,
  endedTransferId,
  LIST_PAGE_ENTRIES,
  listNames,
  listPage,
  type BegunTransaction,
  type BegunTransfer,
  type EndedTransfer,
  type ListDocument,
  type ListedAccountPlace,
  type TransactionPlace,
} from '../../contracts/account/lists.ts';
import type { PositionedAccountEvent } from '../../contracts/log/topics.ts';
import { transactionTermsOf } from '../../contracts/transfer/transactions.ts';
import { boundedMap } from '../../platform/bounded-map.ts';
import { inParallel } from '../../platform/parallel.ts';
import { countByPages } from '../../platform/page-count.ts';
import type { ListStore } from '../read-store/read-store.ts';

const LISTS_REMEMBERED = 50_000;
const COLD_READS_IN_FLIGHT = 8;

type Start = Extract<LoggedEvent, { type: 'transfer-sent' | 'transfer-reserved' }>;
type End = Extract<LoggedEvent, { type: 'transfer-captured' | 'transfer-released' }>;
type Detailed = Extract<LoggedEvent, { type: 'account-opened' | 'details-set' }>;

/** An entry that has no number yet. */
interface Listing {
  readonly list: string;
  /** Where the number does not name it. */
  readonly _id?: string;
  readonly line: BegunTransfer | BegunTransaction | TransactionPlace | ListedAccountPlace;
}

function begunOf(event: Start): BegunTransfer {
  const { transferId, otherAccountId, amount, currency, ...said } = event.data;
  const { description, reference, metadata, valueDate } = said;
  return defined({
    transferId,
    isReserved: event.type === 'transfer-reserved',
    fromAccountId: accountOfStream(event.stream),
    toAccountId: otherAccountId,
    amount,
    currency,
    description,
    reference,
    metadata,
    valueDate,
    expiresAt: 'expiresAt' in said ? said.expiresAt : undefined,
    reverses: 'reversesTransferId' in said ? said.reversesTransferId : undefined,
    transactionId: 'transactionId' in said ? said.transactionId : undefined,
    idempotencyKey: keyOf(event),
    at: event.at,
  });
}

const endOf = ({ type, at, data }: End): EndedTransfer =>
  type === 'transfer-captured'
    ? { status: 'completed', captured: data.amount, at }
    : { status: data.reason, at };

function detailLists({ type, data }: Detailed): string[] {
  const { name, metadata = {} } = data;
  const { currency, externalId, kind, code } = type === 'account-opened' ? data : {};
  return [
    ...(currency === undefined ? [] : [listNames.accountsByCurrency(currency)]),
    ...(externalId === undefined ? [] : [listNames.accountsByExternalId(externalId)]),
    ...(kind === undefined ? [] : [listNames.internalAccounts]),
    ...(code === undefined ? [] : [listNames.accountsByCode(code)]),
    ...(name === undefined ? [] : [listNames.accountsByName(name)]),
    ...Object.entries(metadata).map(([key, value]) => listNames.accountsByMetadata(key, value)),
  ];
}

/** Of each leg of a transaction, and of its first one. */
function transactionListings(event: LoggedEvent): Listing[] {
  if (!('transactionId' in event.data) || event.data.transactionId === undefined) return [];
  const { transactionId } = event.data;
  const list = listNames.transactionsOf(accountOfStream(event.stream));
  const leg = { list, line: { transactionId, at: event.at } };
  const terms = transactionTermsOf(event);
  if (terms === undefined) return [leg];
  const { transferIds, ...told } = terms;
  const line = { ...told, transfers: transferIds.length };
  const { reference } = told;
  return [
    { list: listNames.transactions, _id: begunTransactionId(transactionId), line },
    ...(reference === undefined
      ? []
      : [{ list: listNames.transactionsByReference(reference), line }]),
    leg,
  ];
}

/** The lists that the event puts something on. */
function listingsOf(event: LoggedEvent): Listing[] {
  const place = (lists: readonly string[]): Listing[] => {
    const line = { accountId: accountOfStream(event.stream), version: event.version };
    return lists.map((list) => ({ list, line }));
  };
  switch (event.type) {
    case 'transfer-sent':
    case 'transfer-reserved': {
      const line = begunOf(event);
      const { reference, isReserved, transferId } = line;
      return [
        { list: listNames.transfers, _id: begunTransferId(transferId), line },
        ...(isReserved
          ? [
              { list: listNames.reservedTransfers, line },
              { list: listNames.reservedFor(line.toAccountId), line },
            ]
          : []),
        ...(reference === undefined
          ? []
          : [{ list: listNames.transfersByReference(reference), line }]),
        ...transactionListings(event),
      ];
    }
    case 'transfer-received':
      return transactionListings(event);
    case 'account-opened':
    case 'details-set':
      return place(detailLists(event));
    case 'account-frozen':
      return place([listNames.accountsByStatus('frozen')]);
    case 'account-closed':
      return place([listNames.accountsByStatus('closed')]);
    default:
      return [];
  }
}

function endsOf({ event, position }: PositionedAccountEvent): ListDocument[] {
  if (event.type !== 'transfer-captured' && event.type !== 'transfer-released') return [];
  const _id = endedTransferId(event.data.transferId);
  return [{ _id, position, line: JSON.stringify(endOf(event)) }];
}

interface PlacedListing extends Listing {
  readonly position: number;
}
const documentOf = (
  { list, _id, line, position }: PlacedListing,
  number: number,
): ListDocument => ({
  _id: _id ?? `${list}/${number}`,
  page: listPage(list, number),
  number,
  position,
  line: JSON.stringify(line),
});

/**
 * Writes the lists. The number of an entry is how many of its list come before it in the log: it is
 * counted in memory, and for a list that is not known from what is stored of earlier positions. So
 * any writer, however often, writes the same document.
 *
 * Many lists have one entry for good, such as that of a reference. So the only entry of a list that
 * is not known is written as its first one at once; only when there is a first one already, the
 * list is counted.
 */
export function listWriter(store: ListStore) {
  const counted = boundedMap<string, number>(LISTS_REMEMBERED);
  let listedTo = 0;

  const numbered = async (listings: readonly PlacedListing[]) => {
    const counts = new Map<string, number>();
    const firsts = new Map<string, number>();
    for (const { list, position } of listings) {
      if (!firsts.has(list)) firsts.set(list, position);
    }
    await inParallel([...firsts], COLD_READS_IN_FLIGHT, async ([list, before]) => {
      const size = (page: number) =>
        store.listPageSize(listPage(list, page * LIST_PAGE_ENTRIES), before);
      counts.set(list, counted.get(list) ?? (await countByPages(size, LIST_PAGE_ENTRIES)));
    });
    const documents = listings.map((listing) => {
      const number = counts.get(listing.list)!;
      counts.set(listing.list, number + 1);
      return documentOf(listing, number);
    });
    return { documents, counts };
  };
  /** Those that may be the first of their lists, by the number of entries that the lists get. */
  const mayBeFirst = (listings: readonly PlacedListing[]): Set<PlacedListing> => {
    const sizes = new Map<string, number>();
    for (const { list } of listings) sizes.set(list, (sizes.get(list) ?? 0) + 1);
    const isHopeful = ({ list, _id }: PlacedListing): boolean =>
      _id === undefined && sizes.get(list) === 1 && counted.get(list) === undefined;
    return new Set(listings.filter(isHopeful));
  };

  return {
    /** Writes what the events put on lists; those that it wrote before are left out. */
    async write(entries: readonly PositionedAccountEvent[]): Promise<void> {
      const fresh = entries.filter(({ position }) => position > listedTo);
      const listings = fresh.flatMap(({ event, position }) =>
        listingsOf(event).map((listing) => ({ ...listing, position })),
      );
      const hopeful = mayBeFirst(listings);
      const firsts = [...hopeful].map((listing) => documentOf(listing, 0));
      const { documents, counts } = await numbered(listings.filter((one) => !hopeful.has(one)));
      const all = [...documents, ...firsts, ...fresh.flatMap(endsOf)];
      const taken = new Set(await store.insertListed(all));
      const late = [...hopeful].filter((_listing, at) => taken.has(firsts[at]!._id));
      const more = await numbered(late);
      await store.insertListed(more.documents);
      for (const { list } of hopeful) counted.set(list, 1);
      for (const [list, count] of [...counts, ...more.counts]) counted.set(list, count);
      listedTo = fresh.at(-1)?.position ?? listedTo;
    },
    /** To be called when the projection continues from what another one wrote. */
    forget(): void {
      counted.clear();
      listedTo = 0;
    },
  };
}
