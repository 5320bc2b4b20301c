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
/** Whole pages, and as many as one call of the actor host opens. */
const OPENED_AT_ONCE = 4 * PERSON_PAGE_PERSONS;

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
function matcher(filters: Filters): (opened: OpenedPerson) => boolean {
  const { externalId } = filters;
  const words = wordsOf(filters.name ?? '');
  const email = filters.email?.toLowerCase();
  const isNamed = ({ givenName, familyName }: NonNullable<OpenedPerson>): boolean => {
    const names = wordsOf(`${givenName} ${familyName}`);
    return words.every((word) => names.some((one) => one.startsWith(word)));
  };
  return (opened) =>
    opened !== null &&
    (externalId ?? opened.externalId) === opened.externalId &&
    (email === undefined || opened.email?.toLowerCase() === email) &&
    (words.length === 0 || isNamed(opened));
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

  /**
   * The persons from a place on: all of the pages that have so many places, which are read
   * at once. Fewer than so many are the last ones.
   */
  const read = async (from: number, places: number): Promise<PersonModel[]> => {
    const generation = await accounts.generationInUse();
    const first = personPage(from);
    const count = personPage(from + places - 1) - first + 1;
    const pages = await Promise.all(
      Array.from({ length: count }, (_one, at) => models.persons(generation, first + at)),
    );
    const short = pages.findIndex((page) => page.length < PERSON_PAGE_PERSONS);
    const whole = short < 0 ? pages : pages.slice(0, short + 1);
    return whole
      .flat()
      .filter(({ index }) => index >= from)
      .sort((left, right) => left.index - right.index);
  };
  const open = async (persons: readonly PersonModel[]): Promise<FoundPerson[]> => {
    const opened = await data.open(persons);
    return persons.map((person, at) => ({ person, opened: opened[at] ?? null }));
  };
  const stretch = async (from: number, limit: number) => {
    const persons = await read(from, limit + 1);
    return { found: await open(persons.slice(0, limit)), next: persons[limit]?.index };
  };
  const search = async (filters: Filters, from: number, limit: number) => {
    const isWanted = matcher(filters);
    const found: FoundPerson[] = [];
    const end = from + FILTER_PERSONS_MAX - (from % PERSON_PAGE_PERSONS);
    for (let place = from; place < end;) {
      // To the end of a page, so that the next ones begin with one.
      const places = OPENED_AT_ONCE - (place % PERSON_PAGE_PERSONS);
      const persons = await read(place, places);
      found.push(...(await open(persons)).filter(({ opened }) => isWanted(opened)));
      if (found.length > limit) {
        return { found: found.slice(0, limit), next: found[limit]!.person.index };
      }
      if (persons.length < places) return { found, next: undefined };
      place += places;
    }
    return { found, next: end };
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
