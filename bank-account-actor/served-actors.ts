import { executeRequest, type CommandMessage, type CommandResult } from '../contracts/commands.ts';
import { streamOfPerson } from '../contracts/bank-events.ts';
import { streamOf } from '../contracts/events.ts';
import { executePersonRequest } from '../contracts/person-commands.ts';
import type { PersonMessage, PersonResult } from '../contracts/person-commands.ts';
import { ACCOUNT_ID_PATTERN, accountId, PERSON_ID_PATTERN, personId } from '../domain/ids.ts';
import type { Family } from './actors.ts';

/** The actors of one type as Dapr calls them. */
export interface ServedActors {
  isId(id: string): boolean;
  execute(id: string, body: unknown): Promise<unknown[]>;
  deactivate(id: string): Promise<void>;
}

export const servedAccounts = (family: Family<CommandMessage, CommandResult>): ServedActors => ({
  isId: (id) => ACCOUNT_ID_PATTERN.test(id),
  execute: (id, body) =>
    family.execute(streamOf(accountId(id)), executeRequest.parse(body).commands),
  deactivate: (id) => family.deactivate(streamOf(accountId(id))),
});

export const servedPersons = (family: Family<PersonMessage, PersonResult>): ServedActors => ({
  isId: (id) => PERSON_ID_PATTERN.test(id),
  execute: (id, body) =>
    family.execute(streamOfPerson(personId(id)), executePersonRequest.parse(body).commands),
  deactivate: (id) => family.deactivate(streamOfPerson(personId(id))),
});
