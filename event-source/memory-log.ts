import type { StreamId, CommandId } from '../domain/ids.ts';
import { belongsTo, candidateOf, outcomesOf, planAppend, type Knowledge } from './append-plan.ts';
import {
  commandKey,
  cutPage,
  eventKey,
  missing,
  positionOf,
  type EventLog,
  type LogEntry,
} from './event-log.ts';

/** The log in memory, for tests: the same rules, nothing kept. */
export function memoryLog(): EventLog {
  const entries: LogEntry[] = [];
  const events = new Map<string, LogEntry>();
  const firsts = new Map<string, number>();
  const heads = new Map<StreamId, number>();
  // Transaction 1 is the genesis marker, as in immudb.
  let transaction = 1;

  const headOf = (id: StreamId): number => heads.get(id) ?? 0;
  const head = (): number => entries.at(-1)?.position ?? 0;
  const known: Knowledge = {
    event: (id, version) => {
      const entry = events.get(eventKey(id, version));
      return entry && { position: entry.position, json: entry.json.toString() };
    },
    has: (id, version) => events.has(eventKey(id, version)),
    firstOf: (id, commandId) => firsts.get(commandKey(id, commandId)),
    head: headOf,
  };
  const stream = (id: StreamId, from: number, limit: number): LogEntry[] => {
    const count = Math.min(limit, Math.max(0, headOf(id) - from + 1));
    const keys = Array.from({ length: count }, (_, index) => eventKey(id, from + index));
    return cutPage(
      keys.map((key) => events.get(key)!),
      limit,
    );
  };
  const entriesOf = (id: StreamId, commandId: CommandId): LogEntry[] | null => {
    const first = firsts.get(commandKey(id, commandId));
    if (first === undefined) return null;
    const later = stream(id, first, headOf(id));
    const end = later.findIndex((entry) => !belongsTo(entry.json.toString(), commandId));
    return end === -1 ? later : later.slice(0, end);
  };

  return {
    async append(batch) {
      const plan = planAppend(batch.map(candidateOf), known);
      const after = head();
      if (plan.writes.length > 0) transaction += 1;
      const added = plan.writes.map((write, index) => {
        const entry = { position: positionOf(transaction, index), json: Buffer.from(write.json) };
        const { stream, commandId, settles, version } = write;
        events.set(eventKey(stream, version), entry);
        heads.set(stream, version);
        if (settles !== undefined) firsts.set(commandKey(stream, settles), version);
        if (write.opensCommand) firsts.set(commandKey(stream, commandId), version);
        return entry;
      });
      entries.push(...added);
      return {
        outcomes: outcomesOf(
          plan,
          added.map((entry) => entry.position),
        ),
        after,
        added,
      };
    },
    head,
    async readAfter(position, limit, until = Infinity) {
      const start = entries.findIndex((entry) => entry.position > position);
      const page = start === -1 ? [] : cutPage(entries.slice(start, start + limit), limit);
      return page.filter((entry) => entry.position <= until);
    },
    readStream: async (id, from, limit) => stream(id, from, limit),
    readVersions: async (id, versions) =>
      versions.map((version) => {
        const entry = events.get(eventKey(id, version));
        if (entry === undefined) throw missing(eventKey(id, version));
        return entry;
      }),
    heads: async (ids) => ids.map(headOf),
    findCommands: async (keys) => keys.map((key) => entriesOf(key.stream, key.commandId)),
    check: async () => {},
    close: async () => {},
  };
}
