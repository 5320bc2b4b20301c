import { PERSON_ID_PATTERN, personId } from '../../domain/ids.ts';
import type { OpenedPerson } from '../../contracts/person/queries.ts';
import { openedFor, type PersonPorts } from '../persons/person-answers.ts';
import type { Request } from 'express';

/** Whose account it is, as far as that may still be known. */
export type Holder = NonNullable<OpenedPerson>;
export type Address = NonNullable<Holder['address']>;

/** Looks the owner up; undefined for none, one whose data was erased, or who never was a person. */
export function holders(ports: PersonPorts) {
  const { models, accounts } = ports;
  return async (ownerId: string | undefined, request: Request): Promise<Holder | undefined> => {
    if (ownerId === undefined || !PERSON_ID_PATTERN.test(ownerId)) return undefined;
    const person = await models.person(await accounts.generationInUse(), personId(ownerId));
    if (person === undefined) return undefined;
    const [opened] = await openedFor(ports, 'readStatement', request, [person]);
    return opened ?? undefined;
  };
}
