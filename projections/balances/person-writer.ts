import type { SetAsideModel } from '../../contracts/account/read-models.ts';
import { personOfStream } from '../../contracts/log/bank-events.ts';
import type { LoggedPersonEvent } from '../../contracts/person/events.ts';
import { type PersonModel, PERSON_PAGE_PERSONS } from '../../contracts/person/model.ts';
import { unreachable, type PersonId } from '../../domain/ids.ts';
import { inParallel } from '../../platform/parallel.ts';
import {
  StreamFault,
  isUnreadable,
  type LogEntry,
  type UnreadableEntry,
} from '../follower/projection.ts';
import { faultAt, faultOf, UNREADABLE } from '../follower/set-aside.ts';
import type { PersonStore } from '../read-store/read-store.ts';
import { countByPages } from '../../platform/page-count.ts';

/** An event of a person with its position in the log. */
export interface PositionedPersonEvent {
  readonly position: number;
  readonly event: LoggedPersonEvent;
}

/**
 * The person after the event.
 * @throws StreamFault when the event cannot follow.
 */
export function personAfter(
  before: PersonModel | undefined,
  { event, position }: PositionedPersonEvent,
  index: number,
): PersonModel {
  const { version, at } = event;
  const expected = (before?.version ?? 0) + 1;
  if (version !== expected) throw new StreamFault(`${event.id} follows version ${expected - 1}`);
  if (event.type === 'person-registered') {
    const personId = personOfStream(event.stream);
    const profile = { version, sealed: event.data.sealed };
    return {
      personId,
      status: 'registered',
      version,
      registeredAt: at,
      at,
      position,
      index,
      profile,
    };
  }
  if (before?.status !== 'registered') throw new StreamFault(`${event.id} of a person not there`);
  switch (event.type) {
    case 'person-address-changed':
      return { ...before, version, at, position, address: { version, sealed: event.data.sealed } };
    case 'person-erased': {
      const { profile: _profile, address: _address, ...left } = before;
      return { ...left, status: 'erased', version, at, position };
    }
    default:
      return unreachable(event);
  }
}

const READS_IN_FLIGHT = 8;
const EARLIER = 'an event of the stream could not be applied';

type PersonEntry = PositionedPersonEvent | UnreadableEntry;
const isOfPerson = (entry: LogEntry): entry is PersonEntry =>
  entry.event.stream.startsWith('person/');

/**
 * Writes the document of each person in a batch, one after the other: so a crash leaves no gap in
 * the list, and the same batch again finds what was done, by this writer or by another one. Returns
 * the faults of events that could not be applied.
 */
export function personWriter(store: PersonStore) {
  const countAll = () => countByPages(store.personPageSize, PERSON_PAGE_PERSONS);
  /** How many persons there are up to the events that were written; asked for when not known. */
  let count: number | undefined;

  /** Adds the person at the end of the list, unless another writer has; then theirs counts. */
  const add = async (person: PersonModel): Promise<PersonModel> => {
    count = undefined;
    const isNew = (await store.insertPerson(person)) === 'inserted';
    const there = isNew ? person : await store.person(person.personId);
    if (there === undefined) throw new Error('the generation of the persons was dropped');
    count = there.index + 1;
    return there;
  };

  const write = async (
    before: PersonModel | undefined,
    entry: PositionedPersonEvent,
  ): Promise<PersonModel> => {
    if (before === undefined)
      return add(personAfter(undefined, entry, count ?? (await countAll())));
    const after = personAfter(before, entry, before.index);
    await store.replacePerson(after);
    return after;
  };

  /** As before the event that cannot follow; what is erased is wiped all the same. */
  const setAside = async (before: PersonModel, entry: PersonEntry): Promise<PersonModel> => {
    const { position, event } = entry;
    const { profile: _profile, address: _address, ...wiped } = before;
    const isErased = !isUnreadable(entry) && entry.event.type === 'person-erased';
    const kept = isErased ? wiped : before;
    const after = { ...kept, position, setAside: before.setAside ?? event.version };
    await store.replacePerson(after);
    return after;
  };

  const writeAll = async (entries: readonly LogEntry[]): Promise<SetAsideModel[]> => {
    const faults: SetAsideModel[] = [];
    const ofPersons = entries.filter(isOfPerson);
    const ids = [...new Set(ofPersons.map(({ event }) => personOfStream(event.stream)))];
    const known = new Map<PersonId, PersonModel>();
    await inParallel(ids, READS_IN_FLIGHT, async (id) => {
      const person = await store.person(id);
      if (person !== undefined) known.set(id, person);
    });
    for (const entry of ofPersons) {
      const id = personOfStream(entry.event.stream);
      const before = known.get(id);
      if (before !== undefined && before.position >= entry.position) {
        // Another writer has added them, whom this one has not counted.
        if (count !== undefined) count = Math.max(count, before.index + 1);
        // Another writer, or this one before a crash, may have marked it and told nobody.
        if (before.setAside !== undefined) faults.push(faultAt(entry, EARLIER));
        continue;
      }
      const fault = faultIn(before, entry);
      if (fault === undefined && !isUnreadable(entry)) known.set(id, await write(before, entry));
      else {
        faults.push(faultAt(entry, fault ?? UNREADABLE));
        if (before !== undefined) known.set(id, await setAside(before, entry));
      }
    }
    return faults;
  };

  return {
    write: writeAll,
    /** To be called when the projection continues from what another one wrote. */
    forget: (): void => void (count = undefined),
  };
}

/** Why the event cannot follow. */
function faultIn(before: PersonModel | undefined, entry: PersonEntry): string | undefined {
  if (isUnreadable(entry)) return UNREADABLE;
  if (before?.setAside !== undefined) return EARLIER;
  try {
    personAfter(before, entry, 0);
    return undefined;
  } catch (error) {
    return faultOf(error);
  }
}
