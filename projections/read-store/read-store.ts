import type { RegistryRevision } from '../../contracts/generations.ts';
import type {
  SaidMetadata,
  AccountChange,
  AccountModel,
  AccountsCheckpoint,
  AccountsOfPage,
  HistoryEntry,
  SetAsideModel,
  Checkpoint,
  ReadModelName,
} from '../../contracts/account/read-models.ts';
import type { ListDocument } from '../../contracts/account/lists.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import type { AccountId } from '../../domain/ids.ts';

/**
 * The read side as its writers see it. Several processes may write, and a write may come late,
 * twice or after later ones. So a write either inserts what is missing, and then the first one
 * stays, or replaces a document of an earlier log position; anything else changes nothing. A
 * replacement creates nothing, so one that comes after its generation was dropped leaves nothing
 * behind.
 */
export interface ReadStore {
  revision(name: ReadModelName, revision: number): Promise<RegistryRevision | undefined>;
  insertRevision(name: ReadModelName, revision: RegistryRevision): Promise<'inserted' | 'taken'>;
  /** Deletes a generation with its checkpoint; nothing happens when there is none. */
  drop(name: ReadModelName, generation: string): Promise<void>;
  /** Creates what is missing of the collections, their indexes and the checkpoint. */
  accounts(generation: string): Promise<AccountStore>;
  /** The persons belong to the generation of the balances. */
  persons(generation: string): Promise<PersonStore>;
  history(generation: string): Promise<HistoryStore>;
  setAside(name: ReadModelName, generation: string): Promise<SetAsideStore>;
}

/** One generation of the accounts. */
export interface AccountStore {
  /** Undefined when the generation was dropped. */
  checkpoint(): Promise<AccountsCheckpoint | undefined>;
  saveCheckpoint(checkpoint: AccountsCheckpoint): Promise<void>;
  change(seq: number): Promise<AccountChange | undefined>;
  /** Writes the change as a whole or not at all; "taken" when there is one of that number. */
  appendChange(change: AccountChange): Promise<'appended' | 'taken'>;
  deleteChanges(block: number): Promise<void>;
  account(accountId: string): Promise<AccountModel | undefined>;
  insertAccounts(accounts: readonly AccountModel[]): Promise<void>;
  replaceAccount(account: AccountModel): Promise<void>;
  insertMetadata(said: readonly SaidMetadata[]): Promise<void>;
  /** How many accounts are on that page. */
  pageSize(page: AccountsOfPage): Promise<number>;
}

/** One generation of the persons. */
export interface PersonStore {
  person(personId: string): Promise<PersonModel | undefined>;
  insertPerson(person: PersonModel): Promise<'inserted' | 'taken'>;
  replacePerson(person: PersonModel): Promise<void>;
  /** How many persons are on that page of the list. */
  personPageSize(page: number): Promise<number>;
}

/** A line of an account's history. */
export interface HistoryLine {
  readonly accountId: AccountId;
  readonly entry: HistoryEntry;
}

/** The lists of one generation of the history. */
export interface ListStore {
  /** An entry that is there stays as it is. Gives the ids of those that were there. */
  insertListed(entries: readonly ListDocument[]): Promise<string[]>;
  /** How many entries of earlier log positions are on that page. */
  listPageSize(page: string, before: number): Promise<number>;
}

/** One generation of the history. */
export interface HistoryStore extends ListStore {
  /** Undefined when the generation was dropped. */
  checkpoint(): Promise<Checkpoint | undefined>;
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  insertLines(lines: readonly HistoryLine[]): Promise<void>;
}

/** The streams that one generation could not follow. */
export interface SetAsideStore {
  insert(streams: readonly SetAsideModel[]): Promise<void>;
  /** Some of them, when there are more than SET_ASIDE_NAMED_MAX. */
  list(): Promise<SetAsideModel[]>;
}

/** The checkpoint of a projection that never began. */
export const BEGINNING: Checkpoint = { position: 0, lastEventId: '', events: 0 };
/** The same for the account documents. */
export const ACCOUNTS_BEGINNING: AccountsCheckpoint = { ...BEGINNING, settled: 0, firstBlock: 0 };
