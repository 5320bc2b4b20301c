import { PAGE_ITEMS_DEFAULT, VERSION_WAIT_MS } from '../../contracts/account/queries.ts';
import { streamOfPerson } from '../../contracts/log/bank-events.ts';
import { LOG_CALLS } from '../../contracts/log/calls.ts';
import { type PersonModel, PERSON_PAGE_PERSONS, personPage } from '../../contracts/person/model.ts';
import {
  FILTER_PERSONS_MAX,
  OPEN_PERSONS,
  type OpenedPerson,
  personQuery,
  personsQuery,
  type ListedPerson,
  type PersonAnswer,
  type PersonsAnswer,
  type PersonsQuery,
} from '../../contracts/person/queries.ts';
import type { PersonId } from '../../domain/ids.ts';
import type { AuthenticCalls } from '../../platform/authentic-calls.ts';
import { SidecarError, type Sidecar } from '../../platform/dapr.ts';
import type { RecordAccess } from '../../platform/access-reports.ts';
import { principalOf } from '../../platform/http/gate.ts';
import { Failure } from '../../platform/http/http.ts';
import { traceOf } from '../../platform/http/recorded-refusals.ts';
import type { ServiceInvoker } from '../../platform/service-client.ts';
import type { AccountView } from '../accounts/account-view.ts';
import { askServices } from '../other-services.ts';
import { Unavailable, type ReadModels } from '../read-models/read-models.ts';
import { notReached, tag, waited } from '../read-your-writes.ts';
import { filteredList, readCursor, writeCursor } from '../cursors.ts';
import { personParams } from '../../contracts/http/parameters.ts';
import { invalid, paramOf, queryOf } from '../../platform/http/requests.ts';
import type { Request, Response } from 'express';

/**
 * What only other services know of a person; both calls reject with Unavailable while those are
 * away.
 */
export interface PersonData {
  /** The personal data of each in clear, null where it was erased. */
  open(persons: readonly PersonModel[]): Promise<OpenedPerson[]>;
  /** The version in the log, 0 when there is no such person. */
  loggedVersion(id: PersonId): Promise<number>;
}

/**
 * Asks the actor host, which alone has the keys, and the log. The host opens data for the holder of
 * a key that both have, and for nobody else.
 */
export function personData(
  dapr: ServiceInvoker & Pick<Sidecar, 'postToService'>,
  calls: AuthenticCalls,
): PersonData {
  const ask = askServices(dapr);
  const { app, path, answer: openedSchema } = OPEN_PERSONS;
  return {
    async open(persons) {
      if (persons.length === 0) return [];
      const { body, read } = calls.send(path, JSON.stringify({ persons }));
      const answer = await dapr.postToService(app, path.slice(1), body).catch(unavailable);
      const json = read(answer);
      if (json === undefined) throw new Unavailable('the answer is not from an actor host');
      const opened = openedSchema.parse(JSON.parse(json)).persons;
      if (opened.length === persons.length) return opened;
      throw new Unavailable('the answer is not about the persons asked for');
    },
    async loggedVersion(id) {
      const asked = { stream: streamOfPerson(id), limit: 1 };
      return (await ask(LOG_CALLS.streamEvents, asked)).headVersion;
    },
  };
}

function unavailable(error: unknown): never {
  if (!(error instanceof SidecarError)) throw error;
  throw new Unavailable(error.message, { cause: error });
}

const LIST = 'persons';
/** As many as one call of the actor host opens. */
const PAGES_AT_ONCE = 4;

/** The read side could not follow the person; what it knows ends with a version (0: nothing). */
const setAside = (version: number): Failure =>
  new Failure('person-set-aside', { more: { version } });

/** What answers about persons need. */
export interface PersonPorts {
  readonly models: ReadModels;
  /** Says which generation to read: one at least as new as that of earlier answers. */
  readonly accounts: Pick<AccountView, 'generationInUse'>;
  readonly data: PersonData;
  /** Hears who was shown whose data. */
  readonly record: RecordAccess;
  readonly waitMs?: number;
}

/** Opens personal data for the answer of an operation, and records whose was shown to whom. */
export async function openedFor(
  { data, record }: Pick<PersonPorts, 'data' | 'record'>,
  operation: string,
  request: Request,
  persons: readonly PersonModel[],
): Promise<OpenedPerson[]> {
  const opened = await data.open(persons);
  const shown = persons.filter((_person, index) => (opened[index] ?? null) !== null);
  recordShown(record, operation, request, shown);
  return opened;
}

function recordShown(
  record: RecordAccess,
  operation: string,
  request: Request,
  shown: readonly PersonModel[],
): void {
  if (shown.length === 0) return;
  const objects = shown.map(({ personId }) => personId);
  const principal = principalOf(request);
  record({ outcome: 'read', operation, principal, objects, ...traceOf(request) });
}

type Filters = Pick<PersonsQuery, 'name' | 'email' | 'externalId'>;

/** Without marks and case: "Kovářová" and "kovarova" are one name to who looks for it. */
const folded = (text: string): string =>
  text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

const wordsOf = (text: string): string[] =>
  folded(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);

/** Tells of opened data whether it is looked for; nobody who was erased is. */
function matcher({ name, email, externalId }: Filters): (opened: OpenedPerson) => boolean {
  const asked = wordsOf(name ?? '');
  return (opened) => {
    if (opened === null) return false;
    const names = wordsOf(`${opened.givenName} ${opened.familyName}`);
    return (
      asked.every((word) => names.some((one) => one.startsWith(word))) &&
      (email === undefined || opened.email?.toLowerCase() === email.toLowerCase()) &&
      (externalId ?? opened.externalId) === opened.externalId
    );
  };
}

interface FoundPerson {
  readonly person: PersonModel;
  readonly opened: OpenedPerson;
}

/** Answers the queries about persons; personal data is opened for the answer and not kept. */
export function personAnswers(ports: PersonPorts) {
  const { models, accounts, data, waitMs = VERSION_WAIT_MS } = ports;

  const find = async (id: PersonId, minVersion: number): Promise<PersonModel> => {
    const look = async (): Promise<PersonModel | undefined> => {
      const person = await models.person(await accounts.generationInUse(), id);
      if (person?.setAside !== undefined) throw setAside(person.version);
      return person !== undefined && person.version >= minVersion ? person : undefined;
    };
    const person = minVersion === 0 ? await look() : await waited(waitMs, look);
    if (person !== undefined) return person;
    const generation = await accounts.generationInUse();
    if (await models.isSetAside('balances', generation, streamOfPerson(id))) throw setAside(0);
    // Only the log can tell a person who is late from one who is not.
    const isThere = minVersion > 0 && (await data.loggedVersion(id)) !== 0;
    throw isThere ? notReached(minVersion) : new Failure('person-not-found');
  };

  /** Up to so many persons from a place on, and the place of the next one. */
  const stretch = async (from: number, limit: number) => {
    const generation = await accounts.generationInUse();
    const read: PersonModel[] = [];
    for (let page = personPage(from); read.length <= limit; page += 1) {
      const there = await models.persons(generation, page);
      const ordered = there.sort((left, right) => left.index - right.index);
      read.push(...ordered.filter(({ index }) => index >= from));
      if (there.length < PERSON_PAGE_PERSONS) break;
    }
    const persons = read.slice(0, limit);
    const opened = await data.open(persons);
    const found = persons.map((person, at): FoundPerson => ({
      person,
      opened: opened[at] ?? null,
    }));
    return { found, next: read[limit]?.index };
  };
  /** The persons of several pages at once, and the place after them; undefined at the end. */
  const chunk = async (from: number) => {
    const generation = await accounts.generationInUse();
    const first = personPage(from);
    const pages = await Promise.all(
      Array.from({ length: PAGES_AT_ONCE }, (_one, at) => models.persons(generation, first + at)),
    );
    const short = pages.findIndex((page) => page.length < PERSON_PAGE_PERSONS);
    const read = short < 0 ? pages : pages.slice(0, short + 1);
    const persons = read.flat().sort((left, right) => left.index - right.index);
    const next = short < 0 ? (first + PAGES_AT_ONCE) * PERSON_PAGE_PERSONS : undefined;
    return { persons: persons.filter(({ index }) => index >= from), next };
  };
  const search = async (filters: Filters, from: number, limit: number) => {
    const isWanted = matcher(filters);
    const found: FoundPerson[] = [];
    let next: number | undefined = from;
    for (let looked = 0; next !== undefined && looked < FILTER_PERSONS_MAX;) {
      const { persons, next: after } = await chunk(next);
      const opened = await data.open(persons);
      for (const [at, person] of persons.entries()) {
        const own = opened[at] ?? null;
        if (!isWanted(own)) continue;
        if (found.length === limit) return { found, next: person.index };
        found.push({ person, opened: own });
      }
      looked += PAGES_AT_ONCE * PERSON_PAGE_PERSONS;
      next = after;
    }
    return { found, next };
  };

  return {
    async one(request: Request, response: Response): Promise<PersonAnswer> {
      const id = paramOf(request, personParams, 'personId');
      const { minVersion = 0 } = queryOf(personQuery, request);
      const person = await find(id, minVersion);
      const [opened = null] = await openedFor(ports, 'readPerson', request, [person]);
      tag(response, person.version);
      return answerOf(person, opened);
    },
    async list(request: Request): Promise<PersonsAnswer> {
      const { limit = PAGE_ITEMS_DEFAULT, cursor, ...filters } = queryOf(personsQuery, request);
      const isFiltered = Object.values(filters).some((value) => value !== undefined);
      const { name, email, externalId } = filters;
      const list = isFiltered ? filteredList(LIST, [name, email, externalId]) : LIST;
      const from = cursor === undefined ? 0 : readCursor(list, cursor);
      if (from === undefined) throw invalid('query/cursor', 'must be a cursor that an answer gave');
      const { found, next } = isFiltered
        ? await search(filters, from, limit)
        : await stretch(from, limit);
      const shown = found.filter(({ opened }) => opened !== null).map(({ person }) => person);
      recordShown(ports.record, 'listPersons', request, shown);
      return {
        items: found.map(({ person, opened }): ListedPerson => {
          const item = answerOf(person, opened);
          return person.setAside === undefined ? item : { ...item, setAside: true };
        }),
        nextCursor: next === undefined ? null : writeCursor(list, next),
      };
    },
  };
}

// Without its key a person is erased, whatever the read model has heard of it yet.
function answerOf(person: PersonModel, opened: OpenedPerson): PersonAnswer {
  const { personId: id, version, registeredAt, at } = person;
  const status = opened === null ? 'erased' : person.status;
  return { personId: id, status, version, ...opened, registeredAt, at };
}
