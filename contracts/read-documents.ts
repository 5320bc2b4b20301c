import { accountChange, accountModel, changeBlock, historyEntry } from './read-models.ts';
import { historyPage, ownerPage } from './read-models.ts';
import type { AccountChange, AccountModel, HistoryEntry } from './read-models.ts';

/**
 * How the read models lie in MongoDB. FerretDB pays for every member that it reads or writes,
 * so only what is looked up or worth a query by hand is a member of its own.
 */
export interface AccountDocument extends Omit<AccountModel, 'accountId' | 'metadata'> {
  readonly _id: string;
  readonly ownerPage: string;
  readonly metadata?: string;
}

type Metadata = Readonly<Record<string, string>>;

// As JSON text, because its keys may hold dots and FerretDB refuses a member with a dot.
const writeMetadata = (metadata: Metadata | undefined): { metadata?: string } =>
  metadata === undefined ? {} : { metadata: JSON.stringify(metadata) };
const readMetadata = (text: string | undefined): { metadata?: Metadata } =>
  text === undefined ? {} : { metadata: JSON.parse(text) as Metadata };

export function toAccountDocument({ accountId, metadata, ...rest }: AccountModel): AccountDocument {
  const page = ownerPage(rest.ownerId, rest.ownerIndex);
  return { _id: accountId, ownerPage: page, ...rest, ...writeMetadata(metadata) };
}

export function ofAccountDocument(document: object): AccountModel {
  const { _id, ownerPage: _page, metadata, ...rest } = document as AccountDocument;
  return accountModel.parse({ accountId: _id, ...rest, ...readMetadata(metadata) });
}

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
