import { streamOfPerson } from '../contracts/bank-events.ts';
import { addressBody, personalData } from '../contracts/person-commands.ts';
import type { LoggedPersonEvent } from '../contracts/person-events.ts';
import type { PersonModel } from '../contracts/person-model.ts';
import type { OpenedPerson } from '../contracts/person-queries.ts';
import type { Journal } from './journal.ts';
import { placeOf, unseal } from './personal-data.ts';

/** Opens what the read models hold sealed; null for those whose key is gone. */
export async function openPersons(
  journal: Pick<Journal, 'secrets'>,
  persons: readonly PersonModel[],
): Promise<OpenedPerson[]> {
  const keys = await journal.secrets(persons.map(({ personId }) => streamOfPerson(personId)));
  return persons.map((person, index) => openPerson(person, keys[index]));
}

function openPerson(person: PersonModel, key: string | undefined): OpenedPerson {
  const { personId, profile, address } = person;
  if (key === undefined || profile === undefined) return null;
  const opened = (part: NonNullable<typeof profile>, type: LoggedPersonEvent['type']): unknown => {
    const id = `${streamOfPerson(personId)}/${part.version}`;
    return unseal(key, placeOf({ id, type }), part.sealed);
  };
  const data = personalData.parse(opened(profile, 'person-registered'));
  if (address === undefined) return data;
  const changed = opened(address, 'person-address-changed') as { address?: unknown };
  return { ...data, address: addressBody.parse(changed.address) };
}
