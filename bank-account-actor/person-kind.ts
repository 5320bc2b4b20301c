import type { PersonMessage, PersonResult } from '../contracts/person-commands.ts';
import type { LoggedPersonEvent } from '../contracts/person-events.ts';
import { decodePerson } from '../contracts/person-state.ts';
import { personOfStream } from '../contracts/bank-events.ts';
import { NO_PERSON, type KnownPerson, type Person } from '../domain/person.ts';
import type { CommandId } from '../domain/ids.ts';
import type { ActorKind } from './actor-kind.ts';
import type { CommandMemory } from './command-memory.ts';
import type { Commit, Journal } from './journal.ts';
import type { LogClient } from './log-client.ts';
import type { Owners } from './owners.ts';
import { newKey } from './personal-data.ts';
import { decidePersonTurn } from './person-turn.ts';

export type PersonKind = ActorKind<Person, LoggedPersonEvent, PersonMessage, PersonResult>;

/**
 * What makes an actor a person. Their key comes with the commit that registers them and goes
 * with the commit that erases them, so there is never one without the other.
 */
export const personKind = (journal: Journal, log: LogClient, owners: Owners): PersonKind => ({
  nothing: NO_PERSON,
  changedAt: (person) => (person.status === 'none' ? undefined : person.changedAt),
  stateOf: (row) => {
    if (!('person' in row)) throw new Error('a row of a person holds an account');
    return decodePerson(row.person);
  },
  // A person who has an event is registered, or was once.
  rowOf: (person, events) => ({ person: { ...(person as KnownPerson) }, events: [...events] }),
  async decide(stream, { state, memory }, commands, at) {
    const isNew = state.status === 'none';
    const logged = new Map<CommandId, LoggedPersonEvent[] | undefined>();
    // Nobody who was never registered has executed anything.
    const unknown = isNew ? [] : commands.filter(isUnknownTo(memory));
    for (const { commandId } of unknown) {
      logged.set(commandId, (await log.once(stream, commandId)) as LoggedPersonEvent[] | undefined);
    }
    const [kept] = isNew ? [newKey()] : await journal.secrets([stream]);
    const turn = decidePersonTurn({
      stream,
      person: state,
      key: kept,
      commands,
      executed: (id) => memory.find(id) ?? logged.get(id),
      at,
    });
    const isErased = turn.state.status === 'erased';
    if (isErased) owners.forget(personOfStream(stream));
    const secret = secretOf(isNew, isErased, kept);
    return { ...turn, more: secret === undefined ? {} : { secret } };
  },
});

const isUnknownTo =
  (memory: CommandMemory<LoggedPersonEvent>) =>
  ({ commandId, fresh }: PersonMessage): boolean =>
    !fresh && memory.find(commandId) === undefined;

function secretOf(isNew: boolean, isErased: boolean, key: string | undefined): Commit['secret'] {
  if (isErased) return 'forget';
  return isNew && key !== undefined ? { keep: key } : undefined;
}
