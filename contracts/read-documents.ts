import { accountChange, accountModel, changeBlock, historyEntry } from './read-models.ts';
import { historyPage, metadataId, ownerPage, setAsideModel } from './read-models.ts';
import type { AccountChange, AccountModel, HistoryEntry, SetAsideModel } from './read-models.ts';

/**
 * How the read models lie in MongoDB. FerretDB pays for every member that it reads or writes,
 * so only what is looked up or worth a query by hand is a member of its own.
 */
export interface AccountDocument extends Omit<AccountModel, 'accountId'> {
  readonly _id: string;
  readonly ownerPage: string;
}

export function toAccountDocument({ accountId, ...rest }: AccountModel): AccountDocument {
  return { _id: accountId, ownerPage: ownerPage(rest.ownerId, rest.ownerIndex), ...rest };
}

export function ofAccountDocument(document: object): AccountModel {
  const { _id, ownerPage: _page, ...rest } = document as AccountDocument;
  return accountModel.parse({ accountId: _id, ...rest });
}

export type Metadata = Readonly<Record<string, string>>;
/** What one event says of an account's metadata. */
export interface SaidMetadata {
  readonly accountId: string;
  readonly version: number;
  readonly metadata: Metadata;
}

/** Never changes. As JSON text, because FerretDB refuses a member with a dot in its name. */
export interface MetadataDocument {
  readonly _id: string;
  readonly metadata: string;
}

export const toMetadataDocument = (said: SaidMetadata): MetadataDocument => ({
  _id: metadataId(said.accountId, said.version),
  metadata: JSON.stringify(said.metadata),
});

export const ofMetadataDocument = (document: object): Metadata =>
  JSON.parse((document as MetadataDocument).metadata) as Metadata;

/**
 * More bytes than this an account never takes in a change: its members are short, all but the
 * name, and a character of that takes four bytes at most.
 */
export const changeBytesOf = ({ name }: AccountModel): number => 1_024 + 4 * (name?.length ?? 0);

/** The accounts are JSON text: as members they would cost several times as much. */
export interface ChangeDocument extends Omit<AccountChange, 'seq' | 'accounts'> {
  readonly _id: number;
  readonly block: number;
  readonly accounts: string;
}

export function toChangeDocument({ seq, accounts, ...rest }: AccountChange): ChangeDocument {
  return { _id: seq, block: changeBlock(seq), ...rest, accounts: JSON.stringify(accounts) };
}

export function ofChangeDocument(document: object): AccountChange {
  const { _id, block: _block, accounts, ...rest } = document as ChangeDocument;
  return accountChange.parse({ seq: _id, ...rest, accounts: JSON.parse(accounts) });
}

/** A line is JSON text as well: that halves what it costs to write and to read it. */
export interface HistoryDocument {
  /** `{accountId}/{version}`; of a link `{accountId}/{version}/reversed` */
  readonly _id: string;
  readonly page: string;
  readonly line: string;
}

export function toHistoryDocument(accountId: string, entry: HistoryEntry): HistoryDocument {
  const { eventId: _derived, reversedBy: _link, ...line } = entry;
  const page = historyPage(accountId, entry.version);
  return { _id: `${accountId}/${entry.version}`, page, line: JSON.stringify(line) };
}

/**
 * What tells the line of a movement by which it was taken back. It lies on that line's page, so
 * that no written document changes; it must be there before the line that takes back.
 */
export function toLinkDocument(
  accountId: string,
  { version, reverses }: HistoryEntry,
): HistoryDocument | undefined {
  if (reverses === undefined) return undefined;
  const page = historyPage(accountId, reverses);
  const line = JSON.stringify({ reversedBy: version });
  return { _id: `${accountId}/${reverses}/reversed`, page, line };
}

/** The lines of a page, in no order, from its documents. */
export function ofHistoryDocuments(documents: readonly object[]): HistoryEntry[] {
  const all = documents as readonly HistoryDocument[];
  const links = new Map(all.map(({ _id, line }) => [_id, line]));
  return all
    .filter(({ _id }) => !_id.endsWith('/reversed'))
    .map(({ _id, line }) => {
      const link = links.get(`${_id}/reversed`) ?? '{}';
      const parts = { ...JSON.parse(line), ...JSON.parse(link), eventId: `acct/${_id}` };
      return historyEntry.parse(parts);
    });
}

/** One per stream, the first fault stays. `list` is the same of all, to find them by equality. */
export interface SetAsideDocument extends Omit<SetAsideModel, 'stream'> {
  readonly _id: string;
  readonly list: 'all';
}

export const toSetAsideDocument = ({ stream, ...rest }: SetAsideModel): SetAsideDocument => ({
  _id: stream,
  list: 'all',
  ...rest,
});

export function ofSetAsideDocument(document: object): SetAsideModel {
  const { _id, list: _list, ...rest } = document as SetAsideDocument;
  return setAsideModel.parse({ stream: _id, ...rest });
}
