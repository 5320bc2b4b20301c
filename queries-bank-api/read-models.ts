import type { AccountChange, AccountModel, HistoryEntry } from '../contracts/read-models.ts';
import type { PersonModel } from '../contracts/person-model.ts';
import type { ReadModelName } from '../contracts/read-models.ts';

/** The read side cannot be reached, or there is none yet: try again later. */
export class Unavailable extends Error {}

/** Reads what the projections write; each call finds documents by one equality. */
export interface ReadModels {
  /** The generation in use, undefined before the projection's first start. */
  generation(name: ReadModelName): Promise<number | undefined>;
  /** The changes up to this one are in the account documents; 0 when none is. */
  settled(generation: number): Promise<number>;
  change(generation: number, seq: number): Promise<AccountChange | undefined>;
  account(generation: number, accountId: string): Promise<AccountModel | undefined>;
  /** The accounts on that page of an owner's list, in no order. */
  ownerAccounts(generation: number, pageKey: string): Promise<AccountModel[]>;
  person(generation: number, personId: string): Promise<PersonModel | undefined>;
  /** The persons on that page of the list, in no order. */
  persons(generation: number, page: number): Promise<PersonModel[]>;
  /** The lines of that page of an account's history, in no order. */
  historyLines(generation: number, pageKey: string): Promise<HistoryEntry[]>;
}
