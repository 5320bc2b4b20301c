import { causationText } from './events.ts';
import { balanceSchema } from './money.ts';
import { accountAnswer } from './outcomes.ts';
import { z } from 'zod';

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

/** Entries of one page of an account's history: documents are found by the page's key. */
export const HISTORY_PAGE_ENTRIES = 16;
/** Accounts of one page of an owner's accounts. */
export const OWNER_PAGE_ACCOUNTS = 32;
/** Changes of one block of changes: old ones are deleted by the block. */
const CHANGE_BLOCK = 16;
/** A change stays this long at least, so a reader that heard of none for less has missed none. */
export const CHANGES_KEPT_MS = 60_000;
/** After a rebuild the generation before is still kept up to date for this long. */
export const RETIRED_FOLLOWED_MS = 5_000;

export const READ_DATABASE = 'corebank';
/** A change is cut so that its document stays below this; the database takes 16 MiB. */
export const CHANGE_BYTES_MAX = 2 * 1024 * 1024;
/** What the database takes at most as one document. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;
/** Streams that were set aside and are told of by name. */
export const SET_ASIDE_NAMED_MAX = 1_000;

export type ReadModelName = 'balances' | 'history';
/** Collections of the read side; a generation is named by contracts/generations.ts. */
export const collections = {
  /** Which generation is in use. */
  registry: 'generations',
  checkpoints: 'checkpoints',
  accounts: (generation: string) => `accounts-${generation}`,
  changes: (generation: string) => `account-changes-${generation}`,
  metadata: (generation: string) => `account-metadata-${generation}`,
  history: (generation: string) => `history-${generation}`,
  persons: (generation: string) => `persons-${generation}`,
  setAside: (name: ReadModelName, generation: string) => `set-aside-${name}-${generation}`,
};
/** Id of a revision of the registry. */
export const revisionId = (name: ReadModelName, revision: number): string => `${name}/${revision}`;
export const checkpointId = (name: ReadModelName, generation: string): string =>
  `${name}-${generation}`;
/** Id of what an event of an account said of its metadata. */
export const metadataId = (accountId: string, version: number): string => `${accountId}/${version}`;

const positionSchema = z.int().min(0);

/**
 * Read model of an account, one per account. `version` is the last event that it holds. Its
 * metadata lies apart, written once, because it can be large and hardly ever changes.
 */
const accountModel = accountAnswer.omit({ metadata: true }).extend({
  /** Log position of the last event; a document is replaced only by one with a later position. */
  position: positionSchema,
  /** The event that said the account's metadata; missing when it has none. */
  metadataVersion: z.int().min(1).optional(),
  /**
   * The event that could not be folded. All other members are as before it, and nothing of the
   * account is applied any more: what they say is not the account's state now.
   */
  setAside: z.int().min(1).optional(),
  /** How many accounts the owner had when this one was opened: its place in their list. */
  ownerIndex: z.int().min(0),
  /** Movements of the account that were taken back; missing when there was none. */
  reversals: z.int().min(1).optional(),
});
export type AccountModel = z.infer<typeof accountModel>;

/**
 * What one batch of events did to the accounts, numbered without a hole. Readers and a restarted
 * projection apply changes in order on top of the account documents, which are written later.
 */
const accountChange = z.strictObject({
  seq: z.int().min(1),
  /** Log position before the batch. */
  after: positionSchema,
  /** Log position of the last event of the batch. */
  position: positionSchema,
  lastEventId: z.string(),
  /** Events from the beginning of the log up to here. */
  events: z.int().min(1),
  /** The changes up to this one are in the account documents. */
  settled: z.int().min(0),
  /** The accounts after the batch; the first `opened` of them are new. */
  accounts: z.array(accountModel),
  opened: z.int().min(0),
});
export type AccountChange = z.infer<typeof accountChange>;

/** A stream of which something could not be projected; ids only, never what the event says. */
const setAsideModel = z.strictObject({
  stream: z.string(),
  /** The first event of which that is so. */
  version: z.int().min(0),
  position: positionSchema,
  fault: z.string(),
});
export type SetAsideModel = z.infer<typeof setAsideModel>;

/** How far a projection has come in the log. */
export const checkpointSchema = z.strictObject({
  position: positionSchema,
  /** Id of the event at that position: another one there means another log. */
  lastEventId: z.string(),
  events: z.int().min(0),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** The same for the account documents, which hold the changes up to `settled`. */
export const accountsCheckpoint = checkpointSchema.extend({
  settled: z.int().min(0),
  /** Blocks of changes below this one are deleted. */
  firstBlock: z.int().min(0),
});
export type AccountsCheckpoint = z.infer<typeof accountsCheckpoint>;

/** One line of an account's history, immutable but for the reversal that may come later. */
export const historyEntry = z.strictObject({
  version: z.int().min(1),
  type: z.string(),
  /** What the event did to the ledger balance; "none" moves no money. */
  direction: z.enum(['credit', 'debit', 'none']),
  amount: z.string(),
  currency: z.string(),
  balanceAfter: balanceSchema,
  description: z.string().optional(),
  reference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  reason: z.string().optional(),
  holdId: z.string().optional(),
  expiresAt: z.string().optional(),
  transferId: z.string().optional(),
  /** Of a transfer: where the money goes to, or comes from. */
  otherAccountId: z.string().optional(),
  /** The version of the movement that this line takes back. */
  reverses: z.int().optional(),
  /** The version of the line that takes this one back. */
  reversedBy: z.int().optional(),
  reversesTransferId: z.string().optional(),
  commandId: z.string(),
  causationId: causationText.optional(),
  eventId: z.string(),
  at: z.string(),
  position: positionSchema,
});
export type HistoryEntry = z.infer<typeof historyEntry>;

const page = (key: string, index: number, size: number): string =>
  `${key}/${Math.floor(index / size)}`;
/** Key of the history page that holds a version. */
export const historyPage = (accountId: string, version: number): string =>
  page(accountId, version - 1, HISTORY_PAGE_ENTRIES);
/** Key of the page that holds an owner's account, by its place in their list. */
export const ownerPage = (ownerId: string, ownerIndex: number): string =>
  page(ownerId, ownerIndex, OWNER_PAGE_ACCOUNTS);
export const changeBlock = (seq: number): number => Math.floor(seq / CHANGE_BLOCK);
