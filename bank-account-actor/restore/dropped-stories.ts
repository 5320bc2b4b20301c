import { appendFileSync } from 'node:fs';
import { jointStreamsOf, type BankEvent } from '../../contracts/log/bank-events.ts';
import { DIGESTS_MAX } from '../../contracts/log/entries.ts';
import type { StreamId } from '../../domain/ids.ts';
import type { Journal, StoredStream } from '../journal/journal.ts';
import type { LogDigests } from '../outbox/relay.ts';
import { closeJournal, executedBy } from './restoration.ts';
import { digestAt } from './replay.ts';

/** A stream cannot continue as the log has it; the message says why. Nothing of it was changed. */
export class CannotRelease extends Error {}

/** What was dropped of one stream. */
export interface DroppedStory {
  readonly stream: StreamId;
  /** Events that the log does not have, in full. */
  readonly events: readonly string[];
}

/** What dropping needs. */
export interface DroppingPorts {
  readonly journal: Pick<Journal, 'load' | 'dropStory' | 'mark' | 'setMark'>;
  readonly log: LogDigests;
  /** Stores what is dropped; durable when it returns. */
  readonly keep: (events: readonly string[]) => void;
  readonly now: () => Date;
}

/**
 * Empties the rows of streams that are to continue as the log has them; a restore must follow. What
 * their actors decided and the log lacks is first stored elsewhere.
 * @throws CannotRelease, with nothing changed, when the log lacks events it once confirmed, when it
 *   still has one of the streams in quarantine, or when an event is joint with one of a stream that
 *   is not released.
 */
export async function dropStories(
  streams: readonly StreamId[],
  { journal, log, keep, now }: DroppingPorts,
): Promise<DroppedStory[]> {
  const { streams: loaded } = await journal.load(streams);
  const rows = loaded.filter(({ digest }) => digest !== '');
  const missing = streams.filter((stream) => !loaded.some((row) => row.stream === stream));
  if (missing.length > 0) throw new CannotRelease(`The journal has no ${missing.join(', ')}.`);
  const stories: DroppedStory[] = [];
  for (const row of rows) stories.push(await storyOf(row, log));
  // What an interrupted run emptied was looked at then.
  if (rows.length === loaded.length) refuseHalf(stories);
  await closeJournal(journal, now);
  for (const [at, row] of rows.entries()) {
    const events = row.unlogged.map((json) => JSON.parse(json) as BankEvent);
    if (stories[at]!.events.length > 0) keep(stories[at]!.events);
    if (!(await journal.dropStory(row.stream, row.digest, events.flatMap(executedBy)))) {
      throw new CannotRelease(`${row.stream} moved meanwhile: run this again.`);
    }
  }
  return stories;
}

async function storyOf(row: StoredStream, log: LogDigests): Promise<DroppedStory> {
  const { stream, logged, unlogged } = row;
  const first = Math.max(1, logged);
  const versions = Array.from({ length: row.version - first + 1 }, (_, at) => first + at);
  const told: (string | null)[] = [];
  for (let at = 0; at < versions.length; at += DIGESTS_MAX) {
    const asked = versions.slice(at, at + DIGESTS_MAX).map((version) => ({ stream, version }));
    const { digests, quarantined } = await log.digests(asked);
    const held = quarantined.find((one) => one.stream === stream);
    if (held !== undefined) {
      throw new CannotRelease(`The log has ${stream} in quarantine again: ${held.reason}.`);
    }
    told.push(...digests);
  }
  if (logged > 0 && told[0] !== digestAt(row, logged)) {
    throw new CannotRelease(
      `The log had confirmed version ${logged} of ${stream} and does not have it now: only the ` +
        'log that was confirmed can be resumed.',
    );
  }
  const isLacking = (_json: string, at: number): boolean => {
    const version = logged + 1 + at;
    return told[version - first] !== digestAt(row, version);
  };
  return { stream, events: unlogged.filter(isLacking) };
}

/** One leg of a transfer without the other would be money out of nothing. */
function refuseHalf(stories: readonly DroppedStory[]): void {
  const groups = new Map<string, { left: number; readonly id: string; others: string[] }>();
  for (const { events } of stories) {
    for (const json of events) {
      const event = JSON.parse(json) as BankEvent;
      const { id, joint } = event;
      if (joint === undefined) continue;
      const group = groups.get(joint.id) ?? { left: joint.events, id, others: [] };
      group.others.push(...jointStreamsOf(event));
      groups.set(joint.id, { ...group, left: group.left - 1 });
    }
  }
  for (const { left, id, others } of groups.values()) {
    if (left === 0) continue;
    const missing = others.filter((other) => !stories.some(({ stream }) => stream === other));
    throw new CannotRelease(
      `${left} events that are joint with ${id} are of streams that are not released` +
        `${missing.length === 0 ? '' : `, such as ${missing.join(', ')}`}: release all of them.`,
    );
  }
}

/** Stores events in a file that only its owner can read, one per line. */
export function keepIn(file: string, events: readonly string[]): void {
  const lines = events.map((json) => `${json}\n`).join('');
  appendFileSync(file, lines, { mode: 0o600, flush: true });
}
