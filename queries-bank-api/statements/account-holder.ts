import { PERSON_ID_PATTERN, personId } from '../../domain/ids.ts';
import type { OpenedPerson } from '../../contracts/person/queries.ts';
import type { PersonPorts } from '../persons/person-answers.ts';

/** Whose account it is, as far as that may still be known. */
export type Holder = NonNullable<OpenedPerson>;
export type Address = NonNullable<Holder['address']>;

/** Looks the owner up; undefined for one whose data was erased, or who never was a person. */
export function holders({ models, accounts, data }: PersonPorts) {
  return async (ownerId: string): Promise<Holder | undefined> => {
    if (!PERSON_ID_PATTERN.test(ownerId)) return undefined;
    const person = await models.person(await accounts.generationInUse(), personId(ownerId));
    if (person === undefined) return undefined;
    const [opened] = await data.open([person]);
    return opened ?? undefined;
  };
}
