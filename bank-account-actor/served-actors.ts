import { streamOfPerson } from '../contracts/bank-events.ts';
import { executeRequest, lookupRequest } from '../contracts/commands.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { ExecuteAnswer, LookupAnswer } from '../contracts/commands.ts';
import { streamOf } from '../contracts/events.ts';
import { executePersonRequest } from '../contracts/person-commands.ts';
import type { PersonMessage, PersonResult } from '../contracts/person-commands.ts';
import { ACCOUNT_ID_PATTERN, accountId, PERSON_ID_PATTERN, personId } from '../domain/ids.ts';
import type { Family } from './actors.ts';
import type { CommandLookup } from './command-lookup.ts';

/** The actors of one type as Dapr calls them. */
export interface ServedActors {
  isId(id: string): boolean;
  readonly methods: ReadonlyMap<string, (id: string, body: unknown) => Promise<object>>;
  deactivate(id: string): Promise<void>;
}

type Served<Message, Result> = Pick<Family<Message, Result>, 'execute' | 'deactivate'>;

export function servedAccounts(
  family: Served<CommandMessage, CommandResult>,
  lookup: CommandLookup,
): ServedActors {
  const execute = async (id: string, body: unknown): Promise<ExecuteAnswer> => {
    const request = executeRequest.parse(body);
    return { results: await family.execute(streamOf(accountId(id)), request.commands, request) };
  };
  const find = async (id: string, body: unknown): Promise<LookupAnswer> => {
    const { commandIds } = lookupRequest.parse(body);
    const found = await lookup(streamOf(accountId(id)), commandIds);
    return { found: found.map((events) => events ?? null) };
  };
  return {
    isId: (id) => ACCOUNT_ID_PATTERN.test(id),
    methods: new Map<string, (id: string, body: unknown) => Promise<object>>([
      ['execute', execute],
      ['lookup', find],
    ]),
    deactivate: (id) => family.deactivate(streamOf(accountId(id))),
  };
}

export function servedPersons(family: Served<PersonMessage, PersonResult>): ServedActors {
  const execute = async (id: string, body: unknown): Promise<object> => {
    const { commands } = executePersonRequest.parse(body);
    return { results: await family.execute(streamOfPerson(personId(id)), commands) };
  };
  return {
    isId: (id) => PERSON_ID_PATTERN.test(id),
    methods: new Map([['execute', execute]]),
    deactivate: (id) => family.deactivate(streamOfPerson(personId(id))),
  };
}
