import { streamOfPerson } from '../../contracts/log/bank-events.ts';
import { addressBody, personalData } from '../../contracts/person/commands.ts';
import type { LoggedPersonEvent } from '../../contracts/person/events.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import type { OpenedPerson } from '../../contracts/person/queries.ts';
import type { Journal } from '../journal/journal.ts';
import { placeOf, unseal } from './sealing.ts';

/** Opens what the read models hold sealed; null for those whose key is gone. */
export async function openPersons(
  journal: Pick<Journal, 'load'>,
  persons: readonly PersonModel[],
): Promise<OpenedPerson[]> {
  const { streams } = await journal.load(persons.map(({ personId }) => streamOfPerson(personId)));
  const keys = new Map(streams.map(({ stream, secret }) => [stream, secret]));
  return persons.map((person) => openPerson(person, keys.get(streamOfPerson(person.personId))));
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
