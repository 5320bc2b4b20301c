import { isPersonEvent, personOfStream } from '../contracts/bank-events.ts';
import { PERSON_PAGE_PERSONS } from '../contracts/person-model.ts';
import type { PositionedEvent } from '../contracts/topics.ts';
import { countByPages } from './page-count.ts';
import { foldPerson } from './persons.ts';
import type { PersonStore } from './read-store.ts';

/**
 * Writes the document of each person that a batch tells of, one after the other: so a crash
 * leaves no hole in the list, and the same batch again finds done what was done.
 */
export function personWriter(store: PersonStore) {
  let count: number | undefined;

  return async (entries: readonly PositionedEvent[]): Promise<void> => {
    for (const { event } of entries) {
      if (!isPersonEvent(event)) continue;
      const before = await store.person(personOfStream(event.stream));
      if (before !== undefined && before.version >= event.version) continue;
      if (before !== undefined) {
        await store.replacePerson(foldPerson(before, event, before.index));
        continue;
      }
      // Unknown again after a failure, because the write may have gone through.
      const place = count ?? (await countByPages(store.personPageSize, PERSON_PAGE_PERSONS));
      count = undefined;
      await store.replacePerson(foldPerson(undefined, event, place));
      count = place + 1;
    }
  };
}
