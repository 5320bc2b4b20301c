import { unreachable, version, type Version } from './ids.ts';

/** A postal address; `country` is an ISO 3166-1 alpha-2 code. */
interface Address {
  readonly line1: string;
  readonly line2?: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
}

/** What identifies a person. Outside this room it is only ever stored sealed. */
interface PersonalData {
  readonly givenName: string;
  readonly familyName: string;
  readonly email?: string;
  readonly address?: Address;
  /** The name of the person in a system of the client's. */
  readonly externalId?: string;
}

/** Everything that can be asked of a person's record. */
export type PersonCommand =
  | ({ readonly type: 'register-person' } & PersonalData)
  | { readonly type: 'change-address'; readonly address: Address }
  | { readonly type: 'erase-person' };

/** Everything that can happen to a person's record. */
export type PersonEvent =
  | ({ readonly type: 'person-registered'; readonly at: string } & PersonalData)
  | { readonly type: 'person-address-changed'; readonly at: string; readonly address: Address }
  | { readonly type: 'person-erased'; readonly at: string };

/** The state before a person is registered. */
export interface NoPerson {
  readonly status: 'none';
  readonly version: Version;
}

/** The state of a person. No rule needs personal data, so the state has none to erase. */
export interface KnownPerson {
  readonly status: 'registered' | 'erased';
  readonly version: Version;
  readonly registeredAt: string;
  readonly changedAt: string;
}

/** The state that `decidePerson` decides on and `evolvePerson` makes. */
export type Person = NoPerson | KnownPerson;

/** Why a rule refuses a command to a person. */
export type PersonRefusal =
  | { readonly code: 'person-not-found' }
  | { readonly code: 'person-already-exists' }
  /** An erased person can only be registered again as another person. */
  | { readonly code: 'person-erased' };

/** The one event to commit, or a refusal. */
export type PersonDecision =
  | { readonly ok: true; readonly event: PersonEvent }
  | { readonly ok: false; readonly refusal: PersonRefusal };

/** The state before the first event. */
export const NO_PERSON: NoPerson = { status: 'none', version: version(0) };

const refuse = (code: PersonRefusal['code']): PersonDecision => ({ ok: false, refusal: { code } });

/**
 * Decides a command to a person. Pure; `at` is the host's time (RFC 3339, UTC), never the client's.
 * @example
 * decidePerson(NO_PERSON, { type: 'erase-person' }, at);
 * // { ok: false, refusal: { code: 'person-not-found' } }
 */
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

/**
 * Applies one event to the state before it. Pure; the personal data is not needed.
 * @throws Error when the event cannot follow the state: then the stream is corrupt.
 */
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
