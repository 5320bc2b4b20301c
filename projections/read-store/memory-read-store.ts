import { changeBlock, collections, historyPage, ownerPage } from '../../contracts/read-models.ts';
import {
  toHistoryDocument,
  toLinkDocument,
  type HistoryDocument,
} from '../../contracts/read-documents.ts';
import type {
  AccountChange,
  AccountModel,
  AccountsCheckpoint,
} from '../../contracts/read-models.ts';
import type { Checkpoint, ReadModelName } from '../../contracts/read-models.ts';
import { personPage, type PersonModel } from '../../contracts/person-model.ts';
import type { AccountStore, HistoryStore, ReadStore } from './read-store.ts';

interface Accounts {
  checkpoint?: AccountsCheckpoint;
  readonly changes: Map<number, AccountChange>;
  readonly accounts: Map<string, AccountModel>;
}

interface History {
  checkpoint?: Checkpoint;
  readonly lines: Map<string, HistoryDocument>;
}

/** The read store for tests; it passes the same contract suite as the real one. */
export function memoryReadStore() {
  const published = new Map<ReadModelName, number>();
  const accounts = new Map<string, Accounts>();
  const history = new Map<string, History>();
  const persons = new Map<string, Map<string, PersonModel>>();

  const store: ReadStore = {
    generation: async (name) => published.get(name),
    publish: async (name, generation) => void published.set(name, generation),
    async drop(name, generation) {
      if (name === 'balances') {
        accounts.delete(collections.accounts(generation));
        persons.delete(collections.persons(generation));
      } else history.delete(collections.history(generation));
    },
    async accounts(generation) {
      const name = collections.accounts(generation);
      const of = accounts.get(name) ?? { changes: new Map(), accounts: new Map() };
      accounts.set(name, of);
      return accountStore(of);
    },
    async persons(generation) {
      const name = collections.persons(generation);
      const of = persons.get(name) ?? new Map<string, PersonModel>();
      persons.set(name, of);
      return {
        person: async (id) => of.get(id),
        replacePerson: async (person) => void of.set(person.personId, person),
        personPageSize: async (page) =>
          [...of.values()].filter(({ index }) => personPage(index) === page).length,
      };
    },
    async history(generation) {
      const name = collections.history(generation);
      const of = history.get(name) ?? { lines: new Map() };
      history.set(name, of);
      return historyStore(of);
    },
  };
  return {
    ...store,
    /** What a reader of the collections would find. */
    linesOf: (generation: number, accountId: string, version: number): HistoryDocument[] =>
      [...(history.get(collections.history(generation))?.lines.values() ?? [])].filter(
        (line) => line.page === historyPage(accountId, version),
      ),
    personsOf: (generation: number): PersonModel[] => [
      ...(persons.get(collections.persons(generation))?.values() ?? []),
    ],
    accountsOf: (generation: number): AccountModel[] => [
      ...(accounts.get(collections.accounts(generation))?.accounts.values() ?? []),
    ],
  };
}

function accountStore(of: Accounts): AccountStore {
  return {
    checkpoint: async () => of.checkpoint,
    saveCheckpoint: async (checkpoint) => void (of.checkpoint = checkpoint),
    change: async (seq) => of.changes.get(seq),
    async appendChange(change) {
      if (of.changes.has(change.seq)) return 'taken';
      of.changes.set(change.seq, structuredClone(change));
      return 'appended';
    },
    async deleteChanges(block) {
      for (const seq of of.changes.keys()) if (changeBlock(seq) === block) of.changes.delete(seq);
    },
    account: async (accountId) => of.accounts.get(accountId),
    async insertAccounts(added) {
      for (const account of added) {
        if (!of.accounts.has(account.accountId)) of.accounts.set(account.accountId, account);
      }
    },
    replaceAccount: async (account) => void of.accounts.set(account.accountId, account),
    async ownerPageSize(key) {
      const all = [...of.accounts.values()];
      return all.filter((one) => ownerPage(one.ownerId, one.ownerIndex) === key).length;
    },
  };
}

function historyStore(of: History): HistoryStore {
  return {
    checkpoint: async () => of.checkpoint,
    saveCheckpoint: async (checkpoint) => void (of.checkpoint = checkpoint),
    async insertLines(lines) {
      for (const { accountId, entry } of lines) {
        for (const to of [toLinkDocument, toHistoryDocument]) {
          const document = to(accountId, entry);
          if (document && !of.lines.has(document._id)) of.lines.set(document._id, document);
        }
      }
    },
  };
}
