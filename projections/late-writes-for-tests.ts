import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { ofPersonDocument, type PersonModel } from '../contracts/person/model.ts';
import {
  ofAccountDocument,
  ofHistoryDocuments,
  collections,
  ownerListOf,
  type AccountModel,
  type HistoryEntry,
  type ReadModelName,
} from '../contracts/account/read-models.ts';
import {
  begunTransferId,
  endedTransferId,
  listNames,
  listPage,
  type ListDocument,
} from '../contracts/account/lists.ts';
import { isOfAccount, type PositionedEvent } from '../contracts/log/topics.ts';
import { accountAfter } from './balances/balances.ts';
import { personAfter, type PositionedPersonEvent } from './balances/person-writer.ts';
import { linesOf, randomLog } from './events-for-tests.ts';
import { isReadable, type LogEntry, type LogSource } from './follower/projection.ts';
import { GenerationRegistry } from './generation-registry.ts';
import { Generations, type Times } from './generations.ts';
import type { ReadStore } from './read-store/read-store.ts';

type Random = (below: number) => number;
type Call = (...args: unknown[]) => Promise<unknown>;
const WRITES = /^(?:insert|replace|save|append|delete|drop)/;
const STORES = /^(?:accounts|persons|history|setAside)$/;

/** How the store treats its callers; `calm` ends it. */
export class Weather {
  calm = false;
  readonly late = new Set<Promise<unknown>>();
  counts = { late: 0, twice: 0, lost: 0, kills: 0, pauses: 0, rebuilds: 0 };
  readonly random: Random;
  private readonly delayMs: number;

  constructor(random: Random, delayMs: number) {
    this.random = random;
    this.delayMs = delayMs;
  }

  /** A write that is made at once, later, twice or not at all, and an answer that may be lost. */
  async write(call: () => Promise<unknown>): Promise<unknown> {
    const fate = this.calm ? 99 : this.random(24);
    if (fate === 0) {
      this.counts.lost += 1;
      throw new Error('the call was lost');
    }
    if (fate === 1) {
      this.counts.late += 1;
      void this.later(call).catch(() => undefined);
      throw new Error('no answer in time');
    }
    if (fate === 2) {
      this.counts.twice += 1;
      void this.later(call).catch(() => undefined);
    }
    return fate === 3 ? this.later(call) : call();
  }

  /** All that is still on its way arrives. */
  async arrived(): Promise<void> {
    while (this.late.size > 0) await Promise.all(this.late);
  }

  private later(call: () => Promise<unknown>): Promise<unknown> {
    const made = sleep(this.random(this.delayMs)).then(call);
    const over: Promise<unknown> = made
      .catch(() => undefined)
      .finally(() => this.late.delete(over));
    this.late.add(over);
    return made;
  }
}

/** A process with one projection, which can be paused and killed. */
export class ProcessForTests {
  readonly generations: Generations;
  private gate: Promise<void> | undefined;
  private isDead = false;
  private openGate: () => void = () => undefined;

  constructor(
    name: ReadModelName,
    store: ReadStore,
    source: LogSource,
    weather: Weather,
    times: Times,
    alarms: (detail: object) => void,
  ) {
    const report = {
      info: () => undefined,
      warn: () => undefined,
      error: (message: string, detail: object = {}) => alarms({ message, ...detail }),
    };
    const seen = this.wrap(store, weather);
    const log: LogSource = {
      readAfter: async (...args) => {
        await this.gate;
        const page = await source.readAfter(...args);
        await this.gate;
        return page;
      },
    };
    this.generations = new Generations(name, seen, log, report, times);
  }

  /** What it has under way stands still, between its calls or inside of one. */
  pause(): void {
    this.gate ??= new Promise((resolve) => (this.openGate = resolve));
  }

  /** It never goes on, but what it wrote may still be on its way. */
  kill(): void {
    this.pause();
    this.isDead = true;
  }

  resume(): void {
    if (this.isDead) return;
    this.openGate();
    this.gate = undefined;
  }

  private wrap<Store extends object>(store: Store, weather: Weather): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const found = Reflect.get(target, name) as Call | undefined;
        if (found === undefined) return undefined;
        return async (...args: unknown[]) => {
          await this.gate;
          const call = (): Promise<unknown> => found.apply(target, structuredClone(args));
          const answer = await (WRITES.test(String(name)) ? weather.write(call) : call());
          await this.gate;
          return STORES.test(String(name)) ? this.wrap(answer as object, weather) : answer;
        };
      },
    });
  }
}

const at = (time: number): string => new Date(time).toISOString();

/** A log of accounts and persons; one account and one person have an event that cannot follow. */
export function mixedLog(random: Random, events: number, accounts: number) {
  const entries: LogEntry[] = randomLog(random, events, accounts).entries.slice(0, events);
  const versions = new Map<number, number>();
  const person = (serial: number): PositionedEvent['event'] => {
    const version = (versions.get(serial) ?? 0) + 1;
    versions.set(serial, version);
    const stream = `person/00000000-0000-8000-8000-${String(serial).padStart(12, '0')}`;
    const type = version === 1 ? 'person-registered' : 'person-address-changed';
    const event = { stream, id: `${stream}/${version}`, version, type, at: at(version) };
    return { ...event, data: { sealed: `${serial}-${version}` } } as never;
  };
  const persons = Math.ceil(events / 20);
  for (let count = 0; count < 2 * persons; count += 1) {
    const before = entries[Math.floor(((count + 1) * entries.length) / (2 * persons + 2))]!;
    const event = person(random(persons));
    entries.splice(entries.indexOf(before) + 1, 0, { position: before.position + 1, event });
    // Between two entries of an account there is place for two.
    if (count === persons) break;
  }
  spoil(entries, random, 'acct/');
  spoil(entries, random, 'person/');
  return entries.sort((one, other) => one.position - other.position);
}

/** Makes one event of a stream one that cannot be read, and takes the version of another. */
function spoil(entries: LogEntry[], random: Random, prefix: string): void {
  const of = entries.filter(({ event }) => event.stream.startsWith(prefix));
  const [unreadable, jumping] = [of[random(of.length)]!, of[random(of.length)]!];
  for (const [place, entry] of entries.entries()) {
    const { position, event } = entry;
    if (entry === jumping) {
      const version = event.version + 1_000;
      const other = { ...event, version, id: `${event.stream}/${version}` };
      entries[place] = { position, event: other } as LogEntry;
    }
    if (entry === unreadable) {
      const { id, stream, version } = event;
      entries[place] = { position, event: { id, stream, version }, isUnreadable: true };
    }
  }
}

/** What the read models should hold of a log. */
export function expected(entries: readonly LogEntry[]) {
  const accounts = new Map<string, AccountModel>();
  const persons = new Map<string, PersonModel>();
  const owned = new Map<string, number>();
  for (const entry of entries) {
    const { stream, version } = entry.event;
    const id = stream.slice(stream.indexOf('/') + 1);
    if (stream.startsWith('person/')) {
      const before = persons.get(id);
      const after = orSetAside(before, entry, () =>
        personAfter(before, entry as PositionedPersonEvent, before?.index ?? persons.size),
      );
      if (after !== undefined) persons.set(id, after);
      continue;
    }
    const before = accounts.get(id);
    if (before?.setAside !== undefined) continue;
    const owner =
      isReadable(entry) && entry.event.type === 'account-opened'
        ? ownerListOf(entry.event.data)
        : '';
    const place = owned.get(owner) ?? 0;
    const places = { ownerIndex: place, index: accounts.size };
    const after = orSetAside(before, entry, () => accountAfter(before, entry as never, places));
    if (after === undefined) continue;
    if (before === undefined && version === 1) owned.set(owner, place + 1);
    accounts.set(id, after);
  }
  return { accounts, persons };
}

function orSetAside<Model extends { setAside?: number | undefined }>(
  before: Model | undefined,
  entry: LogEntry,
  replay: () => Model,
): Model | undefined {
  const { position, event } = entry;
  const marked = before && { ...before, position, setAside: before.setAside ?? event.version };
  if (!isReadable(entry) || before?.setAside !== undefined) return marked;
  try {
    return replay();
  } catch {
    return marked;
  }
}

/** All documents of a collection. */
export type Documents = (name: string) => Promise<object[]>;

async function shown(documents: Documents, generation: string) {
  const accounts = (await documents(collections.accounts(generation))).map(ofAccountDocument);
  const persons = (await documents(collections.persons(generation))).map(ofPersonDocument);
  return {
    accounts: new Map(accounts.map((account) => [account.accountId, account])),
    persons: new Map(persons.map((person) => [person.personId as string, person])),
  };
}

type Models = ReturnType<typeof expected>;

/** What is not as it should be, at most three of it: whole it would be too much to print. */
export function differences(found: Models, wanted: Models): object[] {
  const of = <Model>(one: Map<string, Model>, other: Map<string, Model>): object[] =>
    [...new Set([...one.keys(), ...other.keys()])]
      .filter((id) => !isDeepStrictEqual(one.get(id), other.get(id)))
      .map((id) => ({ found: one.get(id), wanted: other.get(id) }));
  const accounts = of(found.accounts, wanted.accounts);
  return [...accounts, ...of(found.persons, wanted.persons)].slice(0, 3);
}

export interface Course {
  readonly name: ReadModelName;
  readonly store: ReadStore;
  readonly documents: Documents;
  readonly random: Random;
  readonly entries: readonly LogEntry[];
  readonly times: Times;
  readonly delayMs: number;
  /** How long the log takes to grow to its end. */
  readonly steps: number;
  readonly stepMs: number;
}

/**
 * Two processes of one projection, in bad weather, with pauses, kills and rebuilds. Gives what the
 * generation in use holds in the end, and which streams the alarms named.
 */
export async function runCourse(course: Course) {
  const { name, store, entries, random, times } = course;
  const weather = new Weather(random, course.delayMs);
  const there: LogEntry[] = [];
  const source: LogSource = {
    async readAfter(position, limit) {
      const page = there.filter((entry) => entry.position > position).slice(0, Math.min(limit, 60));
      return { entries: page, head: there.at(-1)?.position ?? 0 };
    },
  };
  const alarms = new Set<string>();
  const told = (detail: object): void => void alarms.add(JSON.stringify(detail));
  const born = (): ProcessForTests =>
    new ProcessForTests(name, store, source, weather, times, told);
  const started = async (process: ProcessForTests): Promise<void> => {
    await process.generations.start().catch(() => started(process));
  };
  const processes = [born(), born()];
  await Promise.all(processes.map(started));
  for (let step = 1; step <= course.steps; step += 1) {
    there.push(...entries.slice(there.length, Math.ceil((step * entries.length) / course.steps)));
    const place = random(2);
    const process = processes[place]!;
    const fate = random(12);
    if (fate < 3) {
      weather.counts.pauses += 1;
      process.pause();
      setTimeout(() => process.resume(), random(6 * course.delayMs));
    } else if (fate === 3) {
      weather.counts.kills += 1;
      process.kill();
      const next = born();
      processes[place] = next;
      void started(next);
    } else if (fate < 6) {
      try {
        process.generations.rebuild();
        weather.counts.rebuilds += 1;
      } catch {
        // It has not started yet.
      }
    }
    await sleep(random(course.stepMs));
  }
  weather.calm = true;
  await weather.arrived();
  const isDone = ({ generations }: ProcessForTests): boolean => {
    const { state, eventsApplied, rebuilding, reason } = generations.status();
    if (state === 'stopped') throw new Error(`stopped: ${reason}`);
    return state === 'following' && eventsApplied === entries.length && !rebuilding;
  };
  for (let looks = 0; !processes.every(isDone); looks += 1) {
    if (looks > 2_000)
      throw new Error(JSON.stringify(processes.map((one) => one.generations.status())));
    await sleep(10);
  }
  // Both must have seen the last switch, however busy this machine is.
  const inUse = async (): Promise<string> =>
    (await new GenerationRegistry(name, store).newest())?.inUse ?? '';
  const isAgreed = async (): Promise<boolean> => {
    const newest = await inUse();
    return processes.every((one) => isDone(one) && one.generations.status().generation === newest);
  };
  await sleep(2 * times.lookMs + 20);
  for (let looks = 0; !(await isAgreed()) && looks < 500; looks += 1) await sleep(10);
  for (const { generations } of processes) await generations.end();
  // One that starts now finds all that it needs, and writes what the others had not come to.
  const last = born();
  await started(last);
  for (let looks = 0; !isDone(last) && looks < 500; looks += 1) await sleep(10);
  await last.generations.end();
  processes.push(last);
  const generation = await inUse();
  const lines = ofHistoryDocuments(await course.documents(collections.history(generation)));
  lines.sort((one, other) => one.position - other.position);
  const lists = (await course.documents(collections.lists(generation))) as ListDocument[];
  return {
    generation,
    lists,
    alarms: [...alarms],
    counts: weather.counts,
    lines,
    generations: processes.map((one) => one.generations.status().generation),
    setAside: processes.map((one) => one.generations.status().setAside.map(({ stream }) => stream)),
    shown: await shown(course.documents, generation),
  };
}

/** The lines of which one is not as it should be, at most three. */
export function lineDifferences(found: readonly HistoryEntry[], entries: readonly LogEntry[]) {
  const wanted = expectedLines(entries);
  return Array.from({ length: Math.max(found.length, wanted.length) }, (_unused, place) => ({
    found: found[place],
    wanted: wanted[place],
  }))
    .filter((pair) => !isDeepStrictEqual(pair.found, pair.wanted))
    .slice(0, 3);
}

/** The entries of lists of which one is not as it should be, at most three. */
export function listDifferences(found: readonly ListDocument[], entries: readonly LogEntry[]) {
  const wanted = new Map(expectedEntries(entries).map((entry) => [entry._id, entry]));
  const ids = new Set([...wanted.keys(), ...found.map(({ _id }) => _id)]);
  const there = new Map(found.map((entry) => [entry._id, entry]));
  const shape = ({ line: _line, ...rest }: ListDocument) => rest;
  return [...ids]
    .map((id) => {
      const entry = there.get(id);
      return { found: entry && shape(entry), wanted: wanted.get(id) };
    })
    .filter((pair) => !isDeepStrictEqual(pair.found, pair.wanted))
    .slice(0, 3);
}

/** The entries that a log should make, each numbered by the entries of its list before it. */
function expectedEntries(entries: readonly LogEntry[]): Omit<ListDocument, 'line'>[] {
  const counts = new Map<string, number>();
  const made: Omit<ListDocument, 'line'>[] = [];
  const put = (position: number, list: string, id?: string): void => {
    const number = counts.get(list) ?? 0;
    counts.set(list, number + 1);
    made.push({ _id: id ?? `${list}/${number}`, page: listPage(list, number), number, position });
  };
  for (const { position, event } of entries.filter(isReadable).filter(isOfAccount)) {
    const { data } = event;
    switch (event.type) {
      case 'transfer-sent':
      case 'transfer-reserved': {
        const { transferId, reference, otherAccountId } = event.data;
        put(position, listNames.transfers, begunTransferId(transferId));
        if (event.type === 'transfer-reserved') {
          put(position, listNames.reservedTransfers);
          put(position, listNames.reservedFor(otherAccountId));
        }
        if (reference !== undefined) put(position, listNames.transfersByReference(reference));
        break;
      }
      case 'transfer-captured':
      case 'transfer-released':
        made.push({ _id: endedTransferId(event.data.transferId), position });
        break;
      case 'account-frozen':
        put(position, listNames.accountsByStatus('frozen'));
        break;
      case 'account-closed':
        put(position, listNames.accountsByStatus('closed'));
        break;
      default:
        if (event.type === 'account-opened') {
          put(position, listNames.accountsByCurrency(data.currency));
          const { kind, code } = event.data;
          if (kind !== undefined) put(position, listNames.internalAccounts);
          if (code !== undefined) put(position, listNames.accountsByCode(code));
        }
        if ('name' in data && data.name !== undefined) {
          put(position, listNames.accountsByName(data.name));
        }
        if (event.type !== 'account-opened' && event.type !== 'details-set') break;
        for (const [key, value] of Object.entries(event.data.metadata ?? {})) {
          put(position, listNames.accountsByMetadata(key, value));
        }
    }
  }
  return made;
}

/** The lines that a history should have of a log, without those that cannot be made. */
const expectedLines = (entries: readonly LogEntry[]) =>
  linesOf(
    entries.filter(isReadable).filter(({ event }) => event.stream.startsWith('acct/')) as never,
  );
