import { randomUUID } from 'node:crypto';
import { streamOfPerson } from '../../contracts/log/bank-events.ts';
import {
  executeRequest,
  lookupRequest,
  type CommandGroup,
  type CommandMessage,
  type CommandResult,
  type ExecuteAnswer,
  type LookupAnswer,
} from '../../contracts/account/commands.ts';
import { streamOf } from '../../contracts/account/events.ts';
import { executePersonRequest, type PersonResult } from '../../contracts/person/commands.ts';
import type { FourEyes } from '../../domain/four-eyes.ts';
import {
  ACCOUNT_ID_PATTERN,
  accountId,
  ownCommandId,
  PERSON_ID_PATTERN,
  personId,
  type AccountId,
  type StreamId,
} from '../../domain/ids.ts';
import { decideAccounts, type Joint } from '../account/account-decider.ts';
import type { AccountWork } from '../account/account-work.ts';
import type { CommandLookup } from '../account/command-lookup.ts';
import { decidePersonWork } from '../person/person-decider.ts';
import type { Turns } from '../turn/turns.ts';
import { unavailable } from '../turn/work.ts';

/** The actors of one type as Dapr calls them. */
export interface ActorType {
  isId(id: string): boolean;
  readonly methods: ReadonlyMap<string, (id: string, body: Body) => Promise<object>>;
  deactivate(id: string): void;
}

/** A request as it came, with the length of its text. */
export interface Body {
  readonly value: unknown;
  readonly size: number;
}

export interface BankActorsPorts {
  readonly turns: Turns;
  readonly lookup: CommandLookup;
  /** Names this host's teller: the actor type that it alone serves. */
  readonly host: string;
  /** What a second person has to approve. */
  readonly fourEyes: FourEyes;
}

/**
 * The accounts that Dapr has activated on this host, and its teller: one call for many of them. A
 * teller serves only what is active here; of the rest it says that it moved. That is an economy of
 * calls and no guarantee: fencing is the journal's.
 */
export function accountActors({ turns, lookup, host, fourEyes }: BankActorsPorts) {
  const active = new Set<AccountId>();

  const executeGroup = (
    group: CommandGroup,
    deadlineMs: number,
    size: number,
  ): Promise<readonly CommandResult[]> => {
    const joint = { atomic: group.atomic === true, dryRun: group.dryRun === true };
    const works = group.commands.map((message) => workOf(message, group, fourEyes));
    // Commands that do not belong together are decided each on its own, in order.
    const parts = joint.atomic || joint.dryRun ? [works] : works.map((work) => [work]);
    const each = size / works.length;
    // Nothing overtakes what has no known outcome, neither in one turn nor in the next.
    let lostAt = Infinity;
    const note = (at: number, results: readonly CommandResult[]): void => {
      if (results.some(isUnavailable)) lostAt = Math.min(lostAt, at);
      else if (lostAt === at) lostAt = Infinity;
    };
    const executed = parts.map(async (part, at) => {
      const results = await turns.execute<CommandResult>({
        streams: [...new Set(part.flatMap(streamsOf))],
        commands: part.length,
        size: each * part.length,
        deadlineMs,
        decide(draft, now) {
          if (lostAt < at) return part.map(() => unavailable(OVERTAKEN));
          const decided = decideAccounts(draft, part, joint satisfies Joint, now);
          if (decided !== undefined) note(at, decided);
          return decided;
        },
      });
      note(at, results);
      return results;
    });
    return Promise.all(executed).then((results) => results.flat());
  };

  const execute = async (
    { value, size }: Body,
    isServed: (group: CommandGroup) => boolean,
  ): Promise<ExecuteAnswer> => {
    const { groups, deadline } = executeRequest.parse(value);
    const answers = groups.map(async (group) => {
      if (!isServed(group)) return { moved: true as const };
      return { results: [...(await executeGroup(group, deadline, size / groups.length))] };
    });
    return { host, groups: await Promise.all(answers) };
  };

  const find = async (id: string, { value }: Body): Promise<LookupAnswer> => {
    const { names, owner } = lookupRequest.parse(value);
    const { isOwn, found } = await lookup(streamOf(accountId(id)), names, owner);
    return { isOwn, found: found.map((events) => events ?? null) };
  };
  const accounts: ActorType = {
    isId: (id) => ACCOUNT_ID_PATTERN.test(id),
    methods: new Map<string, (id: string, body: Body) => Promise<object>>([
      [
        'execute',
        (id, body) => {
          active.add(accountId(id));
          return execute(body, () => true);
        },
      ],
      ['lookup', find],
    ]),
    deactivate: (id) => void active.delete(accountId(id)),
  };
  const teller: ActorType = {
    isId: (id) => /^[0-9]{1,3}$/.test(id),
    methods: new Map([
      [
        'execute',
        (_id: string, body: Body): Promise<object> =>
          execute(body, ({ commands: [first] }) => active.has(first!.accountId)),
      ],
    ]),
    deactivate: () => undefined,
  };
  return { accounts, teller, active: (): number => active.size };
}

const OVERTAKEN = 'an earlier command of the group has no known outcome';
const isUnavailable = (result: CommandResult): boolean =>
  !result.ok && result.refusal.code === 'service-unavailable';

const workOf = (
  message: CommandMessage,
  { by, owner, batch, mayWait = false }: CommandGroup,
  fourEyes: FourEyes,
): AccountWork => ({
  message,
  by,
  owner,
  review: { fourEyes, mayWait },
  ...(batch === undefined ? {} : { batch }),
  recordId: ownCommandId(`refusal ${randomUUID()}`),
});

function streamsOf({ message: { accountId: id, command } }: AccountWork): StreamId[] {
  return 'toAccountId' in command ? [streamOf(id), streamOf(command.toAccountId)] : [streamOf(id)];
}

/** The persons: each command is a work of its own. */
export function personActors({
  turns,
  fourEyes,
}: Pick<BankActorsPorts, 'turns' | 'fourEyes'>): ActorType {
  const review = { fourEyes, mayWait: true };
  const execute = async (id: string, { value, size }: Body): Promise<object> => {
    const { commands, deadline } = executePersonRequest.parse(value);
    const person = personId(id);
    const executed = commands.map((message) =>
      turns.execute<PersonResult>({
        streams: [streamOfPerson(person)],
        commands: 1,
        size: size / commands.length,
        deadlineMs: deadline,
        decide(draft, now) {
          const result = decidePersonWork(draft, { personId: person, message, review }, now);
          return result && [result];
        },
      }),
    );
    return { results: (await Promise.all(executed)).flat() };
  };
  return {
    isId: (id) => PERSON_ID_PATTERN.test(id),
    methods: new Map([['execute', execute]]),
    deactivate: () => undefined,
  };
}
