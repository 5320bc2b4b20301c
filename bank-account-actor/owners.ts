import { streamOfPerson } from '../contracts/bank-events.ts';
import { PERSON_ID_PATTERN, personId, type PersonId } from '../domain/ids.ts';
import type { Journal } from './journal.ts';

/** How long another host may have erased a person whom this one takes for an owner. */
const REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 10_000;

/** Who may own accounts. Throws while the journal is away. */
export interface Owners {
  isRegistered(ownerId: string): Promise<boolean>;
  forget(id: PersonId): void;
}

/**
 * Asks the journal, where a registration stands before it is answered. Only a yes is remembered:
 * who is not registered now may be in a moment.
 */
export function journalOwners(journal: Journal, now = () => performance.now()): Owners {
  const seenAt = new Map<string, number>();
  return {
    async isRegistered(ownerId) {
      if (!PERSON_ID_PATTERN.test(ownerId)) return false;
      const seen = seenAt.get(ownerId);
      if (seen !== undefined && now() - seen <= REMEMBERED_MS) return true;
      const asked = now();
      const last = (await journal.load(streamOfPerson(personId(ownerId)))).rows.at(-1);
      if (last === undefined || !('person' in last)) return false;
      if (last.person.status !== 'registered') return false;
      if (seenAt.size >= REMEMBERED_MAX) seenAt.clear();
      seenAt.set(ownerId, asked);
      return true;
    },
    forget: (id) => void seenAt.delete(id),
  };
}
