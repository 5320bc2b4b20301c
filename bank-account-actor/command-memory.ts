import type { BankEvent } from '../contracts/bank-events.ts';
import { namesOf, type LoggedEvent } from '../contracts/events.ts';

/** Commands that an activation remembers beside those that the log has not confirmed. */
const REMEMBERED_COMMANDS_MAX = 32;

/**
 * What an actor executed lately, by command id. Whatever is not here is either in the log or
 * was never executed, because commands are forgotten only after the log confirmed them.
 */
export function commandMemory<Event extends BankEvent = LoggedEvent>() {
  const executed = new Map<string, Event[]>();
  return {
    /** By command id, or by the name of what was settled. */
    find: (name: string): Event[] | undefined => executed.get(name),
    event(version: number): Event | undefined {
      for (const events of executed.values()) {
        const found = events.find((event) => event.version === version);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    remember(events: readonly Event[], firstUnconfirmed: number | undefined): void {
      for (const event of events) {
        for (const name of namesOf(event)) {
          const known = executed.get(name);
          if (known === undefined) executed.set(name, [event]);
          else known.push(event);
        }
      }
      for (const [name, known] of executed) {
        if (executed.size <= REMEMBERED_COMMANDS_MAX) return;
        const last = known.at(-1)?.version ?? 0;
        if (firstUnconfirmed !== undefined && last >= firstUnconfirmed) return;
        executed.delete(name);
      }
    },
  };
}
export type CommandMemory<Event extends BankEvent = LoggedEvent> = ReturnType<
  typeof commandMemory<Event>
>;
