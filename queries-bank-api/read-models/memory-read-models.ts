import {
  type Metadata,
  historyPage,
  metadataId,
  accountPage,
  ownerListOf,
  ownerPage,
  type AccountChange,
  type AccountModel,
  type HistoryEntry,
} from '../../contracts/account/read-models.ts';
import { ofListDocument, type ListDocument } from '../../contracts/account/lists.ts';
import { personPage, type PersonModel } from '../../contracts/person/model.ts';
import { Unavailable, type ReadModels } from './read-models.ts';

/** One generation of the read models for tests, written as the projections write. */
export interface MemoryGeneration {
  settled: number;
  readonly changes: Map<number, AccountChange>;
  readonly accounts: Map<string, AccountModel>;
  readonly lines: Map<string, HistoryEntry>;
  readonly persons: Map<string, PersonModel>;
  readonly metadata: Map<string, Metadata>;
  readonly lists: Map<string, ListDocument>;
  /** Streams, of both read models. */
  readonly setAside: Set<string>;
}

/** A generation without documents. */
const emptyGeneration = (): MemoryGeneration => ({
  settled: 0,
  changes: new Map(),
  accounts: new Map(),
  lines: new Map(),
  persons: new Map(),
  metadata: new Map(),
  lists: new Map(),
  setAside: new Set(),
});

/** The line that takes another one back says so, as a separate document does in MongoDB. */
function linkOf(
  { lines }: MemoryGeneration,
  id: string,
): Pick<HistoryEntry, 'reversedBy' | 'left'> {
  const [accountId, version] = id.split('/') as [string, string];
  const own = [...lines].filter(([other]) => other.startsWith(accountId));
  const [last] = own
    .map(([, line]) => line)
    .filter(({ reverses }) => reverses === Number(version))
    .sort((one, other) => other.version - one.version);
  if (last === undefined) return {};
  const { version: reversedBy, left } = last;
  return left === undefined ? { reversedBy } : { reversedBy, left };
}

/** The read models for tests; they pass the same contract suite as the real ones. */
export function memoryReadModels() {
  const generations = new Map<string, MemoryGeneration>();
  const use = { balances: undefined, history: undefined } as {
    balances: string | undefined;
    history: string | undefined;
  };
  const state = { away: false, calls: 0 };
  const of = (generation: string): MemoryGeneration => {
    const found = generations.get(generation) ?? emptyGeneration();
    generations.set(generation, found);
    return found;
  };
  const reached = async <T>(read: () => T): Promise<T> => {
    state.calls += 1;
    await Promise.resolve();
    if (state.away) throw new Unavailable('the read models are away');
    return structuredClone(read());
  };
  const models: ReadModels = {
    generation: (name) => reached(() => use[name]),
    settled: (generation) => reached(() => of(generation).settled),
    change: (generation, seq) => reached(() => of(generation).changes.get(seq)),
    account: (generation, id) => reached(() => of(generation).accounts.get(id)),
    metadata: (generation, id, version) =>
      reached(() => of(generation).metadata.get(metadataId(id, version))),
    listed: (generation, page) =>
      reached(() =>
        [...of(generation).lists.values()]
          .filter((document) => document.page === page)
          .map(ofListDocument),
      ),
    listedLine: (generation, id) => reached(() => of(generation).lists.get(id)?.line),
    isSetAside: (_name, generation, stream) => reached(() => of(generation).setAside.has(stream)),
    accounts: (generation, page) =>
      reached(() =>
        [...of(generation).accounts.values()].filter((account) =>
          'page' in page
            ? accountPage(account.index) === page.page
            : ownerPage(ownerListOf(account), account.ownerIndex) === page.ownerPage,
        ),
      ),
    person: (generation, id) => reached(() => of(generation).persons.get(id)),
    persons: (generation, page) =>
      reached(() =>
        [...of(generation).persons.values()].filter(({ index }) => personPage(index) === page),
      ),
    historyLines: (generation, key) =>
      reached(() =>
        [...of(generation).lines]
          .filter(([id, { version }]) => historyPage(id.slice(0, 36), version) === key)
          .map(([id, line]) => ({ ...line, ...linkOf(of(generation), id) })),
      ),
  };
  return { ...models, use, state, of };
}
