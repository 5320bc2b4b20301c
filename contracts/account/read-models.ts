import { dayText, directionText, writtenId, writtenTime } from '../http/scalars.ts';
import { causationText } from './events.ts';
import { balanceSchema } from './money.ts';
import { accountAnswer } from './outcomes.ts';
import { z } from 'zod';
import { byText } from '../access/principal.ts';

/**
 * An account's read model as MongoDB stores it. FerretDB pays for every member that it reads or
 * writes, so only what is looked up, or is worth a query by hand, is a member of its own.
 */
export interface AccountDocument extends Omit<AccountModel, 'accountId'> {
  readonly _id: string;
  readonly ownerPage: string;
  readonly page: number;
}

/** The document of an account's read model. */
export function toAccountDocument({ accountId, ...rest }: AccountModel): AccountDocument {
  const pages = {
    ownerPage: ownerPage(ownerListOf(rest), rest.ownerIndex),
    page: accountPage(rest.index),
  };
  return { _id: accountId, ...pages, ...rest };
}

/**
 * The read model in a document.
 * @throws ZodError when the document is not one.
 */
export function ofAccountDocument(document: object): AccountModel {
  const { _id, ownerPage: _of, page: _page, ...rest } = document as AccountDocument;
  return accountModel.parse({ accountId: _id, ...rest });
}

export type Metadata = Readonly<Record<string, string>>;
/** The metadata that one event gave to an account. */
export interface SaidMetadata {
  readonly accountId: string;
  readonly version: number;
  readonly metadata: Metadata;
}

/** Immutable. JSON text, because FerretDB refuses member names that contain a dot. */
export interface MetadataDocument {
  readonly _id: string;
  readonly metadata: string;
}

/** The document of an account's metadata. */
export const toMetadataDocument = (said: SaidMetadata): MetadataDocument => ({
  _id: metadataId(said.accountId, said.version),
  metadata: JSON.stringify(said.metadata),
});

/** The metadata in a document. */
export const ofMetadataDocument = (document: object): Metadata =>
  JSON.parse((document as MetadataDocument).metadata) as Metadata;

/**
 * An upper bound of the bytes that an account takes in a change: all its members are short but the
 * texts, of which a character takes at most four bytes, and the open holds.
 */
export const changeBytesOf = ({ name, externalId, openHolds }: AccountModel): number =>
  1_024 + 4 * ((name?.length ?? 0) + (externalId?.length ?? 0)) + 64 * (openHolds?.length ?? 0);

/** The accounts are JSON text: as members they would cost several times as much. */
export interface ChangeDocument extends Omit<AccountChange, 'seq' | 'accounts'> {
  readonly _id: number;
  readonly block: number;
  readonly accounts: string;
}

/** The document of a change. */
export function toChangeDocument({ seq, accounts, ...rest }: AccountChange): ChangeDocument {
  return { _id: seq, block: changeBlock(seq), ...rest, accounts: JSON.stringify(accounts) };
}

/**
 * The change in a document.
 * @throws ZodError when the document is not one.
 */
export function ofChangeDocument(document: object): AccountChange {
  const { _id, block: _block, accounts, ...rest } = document as ChangeDocument;
  return accountChange.parse({ seq: _id, ...rest, accounts: JSON.parse(accounts) });
}

/** A line of history is JSON text too, which halves the cost of writing and reading it. */
export interface HistoryDocument {
  /** `{accountId}/{version}`; of a link `{accountId}/{version}/reversed/{by}` */
  readonly _id: string;
  readonly page: string;
  readonly line: string;
}

/** The document of a line of history. */
export function toHistoryDocument(accountId: string, entry: HistoryEntry): HistoryDocument {
  const { eventId: _derived, reversedBy: _link, ...line } = entry;
  const page = historyPage(accountId, entry.version);
  return { _id: `${accountId}/${entry.version}`, page, line: JSON.stringify(line) };
}

const REVERSED = '/reversed/';
/**
 * Tells the line of a reversed movement which version reversed it, and what that left. The link is
 * stored on that line's page, so that no written document changes, and must be written before the
 * reversing line.
 * @returns undefined for a line that reverses nothing.
 */
export function toLinkDocument(
  accountId: string,
  { version, reverses, left }: HistoryEntry,
): HistoryDocument | undefined {
  if (reverses === undefined) return undefined;
  const page = historyPage(accountId, reverses);
  const line = JSON.stringify({ reversedBy: version, left });
  return { _id: `${accountId}/${reverses}/reversed/${version}`, page, line };
}

/**
 * The lines of a page, in no order, from its documents.
 * @throws ZodError when a document is not one.
 */
export function ofHistoryDocuments(documents: readonly object[]): HistoryEntry[] {
  const all = documents as readonly HistoryDocument[];
  const linkOf = ({ line }: HistoryDocument) => JSON.parse(line) as { reversedBy: number };
  const links = new Map(
    all
      .filter(({ _id }) => _id.includes(REVERSED))
      .sort((one, other) => linkOf(one).reversedBy - linkOf(other).reversedBy)
      .map((link) => [link._id.slice(0, link._id.indexOf(REVERSED)), linkOf(link)]),
  );
  return all
    .filter(({ _id }) => !_id.includes(REVERSED))
    .map(({ _id, line }) =>
      historyEntry.parse({ ...JSON.parse(line), ...links.get(_id), eventId: `acct/${_id}` }),
    );
}

/**
 * One per stream; the first fault stays. `list` has the same value in all, to find them by
 * equality.
 */
export interface SetAsideDocument extends Omit<SetAsideModel, 'stream'> {
  readonly _id: string;
  readonly list: 'all';
}

/** The document of a stream that was set aside. */
export const toSetAsideDocument = ({ stream, ...rest }: SetAsideModel): SetAsideDocument => ({
  _id: stream,
  list: 'all',
  ...rest,
});

/**
 * The stream that was set aside, from its document.
 * @throws ZodError when the document is not one.
 */
export function ofSetAsideDocument(document: object): SetAsideModel {
  const { _id, list: _list, ...rest } = document as SetAsideDocument;
  return setAsideModel.parse({ stream: _id, ...rest });
}

/** Entries of one page of an account's history: documents are found by the page's key. */
export const HISTORY_PAGE_ENTRIES = 16;
/** Accounts of one page of an owner's accounts, or of all. */
export const PAGE_ACCOUNTS = 32;
/** Changes of one block: old ones are deleted block by block. */
const CHANGE_BLOCK = 16;
/** A change is kept this long at least, so a reader that paused for less has missed none. */
export const CHANGES_KEPT_MS = 60_000;
/** After a rebuild the previous generation is kept up to date for this long. */
export const RETIRED_FOLLOWED_MS = 5_000;

/** The database of a read model: each has one, in which its projection alone may write. */
export const readDatabase = (name: ReadModelName): string => name;
/** A change is cut so that its document stays below this size; the database takes 16 MiB. */
export const CHANGE_BYTES_MAX = 2 * 1024 * 1024;
/** Largest document that the database takes. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;
/** Most streams that were set aside and are reported by name. */
export const SET_ASIDE_NAMED_MAX = 1_000;

export type ReadModelName = 'balances' | 'history';
/** Collections of the read side; a generation is named by contracts/generations.ts. */
export const collections = {
  /** Which generation is in use. */
  registry: 'generations',
  checkpoints: 'checkpoints',
  /** The account documents. */
  accounts: (generation: string) => `accounts-${generation}`,
  /** What batches did to the accounts. */
  changes: (generation: string) => `account-changes-${generation}`,
  /** The accounts' metadata. */
  metadata: (generation: string) => `account-metadata-${generation}`,
  /** The lines of all histories. */
  history: (generation: string) => `history-${generation}`,
  /** The lists by which accounts and transfers are found, in the generation of the history. */
  lists: (generation: string) => `lists-${generation}`,
  /** The persons, in the generation of the balances. */
  persons: (generation: string) => `persons-${generation}`,
  /** The streams that a read model could not follow. */
  setAside: (name: ReadModelName, generation: string) => `set-aside-${name}-${generation}`,
};
/** Id of a revision of the registry of generations. */
export const revisionId = (name: ReadModelName, revision: number): string => `${name}/${revision}`;
/** Id of the checkpoint of a generation. */
export const checkpointId = (name: ReadModelName, generation: string): string =>
  `${name}-${generation}`;
/** Id of the metadata that an event gave to an account. */
export const metadataId = (accountId: string, version: number): string => `${accountId}/${version}`;

const positionSchema = z.int().min(0);

/**
 * Read model of an account. `version` is that of the last event in it. Its metadata is stored
 * apart, written once, because it can be large and hardly ever changes.
 */
const accountModel = accountAnswer.omit({ metadata: true }).extend({
  /** Log position of the last event; a document is replaced only by one with a later position. */
  position: positionSchema,
  /** The event that said the account's metadata; missing when it has none. */
  metadataVersion: z.int().min(1).optional(),
  /**
   * The event that could not be applied. All other members are as before it, and no further event
   * is applied: they do not show the account's current state.
   */
  setAside: z.int().min(1).optional(),
  /** How many accounts the owner had when this one was opened: its place in their list. */
  ownerIndex: z.int().min(0),
  /** How many accounts there were in all: its place among them. */
  index: z.int().min(0),
  /** Movements of the account that were taken back; missing when there was none. */
  reversals: z.int().min(1).optional(),
  /** Versions of the events that gave the account its details and its status, if not the first. */
  detailsVersion: z.int().min(1).optional(),
  statusVersion: z.int().min(1).optional(),
  /**
   * The holds that are open, oldest first, as `{version}/{holdId}`: FerretDB takes no arrays in
   * arrays, and pays for each member of an object.
   */
  openHolds: z.array(z.string().regex(/^[1-9][0-9]*\/[0-9a-f-]{36}$/)).optional(),
});
export type AccountModel = z.infer<typeof accountModel>;

/**
 * What one batch of events did to the accounts, numbered without a gap. Readers and a restarted
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

/** A stream of which an event could not be projected; ids only, never the event's data. */
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

/** The same for the account documents, which contain the changes up to `settled`. */
export const accountsCheckpoint = checkpointSchema.extend({
  settled: z.int().min(0),
  /** Blocks of changes below this one are deleted. */
  firstBlock: z.int().min(0),
});
export type AccountsCheckpoint = z.infer<typeof accountsCheckpoint>;

/** One line of an account's history, immutable except for a later reversal. */
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
  holdId: writtenId.optional(),
  expiresAt: writtenTime.optional(),
  transferId: writtenId.optional(),
  /** Of a transfer: where the money goes to, or comes from. */
  otherAccountId: writtenId.optional(),
  /** The day from which the money counts, where it is another than that of the booking. */
  valueDate: dayText.optional(),
  /** The direction that was blocked, or is free again. */
  blocked: directionText.optional(),
  /** The version of the movement that this line takes back. */
  reverses: z.int().optional(),
  /** The version of the line that takes this one back, of the last one where there are several. */
  reversedBy: z.int().optional(),
  /** Of both: what of the movement has not been taken back, where something is left. */
  left: z.string().optional(),
  reversesTransferId: z.string().optional(),
  /** Of a transfer: the transaction that it is a part of. */
  transactionId: writtenId.optional(),
  commandId: z.string(),
  /** Who did it; not told to customers. */
  by: byText.optional(),
  /** Who approved it, where a second person had to; not told to customers either. */
  approvedBy: byText.optional(),
  causationId: causationText.optional(),
  eventId: z.string(),
  at: writtenTime,
  position: positionSchema,
});
export type HistoryEntry = z.infer<typeof historyEntry>;

const page = (key: string, index: number, size: number): string =>
  `${key}/${Math.floor(index / size)}`;
/** Key of the history page with a version. */
export const historyPage = (accountId: string, version: number): string =>
  page(accountId, version - 1, HISTORY_PAGE_ENTRIES);
/** The name of the list that an account is on with those of its owner; internal ones have one. */
export const ownerListOf = ({ ownerId }: Pick<AccountModel, 'ownerId'>): string =>
  ownerId ?? INTERNAL_OWNER;
/** No owner has this name, and it is no list of another kind. */
const INTERNAL_OWNER = '-';
/** Key of the page with an owner's account, by its index in their list. */
export const ownerPage = (ownerId: string, ownerIndex: number): string =>
  page(ownerId, ownerIndex, PAGE_ACCOUNTS);
/** Number of the page with an account, by its index among all. */
export const accountPage = (index: number): number => Math.floor(index / PAGE_ACCOUNTS);

/** A page of accounts: of those of an owner, or of all. */
export type AccountsOfPage = Readonly<
  Pick<AccountDocument, 'ownerPage'> | Pick<AccountDocument, 'page'>
>;
/** Number of the block with a change. */
export const changeBlock = (seq: number): number => Math.floor(seq / CHANGE_BLOCK);
