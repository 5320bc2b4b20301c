import { isPersonEvent, personOfStream } from '../../contracts/bank-events.ts';
import { PERSON_PAGE_PERSONS, type PersonModel } from '../../contracts/person-model.ts';
import type { PositionedEvent } from '../../contracts/topics.ts';
import type { PersonId } from '../../domain/ids.ts';
import { inParallel } from '../../platform/parallel.ts';
import { countByPages } from './page-count.ts';
import { foldPerson } from './persons.ts';
import type { PersonStore } from '../read-store/read-store.ts';

const READS_IN_FLIGHT = 8;

/**
 * Writes the document of each person that a batch tells of, one after the other: so a crash
 * leaves no hole in the list, and the same batch again finds done what was done.
 */
export function personWriter(store: PersonStore) {
  let count: number | undefined;
  const countAll = () => countByPages(store.personPageSize, PERSON_PAGE_PERSONS);

  return async (entries: readonly PositionedEvent[]): Promise<void> => {
    const events = entries.map(({ event }) => event).filter(isPersonEvent);
    const ids = [...new Set(events.map(({ stream }) => personOfStream(stream)))];
    const known = new Map<PersonId, PersonModel>();
    await inParallel(ids, READS_IN_FLIGHT, async (id) => {
      const person = await store.person(id);
      if (person !== undefined) known.set(id, person);
    });
    for (const event of events) {
      const id = personOfStream(event.stream);
      const before = known.get(id);
      if (before !== undefined && before.version >= event.version) continue;
      const isNew = before === undefined;
      const place = before?.index ?? count ?? (await countAll());
      // Unknown again after a failure, because the write may have gone through.
      if (isNew) count = undefined;
      const after = foldPerson(before, event, place);
      await store.replacePerson(after);
      known.set(id, after);
      if (isNew) count = place + 1;
    }
  };
}
