import { randomUUID } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import { JournalFull } from './journal.ts';
import type { Commit, Journal, JournalRow, Loaded } from './journal.ts';
import { LogUnsound, type FoldedStream } from './log-fold.ts';

const CONFLICT = 'somebody else writes to the journal: an actor host runs';

/** The row of a stream as the log tells it. */
export const rowOf = (content: FoldedStream['content']): JournalRow => ({
  ...content,
  writer: `restore ${randomUUID()}`,
});

/**
 * Whether the journal has the stream as far as the log, or further: then its rows stay, because
 * what is not in the log yet is nowhere else. Throws when the two do not tell the same story.
 */
export function isThere({ stream, version, content }: FoldedStream, { rows }: Loaded): boolean {
  const events = rows.flatMap((row) => row.events);
  const last = events.at(-1)?.version ?? 0;
  if (last < version) return false;
  const same = events.find((event) => event.version === version);
  if (same === undefined) {
    if (events[0]!.version === version + 1) return true;
    throw new LogUnsound(
      `the journal begins ${stream} at version ${events[0]!.version}, the log ends it at ` +
        `${version}: the log is an old copy (docs/restore.md, "The log")`,
    );
  }
  if (canonicalJson(same) === canonicalJson(content.events.at(-1))) return true;
  throw new LogUnsound(`journal and log hold different events as ${same.id}`);
}

/**
 * Goes on after the rows that are there, if any. In one transaction an account with open work
 * is listed for the host that will have to end it.
 */
export async function commitAfter(
  journal: Journal,
  { stream, content }: FoldedStream,
  { head, rows }: Loaded,
  pack: () => Promise<void>,
): Promise<void> {
  const commit = head.from + rows.length;
  const newHead = rows.length === 0 ? undefined : { first: head.first, from: commit };
  // An older journal still has the key of whom the log has as erased.
  const isErased = 'person' in content && content.person.status === 'erased';
  const secret = isErased ? 'forget' : undefined;
  const wanted: Commit = { stream, commit, row: rowOf(content), head, newHead, secret };
  let outcome: 'committed' | 'conflict';
  try {
    outcome = await journal.commit(wanted);
  } catch (error) {
    if (!(error instanceof JournalFull)) throw error;
    await pack();
    outcome = await journal.commit(wanted);
  }
  if (outcome === 'conflict') throw new Error(`${CONFLICT} (${stream})`);
}
