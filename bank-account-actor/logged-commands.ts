import type { BankEvent } from '../contracts/bank-events.ts';
import type { CommandId, StreamId } from '../domain/ids.ts';
import type { Named } from './actor-kind.ts';
import type { CommandMemory } from './command-memory.ts';
import type { LogClient } from './log-client.ts';

/** What the log says of the commands that the memory of their actor does not know. */
export async function readLogged<Event extends BankEvent>(
  stream: StreamId,
  memory: CommandMemory<Event>,
  commands: readonly Named[],
  log: LogClient,
): Promise<Map<CommandId, Event[] | undefined>> {
  const answers = new Map<CommandId, Event[] | undefined>();
  const unknown = commands.filter(({ commandId, fresh }) => {
    return !fresh && memory.find(commandId) === undefined;
  });
  await Promise.all(
    unknown.map(async ({ commandId }) => {
      const events = await log.command(stream, commandId);
      answers.set(commandId, events as Event[] | undefined);
    }),
  );
  return answers;
}
