import { createLogger, type Logger } from '../platform/logger.ts';
import type { CommandMessage, CommandResult } from '../contracts/commands.ts';
import { namesOf, type LoggedEvent } from '../contracts/events.ts';
import type { AccountEventsMessage } from '../contracts/topics.ts';
import { accountId, commandId, type AccountId } from '../domain/ids.ts';
import { createAccounts } from './accounts.ts';
import { stamp as clock } from './activation.ts';
import type { Journal } from './journal.ts';
import type { LogClient } from './log-client.ts';
import { createOutbox } from './outbox.ts';

export const ACCOUNT: AccountId = accountId('00000000-0000-8000-8000-000000000001');
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
  const streams = new Map<string, LoggedEvent[]>();
  const commands = new Map<string, LoggedEvent[]>();
  const forks: LoggedEvent[] = [];
  const take = (event: LoggedEvent): void => {
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
  const eventsOf = (id: AccountId): LoggedEvent[] => streams.get(`acct/${id}`) ?? [];
  const client: LogClient = {
    head: (id) => Promise.resolve(eventsOf(id).length),
    once: (id, name) => Promise.resolve(commands.get(`acct/${id} ${name}`)),
    event: (id, version) => Promise.resolve(eventsOf(id)[version - 1]),
  };
  return { take, eventsOf, forks, client };
}
export type TestLog = ReturnType<typeof testLog>;

/** An actor host on that journal and log. `confirms: false` withholds what the log would say. */
export function testHost(journal: Journal, log: TestLog, { confirms = true, stamp = clock } = {}) {
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
  const now = () => new Date();
  const accounts = createAccounts({ journal, outbox, log: log.client, logger: silent, now, stamp });
  const execute = (...commands: CommandMessage[]): Promise<CommandResult[]> =>
    accounts.execute(ACCOUNT, commands);
  return { accounts, outbox, execute };
}

/** What became of a command: its versions, or the code of its refusal. */
export const said = (result: CommandResult | undefined): string => {
  if (result === undefined) return 'nothing';
  if (!result.ok) return result.refusal.code;
  const versions = result.events.map(({ version }) => version).join('+');
  return result.replayed ? `${versions} again` : versions;
};
