import type { StreamId } from '../domain/ids.ts';
import type { Alarms } from './alarms.ts';
import type { Candidate, Knowledge, StoredEvent } from './append-plan.ts';
import { commandKey, eventKey } from './event-log.ts';
import type { Entry } from './immudb-calls.ts';
import type { ImmudbClient } from './immudb-client.ts';
import type { Heads, Lookups } from './immudb-lookups.ts';
import { decodeCommand, entryOf } from './immudb-values.ts';

/** The hope that every event is new and fits; the preconditions of the write tell. */
export const HOPE: Knowledge = {
  event: () => undefined,
  has: () => true,
  firstOf: () => undefined,
  head: () => 0,
};

/** Whether hope is enough: nothing that is known speaks against the events' versions. */
export function seemsNew(candidates: readonly Candidate[], heads: Heads): boolean {
  const next = new Map<StreamId, number>();
  return candidates.every(({ stream, version }) => {
    const head = heads.get(stream);
    const expected = next.get(stream) ?? (head === undefined ? version : head + 1);
    next.set(stream, version + 1);
    return version === expected;
  });
}

/** Reads what the log holds for these events: themselves, what is before them, their commands. */
export async function readKnowledge(
  candidates: readonly Candidate[],
  lookups: Lookups,
  alarms: Alarms,
  erased: ReadonlySet<string>,
): Promise<Knowledge> {
  const found = await lookups.getAll(candidates.flatMap(keysAround));
  // Nothing can be written over what was erased, nor is it there any more.
  const event = (id: StreamId, version: number): StoredEvent | undefined => {
    const key = eventKey(id, version);
    const entry = found.get(key);
    if (entry !== undefined) return storedEvent(key, entry, alarms);
    return erased.has(key) ? { position: 0, json: 'erased' } : undefined;
  };
  const has = (id: StreamId, version: number) => found.has(eventKey(id, version));
  const gaps = candidates.filter(({ stream: id, version }) => {
    return version > 1 && event(id, version) === undefined && !has(id, version - 1);
  });
  const ids = [...new Set(gaps.map((gap) => gap.stream))];
  const versions = await lookups.heads(ids);
  const heads = new Map(ids.map((id, index) => [id, versions[index]!]));
  return {
    event,
    has,
    firstOf: (id, commandId) => {
      const key = commandKey(id, commandId);
      const entry = found.get(key);
      if (entry !== undefined) return firstOf(key, entry, alarms);
      return erased.has(key) ? 0 : undefined;
    },
    head: (id) => heads.get(id) ?? 0,
  };
}

const keysAround = ({ stream, version, commandId, settles }: Candidate): string[] => [
  eventKey(stream, version),
  ...(version > 1 ? [eventKey(stream, version - 1)] : []),
  commandKey(stream, commandId),
  ...(settles === undefined ? [] : [commandKey(stream, settles)]),
];

// What was tampered with contradicts whatever comes, so the event is refused as a fork and the
// rest of the batch gets on.
function storedEvent(key: string, entry: Entry, alarms: Alarms): StoredEvent {
  try {
    const { position, json } = entryOf(entry);
    return { position, json: json.toString() };
  } catch (error) {
    alarms.raise('tampered', key, String(error));
    return { position: 0, json: `tampered: ${entry.value.toString()}` };
  }
}

function firstOf(key: string, entry: Entry, alarms: Alarms): number {
  try {
    return decodeCommand(entry);
  } catch (error) {
    alarms.raise('tampered', key, String(error));
    return 0;
  }
}

/** The keys among these that were deleted or have expired: somebody erased them. */
export async function findErased(
  candidates: readonly Candidate[],
  client: ImmudbClient,
  lookups: Lookups,
  alarms: Alarms,
): Promise<Set<string>> {
  const keys = [...new Set(candidates.flatMap(keysAround))];
  const found = await lookups.getAll(keys);
  const erased = new Set<string>();
  for (const key of keys.filter((wanted) => !found.has(wanted))) {
    if (!(await wasEverWritten(client, key))) continue;
    // A write that came through since it was looked up, for example one whose answer was lost.
    if ((await lookups.getAll([key])).has(key)) continue;
    erased.add(key);
    alarms.raise('tampered', key, 'was written once and is gone');
  }
  return erased;
}

/** What immudb says of a key that nobody wrote, or that was deleted or has expired. */
export const isKeyMissing = (error: unknown): boolean => /key not found/.test(String(error));

/** Whether the key was ever written, even if it was deleted or has expired. */
export async function wasEverWritten(
  client: Pick<ImmudbClient, 'call'>,
  key: string,
): Promise<boolean> {
  try {
    const { entries } = await client.call('History', { key: Buffer.from(key), limit: 1 });
    return entries.length > 0;
  } catch (error) {
    if (isKeyMissing(error)) return false;
    throw error;
  }
}
