import { z } from 'zod';
import { balanceSchema } from './balances.ts';
import { causationText } from './events.ts';
import { accountAnswer } from './outcomes.ts';

/** Entries of one page of an account's history: documents are found by the page's key. */
export const HISTORY_PAGE_ENTRIES = 16;
/** Accounts of one page of an owner's accounts. */
export const OWNER_PAGE_ACCOUNTS = 32;
/** Changes of one block of changes: old ones are deleted by the block. */
export const CHANGE_BLOCK = 16;
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
export const accountModel = accountAnswer.omit({ metadata: true }).extend({
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
export const accountChange = z.strictObject({
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
export const setAsideModel = z.strictObject({
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
