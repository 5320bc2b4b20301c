import { belongsTo } from './append-plan.ts';
import { commandKey, eventKey, missing, type CommandKey, type LogEntry } from './event-log.ts';
import type { Entry } from './immudb-calls.ts';
import { decodeCommand, entryOf } from './immudb-values.ts';

type GetAll = (keys: Iterable<string>) => Promise<Map<string, Entry>>;

interface Open extends CommandKey {
  readonly entries: LogEntry[];
  next: number;
}

/**
 * The events of commands, read in a few steps for all of them together. A record says where a
 * command begins; it ends where the account's next event has another command or is not there.
 */
export async function readCommands(
  getAll: GetAll,
  commands: readonly CommandKey[],
): Promise<(LogEntry[] | null)[]> {
  const records = await getAll(commands.map(keyOf));
  const found = commands.map((command): Open | null => {
    const record = records.get(keyOf(command));
    return record === undefined ? null : { ...command, entries: [], next: decodeCommand(record) };
  });
  let open = found.filter((command) => command !== null);
  while (open.length > 0) {
    const events = await getAll(open.flatMap((command) => nextTwo(command)));
    open = open.filter((command) => goOn(command, events));
  }
  return found.map((command) => command && command.entries);
}

const keyOf = ({ stream, commandId }: CommandKey): string => commandKey(stream, commandId);

// Most commands have one event: the second key shows that there is no more.
const nextTwo = ({ stream, next }: Open): string[] =>
  [next, next + 1].map((version) => eventKey(stream, version));

function goOn(command: Open, events: ReadonlyMap<string, Entry>): boolean {
  for (const key of nextTwo(command)) {
    const entry = events.get(key);
    if (entry === undefined && command.entries.length === 0) throw missing(key);
    if (entry === undefined) return false;
    const read = entryOf(entry);
    if (!belongsTo(read.json.toString(), command.commandId)) return false;
    command.entries.push(read);
  }
  command.next += 2;
  return true;
}
