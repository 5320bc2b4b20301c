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
  /** `{accountId}/{version}` */
  readonly _id: string;
  readonly page: string;
  readonly line: string;
}

export function toHistoryDocument(accountId: string, entry: HistoryEntry): HistoryDocument {
  const { eventId: _derived, ...line } = entry;
  const page = historyPage(accountId, entry.version);
  return { _id: `${accountId}/${entry.version}`, page, line: JSON.stringify(line) };
}

export function ofHistoryDocument(document: object): HistoryEntry {
  const { _id, line } = document as HistoryDocument;
  return historyEntry.parse({ ...JSON.parse(line), eventId: `acct/${_id}` });
}
