import type { BankEvent } from '../contracts/bank-events.ts';
import type { LoggedEvent } from '../contracts/events.ts';
import type { CommandId } from '../domain/ids.ts';

/** Commands that an activation remembers beside those that the log has not confirmed. */
const REMEMBERED_COMMANDS_MAX = 32;

/**
 * What an actor executed lately, by command id. Whatever is not here is either in the log or
 * was never executed, because commands are forgotten only after the log confirmed them.
 */
export function commandMemory<Event extends BankEvent = LoggedEvent>() {
  const executed = new Map<string, Event[]>();
  return {
    find: (commandId: CommandId): Event[] | undefined => executed.get(commandId),
    remember(events: readonly Event[], firstUnconfirmed: number | undefined): void {
      for (const event of events) {
        const known = executed.get(event.commandId);
        if (known === undefined) executed.set(event.commandId, [event]);
        else known.push(event);
      }
      for (const [commandId, known] of executed) {
        if (executed.size <= REMEMBERED_COMMANDS_MAX) return;
        const last = known.at(-1)?.version ?? 0;
        if (firstUnconfirmed !== undefined && last >= firstUnconfirmed) return;
        executed.delete(commandId);
      }
    },
  };
}
export type CommandMemory<Event extends BankEvent = LoggedEvent> = ReturnType<
  typeof commandMemory<Event>
>;
