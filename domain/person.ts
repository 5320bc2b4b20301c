import { unreachable, version, type Version } from './ids.ts';

interface Address {
  readonly line1: string;
  readonly line2?: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
}

interface PersonalData {
  readonly givenName: string;
  readonly familyName: string;
  readonly email?: string;
  readonly address?: Address;
}

export type PersonCommand =
  | ({ readonly type: 'register-person' } & PersonalData)
  | { readonly type: 'change-address'; readonly address: Address }
  | { readonly type: 'erase-person' };

export type PersonEvent =
  | ({ readonly type: 'person-registered'; readonly at: string } & PersonalData)
  | { readonly type: 'person-address-changed'; readonly at: string; readonly address: Address }
  | { readonly type: 'person-erased'; readonly at: string };

export interface NoPerson {
  readonly status: 'none';
  readonly version: Version;
}

/** No rule needs the personal data, so the state holds none: nobody has to forget it there. */
export interface KnownPerson {
  readonly status: 'registered' | 'erased';
  readonly version: Version;
  readonly registeredAt: string;
  readonly changedAt: string;
}

export type Person = NoPerson | KnownPerson;

export type PersonRefusal =
  | { readonly code: 'person-not-found' }
  | { readonly code: 'person-already-exists' }
  /** Whose data was erased comes back only as another person. */
  | { readonly code: 'person-erased' };

export type PersonDecision =
  | { readonly ok: true; readonly event: PersonEvent }
  | { readonly ok: false; readonly refusal: PersonRefusal };

export const NO_PERSON: NoPerson = { status: 'none', version: version(0) };

const refuse = (code: PersonRefusal['code']): PersonDecision => ({ ok: false, refusal: { code } });

/** Decides a command; pure. `at` is the actor's time (RFC 3339), never the client's. */
export function decidePerson(person: Person, command: PersonCommand, at: string): PersonDecision {
  if (command.type === 'register-person') {
    if (person.status !== 'none') return refuse('person-already-exists');
    return { ok: true, event: { ...command, type: 'person-registered', at } };
  }
  if (person.status === 'none') return refuse('person-not-found');
  if (person.status === 'erased') return refuse('person-erased');
  switch (command.type) {
    case 'change-address':
      return { ok: true, event: { ...command, type: 'person-address-changed', at } };
    case 'erase-person':
      return { ok: true, event: { type: 'person-erased', at } };
    default:
      return unreachable(command);
  }
}

/** Applies one event. An event that cannot follow the state is corruption, so it throws. */
export function evolvePerson(
  person: Person,
  { type, at }: Pick<PersonEvent, 'type' | 'at'>,
): KnownPerson {
  const next = { version: version(person.version + 1), changedAt: at };
  if (type === 'person-registered') {
    if (person.status !== 'none') throw new Error('a person was registered twice');
    return { ...next, status: 'registered', registeredAt: at };
  }
  if (person.status !== 'registered') throw new Error(`${type} of a person who is not there`);
  return { ...person, ...next, status: type === 'person-erased' ? 'erased' : 'registered' };
}
