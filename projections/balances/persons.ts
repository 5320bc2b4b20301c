import { personOfStream } from '../../contracts/log/bank-events.ts';
import type { LoggedPersonEvent } from '../../contracts/person/events.ts';
import type { PersonModel } from '../../contracts/person/model.ts';
import { unreachable } from '../../domain/ids.ts';
import { StreamFault } from '../follower/projection.ts';

export interface PositionedPersonEvent {
  readonly position: number;
  readonly event: LoggedPersonEvent;
}

/** The person after the event; it throws StreamFault when the event cannot follow. */
export function foldPerson(
  before: PersonModel | undefined,
  { event, position }: PositionedPersonEvent,
  index: number,
): PersonModel {
  const { version, at } = event;
  const expected = (before?.version ?? 0) + 1;
  if (version !== expected) throw new StreamFault(`${event.id} follows version ${expected - 1}`);
  if (event.type === 'person-registered') {
    const personId = personOfStream(event.stream);
    const profile = { version, sealed: event.data.sealed };
    return {
      personId,
      status: 'registered',
      version,
      registeredAt: at,
      at,
      position,
      index,
      profile,
    };
  }
  if (before?.status !== 'registered') throw new StreamFault(`${event.id} of a person not there`);
  switch (event.type) {
    case 'person-address-changed':
      return { ...before, version, at, position, address: { version, sealed: event.data.sealed } };
    case 'person-erased': {
      const { profile: _profile, address: _address, ...left } = before;
      return { ...left, status: 'erased', version, at, position };
    }
    default:
      return unreachable(event);
  }
}
