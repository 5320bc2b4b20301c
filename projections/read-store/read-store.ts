import type {
  AccountChange,
  AccountModel,
  AccountsCheckpoint,
  HistoryEntry,
} from '../../contracts/read-models.ts';
import type { Checkpoint, ReadModelName } from '../../contracts/read-models.ts';
import type { PersonModel } from '../../contracts/person-model.ts';
import type { AccountId } from '../../domain/ids.ts';

/** One generation of the accounts. Only one projection writes it at a time. */
export interface AccountStore {
  checkpoint(): Promise<AccountsCheckpoint | undefined>;
  saveCheckpoint(checkpoint: AccountsCheckpoint): Promise<void>;
  change(seq: number): Promise<AccountChange | undefined>;
  /** Writes the change whole or not at all; "taken" when there is one of that number. */
  appendChange(change: AccountChange): Promise<'appended' | 'taken'>;
  deleteChanges(block: number): Promise<void>;
  account(accountId: string): Promise<AccountModel | undefined>;
  /** Adds accounts; those that are there already stay as they are. */
  insertAccounts(accounts: readonly AccountModel[]): Promise<void>;
  replaceAccount(account: AccountModel): Promise<void>;
  /** How many accounts are on that page of the owner's list. */
  ownerPageSize(pageKey: string): Promise<number>;
}

/** One generation of the persons. */
export interface PersonStore {
  person(personId: string): Promise<PersonModel | undefined>;
  /** Writes the document, whether there was one or not. */
  replacePerson(person: PersonModel): Promise<void>;
  /** How many persons are on that page of the list. */
  personPageSize(page: number): Promise<number>;
}

export interface HistoryLine {
  readonly accountId: AccountId;
  readonly entry: HistoryEntry;
}

/** One generation of the history. */
export interface HistoryStore {
  checkpoint(): Promise<Checkpoint | undefined>;
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Adds lines; those that are there already stay as they are. */
  insertLines(lines: readonly HistoryLine[]): Promise<void>;
}

/** The generations of both read models. */
export interface ReadStore {
  /** The generation in use, undefined before the first start. */
  generation(name: ReadModelName): Promise<number | undefined>;
  publish(name: ReadModelName, generation: number): Promise<void>;
  /** Deletes a generation with its checkpoint; nothing happens when there is none. */
  drop(name: ReadModelName, generation: number): Promise<void>;
  /** Makes what is missing of the collections and their indexes. */
  accounts(generation: number): Promise<AccountStore>;
  /** The persons belong to the generation of the balances. */
  persons(generation: number): Promise<PersonStore>;
  history(generation: number): Promise<HistoryStore>;
}
