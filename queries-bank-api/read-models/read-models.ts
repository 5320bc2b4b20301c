import type {
  ReadModelName,
  AccountChange,
  AccountModel,
  AccountsOfPage,
  HistoryEntry,
  Metadata,
} from '../../contracts/account/read-models.ts';
import type { ListEntry } from '../../contracts/account/lists.ts';
import type { PersonModel } from '../../contracts/person/model.ts';

/** A new generation is noticed within this time; the old one is followed for longer. */
const NOTICE_MS = 1_000;

/** Returns the generation of a read model in use, read at most once per NOTICE_MS. */
export function generationInUse(
  models: ReadModels,
  name: ReadModelName,
  now: () => number = () => performance.now(),
): () => Promise<string> {
  let known: string | undefined;
  let askedAt = -Infinity;
  return async () => {
    if (known !== undefined && now() - askedAt <= NOTICE_MS) return known;
    const asked = now();
    known = await models.generation(name);
    askedAt = asked;
    if (known === undefined) throw new Unavailable(`there are no ${name} yet`);
    return known;
  };
}

/** The read side cannot be reached, or does not exist yet: try again later. */
export class Unavailable extends Error {}

/**
 * Reads what the projections write; each call finds documents by one equality. Every call rejects
 * with Unavailable while the read side cannot be reached.
 * @example
 * const generation = await models.generation('balances');
 * const account = generation && (await models.account(generation, accountId));
 */
export interface ReadModels {
  /** The generation in use, undefined before the projection's first start. */
  generation(name: ReadModelName): Promise<string | undefined>;
  /** The changes up to this one are in the account documents; 0 when none is. */
  settled(generation: string): Promise<number>;
  change(generation: string, seq: number): Promise<AccountChange | undefined>;
  account(generation: string, accountId: string): Promise<AccountModel | undefined>;
  /** The metadata that this event gave to the account; undefined for none. */
  metadata(generation: string, accountId: string, version: number): Promise<Metadata | undefined>;
  /** Whether the projection could not follow that stream. */
  isSetAside(name: ReadModelName, generation: string, stream: string): Promise<boolean>;
  /** The accounts on that page, in no order. */
  accounts(generation: string, page: AccountsOfPage): Promise<AccountModel[]>;
  person(generation: string, personId: string): Promise<PersonModel | undefined>;
  /** The persons on that page of the list, in no order. */
  persons(generation: string, page: number): Promise<PersonModel[]>;
  /** The entries on that page of a list, in no order. */
  listed(generation: string, page: string): Promise<ListEntry[]>;
  /** What the transfer with that id in the lists tells, or the end of one. */
  listedLine(generation: string, id: string): Promise<string | undefined>;
  /** The lines of that page of an account's history, in no order. */
  historyLines(generation: string, pageKey: string): Promise<HistoryEntry[]>;
}
