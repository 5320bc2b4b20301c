import type { RegistryRevision } from '../../contracts/generations.ts';
import {
  ofAccountDocument,
  ofChangeDocument,
  ofMetadataDocument,
  ofSetAsideDocument,
  toAccountDocument,
  toChangeDocument,
  toHistoryDocument,
  toLinkDocument,
  toMetadataDocument,
  toSetAsideDocument,
  type HistoryDocument,
  type Metadata,
  accountsCheckpoint,
  checkpointId,
  checkpointSchema,
  collections,
  DOCUMENT_BYTES_MAX,
  historyPage,
  metadataId,
  revisionId,
  SET_ASIDE_NAMED_MAX,
  type AccountModel,
  type Checkpoint,
  type ReadModelName,
} from '../../contracts/account/read-models.ts';
import type { ListDocument } from '../../contracts/account/lists.ts';
import {
  ofPersonDocument,
  toPersonDocument,
  type PersonModel,
} from '../../contracts/person/model.ts';
import { documentBytes } from './mongo-read-store.ts';
import { ACCOUNTS_BEGINNING, BEGINNING, type ReadStore } from './read-store.ts';

type Document = { readonly _id: string | number };

/** One collection as MongoDB has it, with its bound of a document. */
function documents() {
  const kept = new Map<string | number, Document>();
  const fitting = <Given extends Document>(document: Given): Given => {
    if (documentBytes(document) > DOCUMENT_BYTES_MAX) {
      throw new Error('the document is larger than the database takes');
    }
    if (hasNestedArrays(document)) throw new Error('FerretDB takes no arrays in arrays');
    return structuredClone(document);
  };
  return {
    get: (id: string | number): Document | undefined => structuredClone(kept.get(id)),
    all: (): Document[] => structuredClone([...kept.values()]),
    insert(document: Document): boolean {
      const isNew = !kept.has(document._id);
      if (isNew) kept.set(document._id, fitting(document));
      return isNew;
    },
    replaceEarlier(document: Document & { readonly position: number }): void {
      const there = kept.get(document._id) as typeof document | undefined;
      if (there === undefined || there.position >= document.position) return;
      kept.set(document._id, fitting(document));
    },
    delete: (id: string | number): boolean => kept.delete(id),
  };
}

const hasNestedArrays = (value: unknown, isInArray = false): boolean =>
  Array.isArray(value)
    ? isInArray || value.some((item) => hasNestedArrays(item, true))
    : typeof value === 'object' &&
      value !== null &&
      Object.values(value).some((member) => hasNestedArrays(member));

type Documents = ReturnType<typeof documents>;

const withMember = (all: readonly Document[], member: string, value: unknown): Document[] =>
  all.filter((document) => (document as Record<string, unknown> & Document)[member] === value);

/** The read store for tests; it passes the same contract suite as the real one. */
export function memoryReadStore() {
  const database = new Map<string, Documents>();
  // A collection is made by the first insert, also by one that comes after it was dropped.
  const of = (name: string): Documents => {
    const found = database.get(name) ?? documents();
    database.set(name, found);
    return found;
  };

  const store: ReadStore = {
    async revision(name, revision) {
      const found = of(collections.registry).get(revisionId(name, revision));
      if (found === undefined) return undefined;
      const { _id, ...rest } = found;
      return rest as RegistryRevision;
    },
    async insertRevision(name, revision) {
      const document = { _id: revisionId(name, revision.revision), ...revision };
      return of(collections.registry).insert(document) ? 'inserted' : 'taken';
    },
    async drop(name, generation) {
      of(collections.checkpoints).delete(checkpointId(name, generation));
      const { accounts, changes, history, lists, metadata, persons, setAside } = collections;
      const own = name === 'balances' ? [changes, accounts, metadata, persons] : [history, lists];
      for (const nameOf of own) database.delete(nameOf(generation));
      database.delete(setAside(name, generation));
    },
    async accounts(generation) {
      const accounts = (): Documents => of(collections.accounts(generation));
      const changes = (): Documents => of(collections.changes(generation));
      const checkpoint = checkpointOf('balances', generation, ACCOUNTS_BEGINNING);
      return {
        async checkpoint() {
          const found = checkpoint.read();
          return found && accountsCheckpoint.parse(found);
        },
        saveCheckpoint: checkpoint.save,
        async change(seq) {
          const found = changes().get(seq);
          return found && ofChangeDocument(found);
        },
        appendChange: async (change) =>
          changes().insert(toChangeDocument(change)) ? 'appended' : 'taken',
        async deleteChanges(block) {
          for (const { _id } of withMember(changes().all(), 'block', block)) changes().delete(_id);
        },
        async account(accountId) {
          const found = accounts().get(accountId);
          return found && ofAccountDocument(found);
        },
        async insertAccounts(added) {
          for (const account of added) accounts().insert(toAccountDocument(account));
        },
        replaceAccount: async (account) => accounts().replaceEarlier(toAccountDocument(account)),
        async insertMetadata(said) {
          const into = of(collections.metadata(generation));
          for (const one of said) into.insert(toMetadataDocument(one));
        },
        pageSize: async (page) => {
          const [[member, key]] = Object.entries(page) as [[string, string | number]];
          return withMember(accounts().all(), member, key).length;
        },
      };
    },
    async persons(generation) {
      const persons = (): Documents => of(collections.persons(generation));
      return {
        async person(id) {
          const found = persons().get(id);
          return found && ofPersonDocument(found);
        },
        insertPerson: async (person) =>
          persons().insert(toPersonDocument(person)) ? 'inserted' : 'taken',
        replacePerson: async (person) => persons().replaceEarlier(toPersonDocument(person)),
        personPageSize: async (page) => withMember(persons().all(), 'page', page).length,
      };
    },
    async history(generation) {
      const checkpoint = checkpointOf('history', generation, BEGINNING);
      return {
        async checkpoint() {
          const found = checkpoint.read();
          return found && checkpointSchema.parse(found);
        },
        saveCheckpoint: checkpoint.save,
        async insertLines(lines) {
          const into = of(collections.history(generation));
          for (const { accountId, entry } of lines) {
            for (const to of [toLinkDocument, toHistoryDocument]) {
              const document = to(accountId, entry);
              if (document) into.insert(document);
            }
          }
        },
        async insertListed(entries) {
          const into = of(collections.lists(generation));
          return entries.filter((entry) => !into.insert(entry)).map(({ _id }) => _id);
        },
        async listPageSize(page, before) {
          const found = withMember(of(collections.lists(generation)).all(), 'page', page);
          return found.filter((entry) => (entry as ListDocument).position < before).length;
        },
      };
    },
    async setAside(name, generation) {
      const streams = (): Documents => of(collections.setAside(name, generation));
      return {
        async insert(added) {
          for (const one of added) streams().insert(toSetAsideDocument(one));
        },
        list: async () => streams().all().slice(0, SET_ASIDE_NAMED_MAX).map(ofSetAsideDocument),
      };
    },
  };

  function checkpointOf(name: ReadModelName, generation: string, first: Checkpoint) {
    const _id = checkpointId(name, generation);
    of(collections.checkpoints).insert({ _id, ...first });
    return {
      read(): object | undefined {
        const found = of(collections.checkpoints).get(_id);
        if (found === undefined) return undefined;
        const { _id: _same, ...rest } = found;
        return rest;
      },
      save: async (checkpoint: Checkpoint): Promise<void> =>
        of(collections.checkpoints).replaceEarlier({ _id, ...checkpoint }),
    };
  }

  return {
    ...store,
    /** What a reader of the collections would find. */
    linesOf: (generation: string, accountId: string, version: number): HistoryDocument[] =>
      withMember(
        of(collections.history(generation)).all(),
        'page',
        historyPage(accountId, version),
      ) as HistoryDocument[],
    personsOf: (generation: string): PersonModel[] =>
      of(collections.persons(generation)).all().map(ofPersonDocument),
    accountsOf: (generation: string): AccountModel[] =>
      of(collections.accounts(generation)).all().map(ofAccountDocument),
    metadataOf(generation: string, accountId: string, version: number): Metadata | undefined {
      const found = of(collections.metadata(generation)).get(metadataId(accountId, version));
      return found && ofMetadataDocument(found);
    },
    collections: (): string[] => [...database.keys()],
    documents: async (name: string): Promise<object[]> => of(name).all(),
  };
}
