import { PERSON_ID_PATTERN, personId } from '../../domain/ids.ts';
import type { OpenedPerson } from '../../contracts/person-queries.ts';
import type { PersonData } from '../person-data.ts';
import type { ReadModels } from '../read-models.ts';
import { generationInUse } from '../generation-in-use.ts';

/** Whose account it is, as far as that may still be known. */
export type Holder = NonNullable<OpenedPerson>;

/** Looks the owner up; undefined for one whose data was erased, or who never was a person. */
export function holders(models: ReadModels, data: PersonData) {
  const inUse = generationInUse(models, 'balances');
  return async (ownerId: string): Promise<Holder | undefined> => {
    if (!PERSON_ID_PATTERN.test(ownerId)) return undefined;
    const person = await models.person(await inUse(), personId(ownerId));
    if (person === undefined) return undefined;
    const [opened] = await data.open([person]);
    return opened ?? undefined;
  };
}
