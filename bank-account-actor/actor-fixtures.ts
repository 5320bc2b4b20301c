import { createLogger, type Logger } from '../platform/logger.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import type { BankEvent } from '../contracts/bank-events.ts';
import { namesOf, streamOf } from '../contracts/events.ts';
import type { AccountEventsMessage } from '../contracts/topics.ts';
import { accountId, commandId, type AccountId, type StreamId } from '../domain/ids.ts';
import { createAgenda } from './agenda.ts';
import { accountKind } from './account-kind.ts';
import { createActors } from './actors.ts';
import { commandLookup } from './command-lookup.ts';
import { stamp as clock } from './activation.ts';
import type { Commit, Journal } from './journal.ts';
import type { LogClient } from './log-client.ts';
import { openWork } from './open-work.ts';
import { createOutbox } from './outbox.ts';
import { journalOwners, type Owners } from './owners.ts';
import { personKind } from './person-kind.ts';
import { refusalKind } from './refusal-kind.ts';
import { recordingAccounts } from './refusals.ts';

export const ACCOUNT: AccountId = accountId('00000000-0000-8000-8000-000000000001');
export const STREAM: StreamId = streamOf(ACCOUNT);
export const silent: Logger = createLogger('test', 'error');
silent.silent = true;

export const message = (
  id: string,
  command: object,
  more: Partial<CommandMessage> = {},
): CommandMessage => ({
  commandId: commandId(id),
  fresh: false,
  ...more,
  command: command as CommandMessage['command'],
});
export const open = (id: string, more: object = {}): CommandMessage =>
  message(id, { type: 'open-account', ownerId: 'jana', currency: 'CZK', ...more });
export const deposit = (id: string, amount = '1.00', more: Partial<CommandMessage> = {}) =>
  message(id, { type: 'deposit', amount }, more);
export const withdraw = (id: string, amount = '1.00') => message(id, { type: 'withdraw', amount });

/** A log in memory that takes what outboxes publish, as event-source does. */
export function testLog() {
  const streams = new Map<string, BankEvent[]>();
  const commands = new Map<string, BankEvent[]>();
  const forks: BankEvent[] = [];
  const take = (event: BankEvent): void => {
    const stream = streams.get(event.stream) ?? [];
    streams.set(event.stream, stream);
    const known = stream[event.version - 1];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(event)) forks.push(event);
    if (event.version !== stream.length + 1) return;
    stream.push(event);
    for (const name of namesOf(event)) {
      const once = `${event.stream} ${name}`;
      commands.set(once, [...(commands.get(once) ?? []), event]);
    }
  };
  const ofStream = (stream: StreamId): BankEvent[] => streams.get(stream) ?? [];
  const eventsOf = (id: AccountId): BankEvent[] => ofStream(streamOf(id));
  const client: LogClient = {
    head: (stream) => Promise.resolve(ofStream(stream).length),
    once: (stream, name) => Promise.resolve(commands.get(`${stream} ${name}`)),
    event: (stream, version) => Promise.resolve(ofStream(stream)[version - 1]),
  };
  return { take, eventsOf, streams, forks, client };
}
export type TestLog = ReturnType<typeof testLog>;

/** Most tests are about accounts and do not care who owns them. */
const ANYBODY: Pick<Owners, 'isRegistered'> = { isRegistered: () => Promise.resolve(true) };

/** An actor host on that journal and log. `confirms: false` withholds what the log would say. */
export function testHost(
  journal: Journal,
  log: TestLog,
  { confirms = true, stamp = clock, now = () => new Date(), owners = ANYBODY } = {},
) {
  const ports = {
    publish: ({ events }: AccountEventsMessage): Promise<void> => {
      for (const event of events) log.take(event);
      if (confirms) for (const event of events) outbox.confirm(event.stream, event.version);
      return Promise.resolve();
    },
    head: log.client.head,
    now: () => performance.now(),
    logger: silent,
  };
  const outbox = createOutbox(ports, { everyMs: 0, confirmedWithinMs: 0 });
  const agenda = createAgenda();
  const hostPorts = { journal, outbox, logger: silent, now, stamp, openWork: agenda };
  const actors = createActors(hostPorts);
  const persons = actors.family(personKind(journal, log.client, journalOwners(journal)));
  const deciding = actors.family(accountKind(log.client, owners));
  const accounts = recordingAccounts(deciding, actors.family(refusalKind));
  const work = openWork({ agenda, own: accounts, any: accounts.execute, now, logger: silent });
  const execute = (...commands: CommandMessage[]): Promise<CommandResult[]> =>
    accounts.execute(STREAM, commands);
  const lookup = commandLookup(accounts, actors.inDoubt, log.client);
  return { actors, accounts, persons, lookup, outbox, execute, agenda, work };
}

/** What became of a command: its versions, or the code of its refusal. */
export const said = (result: CommandResult | undefined): string => {
  if (result === undefined) return 'nothing';
  if (!result.ok) return result.refusal.code;
  const versions = result.events.map(({ version }) => version).join('+');
  return result.replayed ? `${versions} again` : versions;
};

/** A journal whose answers to some commits are lost, whether they were applied or not. */
export const losing = (
  journal: Journal,
  applies: boolean,
  isLost: (commit: Commit) => boolean,
): Journal => ({
  ...journal,
  commit: async (commit) => {
    if (!isLost(commit)) return journal.commit(commit);
    if (applies) await journal.commit(commit);
    throw new Error('the answer was lost');
  },
});
